"""What a listing promises, on every provider."""

import pytest

from curation_storage import NotFoundError
from tests.support.storage_places import StoragePlace


def listed(place: StoragePlace, prefix: str = "") -> list[str]:
    return [file.name for file in place.open_input().list(prefix)]


def test_an_empty_place_has_no_files(place: StoragePlace) -> None:
    assert listed(place) == []


def test_files_are_listed_with_their_size(place: StoragePlace) -> None:
    place.put("a.jpg", b"12345")

    (file,) = place.open_input().list()

    assert (file.name, file.size) == ("a.jpg", 5)


def test_a_file_that_stays_keeps_its_version(place: StoragePlace) -> None:
    place.put("a.jpg")

    first, second = (list(place.open_input().list()) for _ in range(2))

    assert first == second


def test_a_file_that_changes_changes_its_version(place: StoragePlace) -> None:
    place.put("a.jpg", b"one")
    (before,) = place.open_input().list()

    place.put("a.jpg", b"two")

    (after,) = place.open_input().list()
    assert before.version != after.version


def test_a_file_has_the_time_of_its_last_change(place: StoragePlace) -> None:
    place.put("a.jpg")

    (file,) = place.open_input().list()

    assert file.modified is not None
    assert file.modified.tzinfo is not None


def test_folders_are_entered(place: StoragePlace) -> None:
    place.put("a/b/c.jpg")

    assert listed(place) == ["a/b/c.jpg"]


def test_names_come_in_the_order_of_their_bytes(place: StoragePlace) -> None:
    names = ["a.jpg", "a/b.jpg", "a0.jpg", "B.jpg", "ä.jpg", "z/ö.jpg", "猫.jpg", "a/b/c.jpg"]
    for name in names:
        place.put(name)

    assert listed(place) == sorted(names, key=str.encode)


def test_a_prefix_may_end_within_a_name(place: StoragePlace) -> None:
    for name in ("sub/im1.jpg", "sub/im/2.jpg", "sub/other.jpg", "submarine.jpg"):
        place.put(name)

    assert listed(place, "sub/im") == ["sub/im/2.jpg", "sub/im1.jpg"]


def test_a_prefix_that_nothing_starts_with_lists_nothing(place: StoragePlace) -> None:
    place.put("a.jpg")

    assert listed(place, "b/c") == []


@pytest.mark.covers("R18")
def test_a_place_is_a_folder_and_no_prefix(place: StoragePlace) -> None:
    place.put("mine.jpg")
    place.owner.put("farm2/not-mine.jpg", b"")

    assert listed(place) == ["mine.jpg"]


def test_what_makes_a_folder_exist_is_no_file(place: StoragePlace) -> None:
    if place.provider == "local":
        pytest.skip("folders of a volume are no files")
    place.put("")
    place.put("empty/")
    place.put("a.jpg")

    assert listed(place) == ["a.jpg"]


@pytest.mark.covers("R8")
def test_what_was_derived_is_no_raw_file(place: StoragePlace) -> None:
    raw = ["-.jpg", ".a.jpg", ".lightly", ".lightly.jpg", ".lightly0", "a.jpg", "a/.lightly/b.jpg"]
    if place.provider == "local":
        raw.remove(".lightly")  # there it is a folder
    for name in raw:
        place.put(name)
    for name in (".lightly/a.jpg", ".lightly/thumbnails/a_thumb.jpg", ".lightly/ü.jpg"):
        place.put(name)

    assert listed(place) == raw
    assert listed(place, ".light") == [name for name in raw if name.startswith(".light")]
    assert listed(place, ".lightly/") == []


def test_what_was_derived_is_listed_where_it_is_kept(place: StoragePlace) -> None:
    place.open_lightly().write(".lightly/tags/1.json", b"{}")

    assert [file.name for file in place.open_lightly().list(".lightly/tags/")] == [
        ".lightly/tags/1.json"
    ]


def test_more_files_than_a_page_holds_are_all_listed(place: StoragePlace) -> None:
    small_pages(place)
    names = [f"{number:03}.jpg" for number in range(25)]
    for name in names:
        place.put(name)

    assert listed(place) == names


def test_a_listing_can_be_left_early(place: StoragePlace) -> None:
    for number in range(3):
        place.put(f"{number}.jpg")

    assert next(place.open_input().list()).name == "0.jpg"


def test_a_bucket_that_is_not_there_is_named(place: StoragePlace) -> None:
    bucket = in_no_bucket(place).open_input()

    with pytest.raises(NotFoundError) as error:
        list(bucket.list())

    assert "nowhere-to-be-found" in str(error.value)
    assert "To fix it" in str(error.value)


@pytest.mark.covers("R10", "C20")
def test_a_folder_that_nothing_lies_in_is_not_there(place: StoragePlace) -> None:
    fields = {
        "s3": "resourcePath", "s3-delegated": "resourcePath", "gcs": "resourcePath",
        "azure": "containerName", "local": "path",
    }  # fmt: skip
    field = fields[place.provider]
    (kind,) = set(place.location) - {"credentials"}
    path = place.location[kind][field].rstrip("/")

    assert not place.elsewhere(**{field: f"{path}-missing"}).open_lightly().exists_as_folder()


@pytest.mark.covers("R10", "C20")
def test_an_empty_folder_is_there(place: StoragePlace) -> None:
    if place.provider != "local":
        place.put("")

    assert place.open_lightly().exists_as_folder()


def test_a_folder_with_a_file_is_there(place: StoragePlace) -> None:
    place.put("a/b.jpg")

    assert place.open_lightly().exists_as_folder()


def in_no_bucket(place: StoragePlace) -> StoragePlace:
    missing = "nowhere-to-be-found"
    match place.provider:
        case "s3" | "s3-delegated":
            return place.elsewhere(resourcePath=f"s3://{missing}/farm/")
        case "gcs":
            return place.elsewhere(resourcePath=f"gs://{missing}/farm/")
        case "azure":
            return place.elsewhere(containerName=f"{missing}/farm/")
        case _:
            return place.elsewhere(claimName=missing)


@pytest.fixture(autouse=True)
def _pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test lists a thousand files to see a second page."""
    for module in ("s3", "gcs", "azure"):
        monkeypatch.setattr(f"curation_storage.{module}.FILES_PER_PAGE", 10)
    monkeypatch.setattr("curation_storage.folders.NAMES_AT_ONCE", 10)


def small_pages(place: StoragePlace) -> None:
    """Says in a test that pages are small; the fixture above has made them so."""
    assert place.provider
