"""What reading promises, on every provider."""

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from curation_storage import NotFoundError, ReadLimits, StorageError
from curation_storage.bucket import InputBucket
from tests.support.storage_places import StoragePlace

LARGE = bytes(range(256)) * 4 * 3000  # about three pieces


def test_a_file_is_read_whole(place: StoragePlace) -> None:
    place.put("a.jpg", b"whole content")

    assert place.open_input().read("a.jpg") == b"whole content"


def test_an_empty_file_has_no_bytes(place: StoragePlace) -> None:
    place.put("a.jpg", b"")

    assert place.open_input().read("a.jpg") == b""


def test_a_file_of_several_pieces_is_read_whole(place: StoragePlace) -> None:
    place.put("a.bin", LARGE)

    assert place.open_input().read("a.bin") == LARGE


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [
        (2, 3, b"234"),
        (0, 1, b"0"),
        (7, None, b"789"),
        (8, 100, b"89"),
        (10, 5, b""),
        (99, None, b""),
        (3, 0, b""),
    ],
)
def test_a_part_is_what_there_is_of_it(
    place: StoragePlace, start: int, length: int | None, expected: bytes
) -> None:
    place.put("a.txt", b"0123456789")

    assert place.open_input().read("a.txt", start=start, length=length) == expected


def test_a_part_of_an_empty_file_is_empty(place: StoragePlace) -> None:
    place.put("a.txt", b"")

    assert place.open_input().read("a.txt", start=0, length=1) == b""


def test_a_file_that_is_not_there_is_named_with_what_to_do(place: StoragePlace) -> None:
    with pytest.raises(NotFoundError) as error:
        place.open_input().read("missing/a.jpg")

    assert "farm/missing/a.jpg" in str(error.value)
    assert "To fix it" in str(error.value)


def test_a_file_is_looked_up_as_it_is_listed(place: StoragePlace) -> None:
    place.put("a.jpg", b"123")
    bucket = place.open_input()

    (listed,) = bucket.list()
    found = bucket.look_up("a.jpg")

    assert found is not None
    assert (found.name, found.size, found.version) == ("a.jpg", 3, listed.version)


def test_a_file_that_is_not_there_is_looked_up_in_vain(place: StoragePlace) -> None:
    assert place.open_input().look_up("a.jpg") is None


def test_a_file_exists_or_not(place: StoragePlace) -> None:
    place.put("a.jpg")
    bucket = place.open_input()

    assert bucket.exists("a.jpg")
    assert not bucket.exists("a.jp")
    assert not bucket.exists("b/a.jpg")


def test_a_folder_is_no_file(place: StoragePlace) -> None:
    place.put("a/b.jpg")

    assert not place.open_input().exists("a")


def test_a_file_is_downloaded(place: StoragePlace, tmp_path: Path) -> None:
    place.put("a.mp4", LARGE)

    place.open_input().download("a.mp4", tmp_path / "video")

    assert (tmp_path / "video").read_bytes() == LARGE


def test_a_download_of_nothing_leaves_no_file(place: StoragePlace, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        place.open_input().download("a.mp4", tmp_path / "video")

    assert not (tmp_path / "video").exists()


def test_many_files_are_read(place: StoragePlace) -> None:
    wanted = {f"{number}.jpg": str(number).encode() for number in range(20)}
    for name, content in wanted.items():
        place.put(name, content)

    assert dict(place.open_input().read_many(wanted)) == wanted


def test_one_missing_file_does_not_end_the_reading_of_many(place: StoragePlace) -> None:
    place.put("a.jpg", b"a")
    place.put("b.jpg", b"b")

    read = dict(place.open_input().read_many(["a.jpg", "missing.jpg", "b.jpg"]))

    assert (read["a.jpg"], read["b.jpg"]) == (b"a", b"b")
    assert isinstance(read["missing.jpg"], NotFoundError)


def test_reading_no_files_is_done_at_once(place: StoragePlace) -> None:
    assert list(place.open_input().read_many([])) == []


def test_files_are_read_while_more_names_are_waited_for(place: StoragePlace) -> None:
    place.put("a.jpg", b"a")
    place.put("b.jpg", b"b")
    first_arrived = threading.Event()

    def names() -> Iterator[str]:
        yield "a.jpg"
        assert first_arrived.wait(20)
        yield "b.jpg"

    reading = place.open_input().read_many(names())

    assert next(reading) == ("a.jpg", b"a")
    first_arrived.set()
    assert next(reading) == ("b.jpg", b"b")


def test_a_file_larger_than_all_room_is_read_alone(place: StoragePlace) -> None:
    place.put("large.bin", LARGE)
    place.put("small.bin", b"s")
    bucket = place.open_input()

    read = dict(bucket.read_many(["large.bin", "small.bin"], ReadLimits(bytes_ahead=1000)))

    assert read == {"large.bin": LARGE, "small.bin": b"s"}


def test_what_concerns_all_files_is_raised(place: StoragePlace) -> None:
    if place.provider == "local":
        pytest.skip("a folder has no bucket around it")
    field = "containerName" if place.provider == "azure" else "resourcePath"
    scheme = {"azure": "", "gcs": "gs://"}.get(place.provider, "s3://")
    bucket = place.elsewhere(**{field: f"{scheme}nowhere-to-be-found/farm/"}).open_input()

    with pytest.raises(StorageError, match="nowhere-to-be-found"):
        list(bucket.read_many(["a.jpg"]))


def test_an_address_can_be_read_by_anybody(place: StoragePlace) -> None:
    place.put("sub/a b.jpg", b"for all")

    url = place.open_input().read_url("sub/a b.jpg", seconds=60)

    with urllib.request.urlopen(url) as answer:  # noqa: S310
        assert answer.read() == b"for all"


def test_an_address_of_another_file_does_not_open_this_one(place: StoragePlace) -> None:
    if place.provider == "local":
        pytest.skip("addresses of folders are not signed")
    place.put("a.jpg", b"a")
    place.put("b.jpg", b"secret")

    url = place.open_input().read_url("a.jpg", seconds=60).replace("a.jpg", "b.jpg")

    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(url)  # noqa: S310


def test_an_address_expires(place: StoragePlace) -> None:
    if place.provider == "local":
        pytest.skip("addresses of folders are not signed")
    place.put("a.jpg", b"a")

    url = place.open_input().read_url("a.jpg", seconds=-5)

    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(url)  # noqa: S310


@pytest.mark.covers("R3")
def test_raw_files_cannot_be_written() -> None:
    offered = {name for name in dir(InputBucket) if not name.startswith("_")}

    assert offered == {
        "download", "exists", "exists_as_folder", "expires_at", "list", "look_up", "read",
        "read_many", "read_url",
    }  # fmt: skip


def test_a_bucket_says_where_it_is_and_nothing_more(place: StoragePlace) -> None:
    shown = repr(place.open_input())

    assert "farm/" in shown
    assert not any(secret in shown for secret in place.secret.values())
