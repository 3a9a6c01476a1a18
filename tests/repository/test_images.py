"""What must hold for our images, read from the files that they are built from."""

import re
import subprocess
import sys
from datetime import UTC, datetime
from fnmatch import fnmatch
from importlib.metadata import distributions
from pathlib import Path
from typing import NamedTuple

import pytest

from tools.images import BUILDERS, build_command, wanted, works
from tools.sbom import sbom

ROOT = Path(__file__).parents[2]
FILES = sorted(path for path in ROOT.glob("*/Containerfile"))
BUILD_TOOLS = re.compile(r"\b(gcc|g\+\+|make|build-essential|git|curl|wget)\b")


class Line(NamedTuple):
    word: str
    rest: str


def stages(path: Path) -> list[list[Line]]:
    """The instructions of each stage, what comes before the first of them in front."""
    text = re.sub(r"^#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found: list[list[Line]] = [[]]
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip():
            word, _, rest = line.partition(" ")
            if word == "FROM":
                found.append([])
            found[-1].append(Line(word, rest))
    return found


def rests(stage: list[Line], word: str) -> list[str]:
    return [line.rest for line in stage if line.word == word]


def test_there_is_one_for_the_operator_and_one_for_workers() -> None:
    assert [path.parent.name for path in FILES] == ["job_image", "operator"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_the_base_is_an_argument_and_pinned(path: Path) -> None:
    before, *built = stages(path)

    [base] = [rest for rest in rests(before, "ARG") if rest.startswith("BASE=")]
    assert re.fullmatch(r"BASE=python:3\.\d+-slim-\w+", base)
    assert [rests(stage, "FROM")[0] for stage in built] == ["${BASE} AS build", "${BASE}"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_nothing_but_what_runs_is_in_the_image(path: Path) -> None:
    final = stages(path)[-1]

    assert rests(final, "COPY") == ["--from=build /opt/curation /opt/curation"]
    assert rests(final, "ADD") == []
    [cleaning] = rests(final, "RUN")
    assert "pip" in cleaning
    assert not BUILD_TOOLS.search(cleaning.replace("make_", ""))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_it_runs_as_nobody_and_says_what_it_is(path: Path) -> None:
    final = stages(path)[-1]

    assert rests(final, "USER") == ["65532:65532"]
    labels = " ".join(rests(final, "LABEL"))
    for label in ("title", "description", "version", "revision"):
        assert f"org.opencontainers.image.{label}=" in labels
    variables = " ".join(rests(final, "ENV"))
    assert "PYTHONDONTWRITEBYTECODE=1" in variables
    assert " USER=" in variables  # Nobody with this number has a name there.


NAME_THE_FILES = """
import sys, curation_operator.program, curation_operator.leader
print(*(getattr(module, "__file__", None) for module in list(sys.modules.values())), sep="\\n")
"""


def test_the_operator_needs_nothing_that_its_image_leaves_out() -> None:
    left_out = re.findall(r"-path '(\S+)'", (ROOT / "operator/Containerfile").read_text())
    loaded = subprocess.run(
        [sys.executable, "-c", NAME_THE_FILES], capture_output=True, check=True, text=True
    )

    files = [file for file in loaded.stdout.splitlines() if "/kubernetes/" in file]
    assert any(file.endswith("kubernetes/aio/client/rest.py") for file in files)
    assert len(left_out) == 2
    assert [file for file in files if any(fnmatch(file, path) for path in left_out)] == []


def test_no_secret_and_no_index_is_part_of_a_file() -> None:
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        assert "http" not in text
        assert not re.search(r"(?i)password|token=|secret", text)


def test_everything_that_is_copied_reaches_the_builder() -> None:
    kept = {
        line[1:]
        for line in (ROOT / ".containerignore").read_text().splitlines()
        if line.startswith("!")
    }
    optional = {"wheels", "weights"}

    assert {name for name in kept - optional if not (ROOT / name).exists()} == set()
    packages = re.findall(
        r'^    "(\w+)/curation_\w+",$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE
    )
    assert set(packages) <= kept


def test_each_flavour_of_the_job_comes_from_the_same_file() -> None:
    images = wanted("0.1.0")

    command = build_command("buildah", images["job-cpu"], ["--build-arg", "BASE=mine"], "abc")

    assert command == [
        "buildah", "bud", "--file", "job_image/Containerfile", "--tag", "curation-job:0.1.0-cpu",
        "--build-arg", "FLAVOUR=cpu", "--build-arg", "REVISION=abc",
        "--build-arg", "BASE=mine", ".",
    ]  # fmt: skip
    assert images["job"].file == images["job-cpu"].file


def test_the_list_of_packages_names_each_with_its_version() -> None:
    document = sbom("image", distributions(), datetime(2026, 1, 1, tzinfo=UTC))

    entries = {entry["name"]: entry for entry in document["packages"]}
    assert re.match(r"pkg:pypi/kopf@\d", entries["kopf"]["externalRefs"][0]["referenceLocator"])
    assert len({entry["SPDXID"] for entry in document["packages"]}) == len(document["packages"])
    assert len(document["relationships"]) == len(document["packages"])


def test_a_builder_whose_engine_does_not_answer_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, code in (("podman", 0), ("docker", 1)):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\nexit {code}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert [name for name in BUILDERS if works(name)] == ["podman"]
