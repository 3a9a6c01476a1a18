"""A name means just this file, whatever characters it has."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curation_storage.bucket import InputBucket
from tests.support.storage_places import StoragePlace

NAMES = [
    "with space.jpg", " leading", "trailing ", "a+b.jpg", "a%2Fb.jpg", "100%.jpg", "a#b.jpg",
    "a?b=c&d.jpg", "a;b,c@d=e.jpg", "a:b.jpg", "a*b.jpg", "[a]{b}(c).jpg", "a'b\"c.jpg", "a<b>.jpg",
    "a~b^c`d|e.jpg", "a!b$c.jpg", "ü/ß/猫🐄.jpg", "e\u0301.jpg", "nbsp\u00a0.jpg", "a\u200db.jpg",
    "x" * 200 + ".jpg",
]  # fmt: skip

# Stores can hold them, folders cannot.
NAMES_OF_STORES = ["a//b.jpg", "/leading.jpg", "//two.jpg", "a/b//", "tab\tin.jpg"]


def test_names_with_odd_characters(place: StoragePlace) -> None:
    # The emulator of GCS cuts names at these.
    names = [name for name in NAMES if place.provider != "gcs" or not set(name) & set("?#")]
    for name in names:
        place.put(name, name.encode())
    bucket = place.open_input()

    listed = {file.name: file.version for file in bucket.list()}

    assert set(listed) == set(names)
    assert dict(bucket.read_many(names)) == {name: name.encode() for name in names}
    assert {name: _version(bucket, name) for name in names} == listed


def _version(bucket: InputBucket, name: str) -> str | None:
    found = bucket.look_up(name)
    return found.version if found else None


def test_names_that_are_no_paths(place: StoragePlace) -> None:
    if place.provider in {"local", "gcs"}:
        pytest.skip("no folder has such names, nor has the emulator of GCS")
    for name in ("leading.jpg", "two.jpg", "a/b.jpg"):
        place.put(name, b"another file")
    for name in NAMES_OF_STORES:
        place.put(name, name.encode())
    bucket = place.open_input()

    for name in NAMES_OF_STORES:
        assert bucket.read(name) == name.encode()
        assert bucket.read(name, start=1, length=2) == name.encode()[1:3]
        assert bucket.exists(name)


@pytest.mark.parametrize("name", ["a/./b.jpg", "a/../a.jpg", "../outside.jpg", "a.jpg/", ""])
def test_a_name_that_leads_around_is_not_another_file(place: StoragePlace, name: str) -> None:
    place.put("a.jpg", b"another")
    place.put("a/b.jpg", b"another")
    place.owner.put("outside.jpg", b"another")

    assert not place.open_input().exists(name)


# Ceph cannot list prefixes with control characters, and Azure takes a backslash for a slash.
ANY_CHARACTER = st.characters(codec="utf-8", exclude_characters="/\\", exclude_categories=["Cc"])


@given(name=st.text(ANY_CHARACTER, min_size=1, max_size=40))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_name_that_is_written_is_read_again(place: StoragePlace, name: str) -> None:
    if place.provider in {"gcs", "s3-delegated"} or name in {".", ".."}:
        return
    whole = f".lightly/{name}"
    bucket = place.open_lightly()

    try:
        bucket.write(whole, name.encode())
    except Exception:  # noqa: BLE001  stores differ in what they take; none may confuse two names
        return

    assert bucket.read(whole) == name.encode()
    assert [file.name for file in bucket.list(whole)] == [whole]
    bucket.delete(whole)
