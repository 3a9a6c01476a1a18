"""Servers for tests: where one is missing, it says how to get it, and nothing else fails."""

import stat
from pathlib import Path

import pytest

from tools import test_servers
from tools.test_servers import AZURITE_VERSION, MissingServerError, need_azurite, need_ceph


def a_program(path: Path, script: str = "exit 0") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_without_ceph_it_says_what_is_missing_and_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_program(tmp_path / "ceph")
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MissingServerError, match=r"ceph-authtool.*To fix it.*apt-get install"):
        need_ceph()


def test_without_azurite_it_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(MissingServerError, match=r"To fix it.*python -m tools\.test_servers"):
        need_azurite({"CURATION_CACHE": str(tmp_path)})


def test_azurite_is_installed_as_a_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    there = {"CURATION_CACHE": str(tmp_path / "cache")}

    # npm puts something there, and fails.
    folder = 'mkdir -p "$3/node_modules/.bin" && touch "$3/node_modules/.bin/azurite-blob"'
    a_program(tmp_path / "bin/npm", f"{folder}; exit 1")
    a_program(tmp_path / "bin/node")
    test_servers.install_azurite(there)
    with pytest.raises(MissingServerError):
        need_azurite(there)

    a_program(tmp_path / "bin/npm", folder)
    test_servers.install_azurite(there)
    assert need_azurite(there).parent.parent.parent.name == f"azurite-{AZURITE_VERSION}"


@pytest.mark.parametrize(("option", "code"), [([], 1), (["--available"], 0)])
def test_what_cannot_be_installed_is_named_and_fails_only_where_that_is_wanted(
    option: list[str],
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CURATION_CACHE", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["test_servers", *option])

    assert test_servers.main() == code
    said = capsys.readouterr().err
    assert "Ceph is not here" in said
    assert "Azurite is not here" in said
