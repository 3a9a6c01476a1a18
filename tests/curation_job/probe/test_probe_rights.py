"""Every way to be short of rights, on servers that enforce them: the report is right each time.

`++ ++++` stands for: list and read raw files; list, read, write and overwrite what is derived.
"""

from pathlib import Path

import pytest

from curation_api import ExitCode, Reason
from tests.curation_job.probe.limited import AS_ANYBODY, Limits, limited_place
from tests.support.probing import Seen, look_at, run_probe, seen_in
from tests.support.servers.session import Servers
from tests.support.storage_places import PROVIDERS, StoragePlace

EVERYTHING: Limits = frozenset({"list", "read", "write", "overwrite", "delete"})
LIST, READ, NOTHING = frozenset({"list"}), frozenset({"read"}), frozenset[str]()

# Whether files can be read is not known where none may be listed: stores that hide what is not
# there say "denied" to those who may read as well. Azure and folders do not hide it.
MATRIX: dict[tuple[Limits, str], str] = {
    (EVERYTHING, "s3 s3-delegated gcs azure local"): "++ ++++",
    (LIST, "s3 s3-delegated gcs azure local"): "+- +---",
    (READ, "s3 s3-delegated gcs"): "-? -?--",
    (READ, "azure local"): "-+ -+--",
    (LIST | READ, "s3 s3-delegated gcs azure local"): "++ ++--",
    (EVERYTHING - LIST - READ, "s3-delegated gcs azure"): "-? --++",
    # Ceph lets everybody read what they wrote themselves, and so do folders.
    (EVERYTHING - LIST - READ, "s3"): "-? -+++",
    (EVERYTHING - LIST - READ, "local"): "-+ -+++",
    # Nobody can be kept from replacing a file of a folder in which they may write.
    (EVERYTHING - {"overwrite", "delete"}, "s3 s3-delegated gcs azure"): "++ +++-",
    (EVERYTHING - {"delete"}, "s3 s3-delegated azure"): "++ ++++",
    (NOTHING, "s3 s3-delegated gcs azure local"): "-? -?--",
}
CELLS = [
    pytest.param(may, provider, expected, id=f"{provider}-{'-'.join(sorted(may)) or 'nothing'}")
    for (may, providers), expected in MATRIX.items()
    for provider in providers.split()
]


def seen_at(place: StoragePlace, folder: Path) -> Seen:
    if place.provider == "local":
        return seen_in(run_probe(place, folder=folder, prefix=AS_ANYBODY))
    return look_at(place, folder=folder)


@pytest.mark.covers("R2", "R4", "R5", "C18")
@pytest.mark.parametrize(("may", "provider", "expected"), CELLS)
def test_each_right_is_reported_by_itself(
    may: Limits, provider: str, expected: str, servers: Servers, tmp_path: Path
) -> None:
    place = limited_place(provider, may, servers, tmp_path)

    seen = seen_at(place, tmp_path)

    assert seen.rights == expected
    assert seen.exit_code is (ExitCode.ACCESS_DENIED if "-" in expected else ExitCode.OK)
    for finding in seen.findings:
        if finding.granted is False:
            assert finding.reason is Reason.ACCESS_DENIED
            assert "farm/" in finding.message
            assert "To fix it: Allow " in finding.message


@pytest.mark.covers("R3")
@pytest.mark.parametrize("provider", PROVIDERS)
def test_nothing_is_left_behind(provider: str, servers: Servers, tmp_path: Path) -> None:
    place = limited_place(provider, EVERYTHING, servers, tmp_path)

    look_at(place, folder=tmp_path)

    assert place.names() == ["a.jpg"]


@pytest.mark.parametrize("provider", ["s3", "s3-delegated", "azure"])
def test_a_marker_that_may_not_be_removed_is_named(
    provider: str, servers: Servers, tmp_path: Path
) -> None:
    place = limited_place(provider, EVERYTHING - {"delete"}, servers, tmp_path)

    seen = look_at(place, folder=tmp_path)

    assert place.names() == [".lightly/curation-probe", "a.jpg"]
    assert ".lightly/curation-probe was left there" in seen.report.lightly.can_write.message


@pytest.mark.parametrize("provider", ["s3", "s3-delegated", "gcs"])
@pytest.mark.parametrize(("below", "expected"), [("farm/", "++ ++++"), ("other/", "-? -?--")])
def test_rights_to_a_folder_are_enough_if_it_is_this_one(
    below: str, expected: str, provider: str, servers: Servers, tmp_path: Path
) -> None:
    place = limited_place(provider, EVERYTHING, servers, tmp_path, below=below)

    assert look_at(place, folder=tmp_path).rights == expected


@pytest.mark.covers("R7", "R9", "C18")
def test_two_places_may_differ_in_provider_and_in_rights(servers: Servers, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "derived").mkdir()
    raw = limited_place("gcs", LIST | READ, servers, tmp_path / "raw")
    derived = limited_place("s3", EVERYTHING, servers, tmp_path / "derived")

    assert look_at(raw, derived, folder=tmp_path).rights == "++ ++++"
    assert raw.names() == ["a.jpg"]
