"""Folders: nothing leads out of a volume, and a walk through one takes little memory."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation_api.datasource import Location
from curation_storage import AccessDeniedError, NotFoundError
from curation_storage.folders import NAMES_AT_ONCE, Walk
from tests.support.servers.session import Servers
from tests.support.storage_places import StoragePlace, local_place

SECRET = b"of another tenant"


@pytest.fixture
def place(tmp_path: Path) -> StoragePlace:
    return local_place(Servers(), tmp_path)


@pytest.fixture
def farm(place: StoragePlace) -> Path:
    return place.volumes / "images/farm"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret.jpg").write_bytes(SECRET)
    return folder


@pytest.fixture(params=["to a file", "to a folder", "by two steps", "relative"])
def way_out(request: pytest.FixtureRequest, farm: Path, outside: Path) -> str:
    """The name of a file that lies elsewhere."""
    match request.param:
        case "to a file":
            (farm / "a.jpg").symlink_to(outside / "secret.jpg")
            return "a.jpg"
        case "to a folder":
            (farm / "sub").symlink_to(outside)
        case "by two steps":
            (farm / "sub").symlink_to(farm / "other")
            (farm / "other").symlink_to(outside)
        case "relative":
            (farm / "sub").symlink_to("../../../outside")
    return "sub/secret.jpg"


@pytest.mark.covers("R17")
def test_a_link_that_leads_out_is_not_followed(
    place: StoragePlace, way_out: str, caplog: pytest.LogCaptureFixture
) -> None:
    bucket = place.open_input()

    with caplog.at_level(logging.WARNING):
        assert list(bucket.list()) == []
    assert "it is a link that leads out" in caplog.text
    for action in (bucket.read, bucket.exists, lambda name: bucket.read_url(name, seconds=9)):
        with pytest.raises(AccessDeniedError, match="a link leads out of it"):
            action(way_out)


@pytest.mark.covers("R17")
def test_nothing_is_written_through_a_link_that_leads_out(
    place: StoragePlace, farm: Path, outside: Path
) -> None:
    (farm / ".lightly").symlink_to(outside)
    bucket = place.open_lightly()

    for action in (
        lambda: bucket.write(".lightly/secret.jpg", b"changed"),
        lambda: bucket.write_if_absent(".lightly/new.jpg", b"new"),
        lambda: bucket.delete(".lightly/secret.jpg"),
    ):
        with pytest.raises(AccessDeniedError):
            action()

    assert [path.read_bytes() for path in outside.iterdir()] == [SECRET]


def test_a_location_that_is_itself_a_way_out_is_refused(
    place: StoragePlace, farm: Path, outside: Path
) -> None:
    farm.rmdir()
    farm.symlink_to(outside)

    with pytest.raises(AccessDeniedError, match="a link leads out of it"):
        list(place.open_input().list())


def test_a_link_within_the_volume_is_followed(place: StoragePlace, farm: Path) -> None:
    place.put("real/a.jpg", b"a")
    (farm / "alias").symlink_to("real")

    bucket = place.open_input()

    assert [file.name for file in bucket.list()] == ["alias/a.jpg", "real/a.jpg"]
    assert bucket.read("alias/a.jpg") == b"a"


def test_links_in_a_circle_end(place: StoragePlace, farm: Path) -> None:
    place.put("sub/a.jpg")
    (farm / "sub/again").symlink_to("..")
    (farm / "self").symlink_to("self")

    assert [file.name for file in place.open_input().list()] == ["sub/a.jpg"]


def test_a_volume_may_be_a_link(place: StoragePlace) -> None:
    place.put("a.jpg", b"a")
    (place.volumes / "alias").symlink_to(place.volumes / "images")

    assert place.elsewhere(claimName="alias").open_input().read("a.jpg") == b"a"


@pytest.mark.covers("R17")
@pytest.mark.parametrize("path", ["/etc", "../etc", "a/../../etc", "./a", "file:///etc", "a/./b"])
def test_a_path_that_leads_around_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        Location.model_validate({"local": {"claimName": "images", "path": path}})


@pytest.mark.parametrize("name", ["../outside.jpg", "a/../../b", "/etc/passwd", "a\0b"])
def test_a_name_that_leads_around_is_not_there(place: StoragePlace, name: str) -> None:
    (place.volumes / "images/outside.jpg").write_bytes(SECRET)

    with pytest.raises(NotFoundError):
        place.open_input().read(name)


def test_a_file_that_is_being_written_is_not_listed(place: StoragePlace, farm: Path) -> None:
    (farm / ".0123.curation-part").write_bytes(b"hal")

    assert list(place.open_input().list()) == []


def test_a_name_that_is_no_text_is_passed_over(
    place: StoragePlace, farm: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Path(os.fsdecode(os.fsencode(farm) + b"/\xff.jpg")).write_bytes(b"")
    place.put("a.jpg")

    assert [file.name for file in place.open_input().list()] == ["a.jpg"]
    assert "not UTF-8" in caplog.text


_parts = st.text("ab.-/", min_size=1, max_size=6).filter(
    lambda name: not set(name.split("/")) & {"", ".", ".."}
)


@given(st.sets(_parts, max_size=15), st.text("ab.-", max_size=2), _parts | st.just(""))
def test_a_walk_goes_by_the_bytes_of_whole_names_wherever_it_begins(
    tmp_path_factory: pytest.TempPathFactory, names: set[str], start: str, after: str
) -> None:
    root = tmp_path_factory.mktemp("walk")
    there = {name for name in names if not any(n.startswith(f"{name}/") for n in names)}
    for name in there:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()

    walk = Walk(bytes(root)).files(bytes(root), start.encode(), after.encode())

    assert [name.decode() for name, _ in walk] == sorted(
        (name for name in there if name.startswith(start) and name > after), key=str.encode
    )


# Several times as many names as are kept at once: more of them take more time, and no more memory.
# They exist nowhere, so that the test takes seconds.
MANY = """
import os, sys
from pathlib import Path
import curation_storage.folders as folders
from curation_api.datasource import Location
from curation_storage import open_input

class Entry:
    __slots__ = ("name",)
    def __init__(self, name):
        self.name = name
    def is_dir(self):
        return False

class Entries:
    def __enter__(self):
        numbers = (number * 7919 % 400_000 for number in range(400_000))
        return (Entry(b"%07d.jpg" % number) for number in numbers)
    def __exit__(self, *_):
        pass
    def close(self):
        pass

known = os.stat(sys.executable)
folders.os.scandir = lambda _: Entries()
folders._known = lambda _: known
farm = Location.model_validate({"local": {"claimName": "images"}})
last, count = "", 0
for file in open_input(farm, {}, volumes=Path(sys.argv[1])).list():
    assert last < file.name
    last, count = file.name, count + 1
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(count, int(peak.split()[1]) // 1024)
"""


@pytest.mark.covers("R28")
def test_hundreds_of_thousands_of_names_in_one_folder_take_little_memory(
    place: StoragePlace,
) -> None:
    finished = subprocess.run(
        [sys.executable, "-c", MANY, place.volumes],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert finished.returncode == 0, finished.stderr
    count, megabytes = map(int, finished.stdout.split())
    assert count == 400_000 == 4 * NAMES_AT_ONCE
    assert megabytes < 120
