"""The probe from its command line, on folders: what it says, and how it ends."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation_api import ExitCode, Reason
from curation_api.probe_report import Finding, InputFindings, LightlyFindings, ProbeReport
from curation_api.run_report import LAST_WORDS_LIMIT_BYTES
from tests.support.probing import look_at, run_probe, seen_in
from tests.support.storage_owners import FolderOwner
from tests.support.storage_places import CREDENTIALS, StoragePlace


@pytest.fixture
def volumes(tmp_path: Path) -> Path:
    folder = tmp_path / "volumes"
    for name in ("raw/farm", "derived/farm"):
        (folder / name).mkdir(parents=True)
    return folder


def claim(name: str, volumes: Path, path: str = "farm") -> StoragePlace:
    location = {"local": {"claimName": name, "path": path}}
    return StoragePlace("local", location, {}, path, FolderOwner(volumes / name), volumes)


def test_all_is_well(volumes: Path, tmp_path: Path) -> None:
    (volumes / "raw/farm/1.jpg").write_bytes(b"1")

    finished = run_probe(claim("raw", volumes), claim("derived", volumes), folder=tmp_path)

    assert seen_in(finished).rights == "++ ++++"
    assert finished.returncode == ExitCode.OK
    assert (tmp_path / "last-words").read_text() == finished.stdout.rstrip("\n")


@pytest.mark.covers("R3")
def test_it_leaves_both_places_as_they_were(volumes: Path, tmp_path: Path) -> None:
    (volumes / "raw/farm/1.jpg").write_bytes(b"1")

    look_at(claim("raw", volumes), claim("derived", volumes), folder=tmp_path)

    assert [path.name for path in volumes.rglob("*") if path.is_file()] == ["1.jpg"]


def test_without_any_file_yet_nobody_knows_whether_files_can_be_read(
    volumes: Path, tmp_path: Path
) -> None:
    seen = look_at(claim("raw", volumes), claim("derived", volumes), folder=tmp_path)

    assert seen.rights == "+? ++++"
    assert seen.report.input.can_read.reason is Reason.EMPTY_PREFIX
    assert seen.exit_code is ExitCode.OK


@pytest.mark.covers("R10", "C20")
def test_a_place_for_results_that_does_not_exist_is_refused_and_not_created(
    volumes: Path, tmp_path: Path
) -> None:
    derived = claim("derived", volumes, path="fram")

    seen = look_at(claim("raw", volumes), derived, folder=tmp_path)

    assert seen.rights == "+? ----"
    assert seen.reasons == {Reason.PATH_NOT_FOUND}
    assert f"There is no folder {volumes}/derived/fram/" in seen.report.lightly.can_list.message
    assert seen.exit_code is ExitCode.INVALID_CONFIG
    assert not (volumes / "derived/fram").exists()


def test_a_volume_that_is_not_there_is_named(volumes: Path, tmp_path: Path) -> None:
    seen = look_at(claim("nope", volumes), claim("derived", volumes), folder=tmp_path)

    assert seen.rights == "-- ++++"
    assert seen.reasons == {Reason.BUCKET_NOT_FOUND}
    assert "nope" in seen.report.input.can_list.message


def test_a_marker_that_an_earlier_probe_left_is_no_obstacle(volumes: Path, tmp_path: Path) -> None:
    marker = volumes / "derived/farm/.lightly/curation-probe"
    marker.parent.mkdir()
    marker.write_bytes(b"left behind")

    seen = look_at(claim("raw", volumes), claim("derived", volumes), folder=tmp_path)

    assert seen.rights == "+? ++++"
    assert not marker.exists()


def test_a_configuration_that_is_none_ends_it_with_what_is_wrong(
    volumes: Path, tmp_path: Path
) -> None:
    raw = claim("raw", volumes)
    broken = StoragePlace("local", {"local": {"claimNmae": "x"}}, {}, "", raw.owner, volumes)

    finished = run_probe(raw, broken, folder=tmp_path)

    assert finished.returncode == ExitCode.INVALID_CONFIG
    assert "lightly.local.claimNmae" in finished.stderr
    assert "Traceback" not in finished.stderr


@pytest.fixture
def black_hole() -> Iterator[str]:
    """An address that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def at(endpoint: str, secret: dict[str, str] | None = None) -> StoragePlace:
    location = {"s3": {"resourcePath": "s3://farm/raw/", "endpointUrl": endpoint}, **CREDENTIALS}
    keys = {"accessKeyId": "AKIAPLANTED", "secretAccessKey": "planted-secret-value"}
    return StoragePlace("s3", location, keys if secret is None else secret, "", FolderOwner(Path()))


def test_what_takes_too_long_is_not_waited_for(black_hole: str, tmp_path: Path) -> None:
    seen = look_at(at(black_hole), folder=tmp_path, seconds=0.2)

    assert seen.rights == "?? ????"
    assert {finding.reason for finding in seen.findings} == {Reason.PROBE_TIMEOUT}
    assert seen.exit_code is ExitCode.TEMPORARY


def test_an_address_where_nobody_answers_is_named(tmp_path: Path) -> None:
    seen = look_at(at("http://127.0.0.1:1"), folder=tmp_path)

    assert seen.rights == "-- ----"
    assert seen.reasons == {Reason.ENDPOINT_UNREACHABLE}
    assert "http://127.0.0.1:1" in seen.report.input.can_list.message
    assert seen.exit_code is ExitCode.TEMPORARY


def test_a_secret_without_its_key_is_said_so(tmp_path: Path) -> None:
    seen = look_at(at("http://127.0.0.1:1", {"accessKeyId": "AK"}), folder=tmp_path)

    assert seen.reasons == {Reason.SECRET_KEY_MISSING}
    assert "secretAccessKey" in seen.report.input.can_list.message
    assert seen.exit_code is ExitCode.ACCESS_DENIED


@pytest.mark.covers("R19", "C17")
def test_planted_secrets_appear_nowhere(tmp_path: Path) -> None:
    finished = run_probe(at("http://127.0.0.1:1"), folder=tmp_path)

    for text in (finished.stdout, finished.stderr, (tmp_path / "last-words").read_text()):
        assert "planted-secret-value" not in text


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys, curation_job.__main__ as m\n"
        "sys.argv = ['x', 'probe', '--help']\n"
        "try: m.main()\n"
        "except SystemExit: pass\n"
        "sys.exit(bool({'torch', 'boto3', 'pydantic'} & sys.modules.keys()))"
    )

    subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        capture_output=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )


SENTENCE = st.text(min_size=1, max_size=5).map(lambda text: text * 500)


@given(st.lists(SENTENCE, min_size=6, max_size=6))
def test_an_answer_is_always_readable_and_fits_into_a_termination_message(
    sentences: list[str],
) -> None:
    no = [Finding.no(Reason.ACCESS_DENIED, sentence) for sentence in sentences]
    report = ProbeReport(
        input=InputFindings(can_list=no[0], can_read=no[1]),
        lightly=LightlyFindings(
            can_list=no[2], can_read=no[3], can_write=no[4], can_overwrite=no[5]
        ),
    )

    words = report.last_words()

    assert len(words.encode()) <= LAST_WORDS_LIMIT_BYTES
    assert ProbeReport.from_last_words(words) == report
    json.loads(words)
