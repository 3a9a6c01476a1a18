"""Tags, exports and downloads through the documented client, on a bucket as workers leave it."""

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from curation_api.bit_masks import mask_of, numbers_in
from curation_client import (
    ApiException,
    ApiWorkflowClient,
    TagData,
    TagDoesNotExistError,
)
from curation_job.buckets import LightlyBucket
from curation_job.opening import Address, open_derived
from curation_job.publishing import Tags
from tests.curation_client.conftest import Clients
from tests.curation_client.operators_part import a_job_config

PICTURES = {f"cows/{number}.jpg": f"moo {number}".encode() * 1000 for number in range(10)}

Publish = Callable[..., str]


@pytest.fixture
def volumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Volumes that are mounted here, one with pictures."""
    for name, content in PICTURES.items():
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "results").mkdir()
    monkeypatch.setenv("CURATION_VOLUMES", str(tmp_path))
    return tmp_path


@pytest.fixture
def client(volumes: Path, clients: Clients) -> ApiWorkflowClient:
    """A client of a dataset whose files lie on the volumes."""
    del volumes
    client = clients()
    client.create_dataset("dataset-name")
    client.set_local_config(claim_name="pictures", purpose="INPUT")
    client.set_local_config(claim_name="results", purpose="LIGHTLY")
    return client


@pytest.fixture
def publish(client: ApiWorkflowClient, volumes: Path, tmp_path: Path) -> Publish:
    """Publishes a selection as a worker does; returns the name of its tag."""
    dataset = client._current.dataset()

    def publish(*names: str, run: str = "first", sources: list[str] | None = None) -> str:
        bucket: LightlyBucket = open_derived(Address(dataset.spec.lightly_location, {}, volumes))
        config = a_job_config(dataset.spec.complete(), dataset.uid, run)
        return Tags(bucket, tmp_path).publish(config, names, sources or list(names))

    return publish


def cows(*numbers: int) -> list[str]:
    return [f"cows/{number}.jpg" for number in numbers]


@pytest.mark.covers("C48", "C49", "C56")
def test_what_a_run_selected_is_the_tag_that_comes_first(
    client: ApiWorkflowClient, publish: Publish
) -> None:
    publish(*cows(3, 1, 2))

    [tag] = client.get_all_tags()

    assert (tag.name, tag.prev_tag_id, tag.tot_size) == ("initial-tag", None, 3)
    assert tag.dataset_id == client.dataset_id
    assert client.get_filenames() == cows(1, 2, 3)
    assert client.export_filenames_by_tag_name("initial-tag") == "\n".join(cows(1, 2, 3))
    assert client.export_filenames_by_tag_id(tag.id) == "\n".join(cows(1, 2, 3))


@pytest.mark.covers("C49")
def test_tags_are_listed_newest_first_and_unknown_ones_are_told(
    client: ApiWorkflowClient, publish: Publish
) -> None:
    publish(*cows(1, 2))
    publish(*cows(2, 3), run="second")

    assert [tag.name for tag in client.get_all_tags()] == ["second", "initial-tag"]
    with pytest.raises(TagDoesNotExistError, match=r"no tag 'third'.*'second', 'initial-tag'"):
        client.get_tag_by_name("third")
    with pytest.raises(ApiException):
        client.get_tag_by_id("0" * 24)


@pytest.mark.covers("C42")
def test_the_tags_of_a_run_are_found(client: ApiWorkflowClient, publish: Publish) -> None:
    publish(*cows(1, 2))
    publish(*cows(2, 3), run="second")

    [tag] = client.get_compute_worker_run_tags(client.get_tag_by_name("second").run_id or "")

    assert tag.name == "second"


@pytest.mark.covers("C50")
def test_a_tag_is_made_from_filenames_below_the_first_tag(
    client: ApiWorkflowClient, publish: Publish
) -> None:
    publish(*cows(*range(10)))

    made = client.create_tag_from_filenames([*cows(4, 0), *cows(4)], "two: a.b=c@d_e-f")

    tag = client.get_tag_by_name("two: a.b=c@d_e-f")
    assert (tag.id, tag.prev_tag_id) == (made.id, client.get_tag_by_name("initial-tag").id)
    assert client.get_filenames_in_tag(tag) == cows(0, 4)
    assert tag.bit_mask_data == "0x11"


@pytest.mark.covers("C50")
def test_a_tag_that_cannot_be_made_is_told_with_what_would_do(
    client: ApiWorkflowClient, publish: Publish
) -> None:
    with pytest.raises(RuntimeError, match="There is no tag in"):
        client.create_tag_from_filenames(cows(1), "my tag")
    publish(*cows(1, 2, 3))

    with pytest.raises(RuntimeError, match=r"2 of 3 filenames.*has 3 samples.*'cows/1.jpg'"):
        client.create_tag_from_filenames(["pig.jpg", "hen.jpg", *cows(1)], "my tag")
    client.create_tag_from_filenames(cows(1), "my tag")
    with pytest.raises(RuntimeError, match="a tag 'my tag' already"):
        client.create_tag_from_filenames(cows(2), "my tag")


@pytest.mark.covers("C50")
def test_of_many_who_make_the_same_tag_at_once_one_succeeds(
    client: ApiWorkflowClient, publish: Publish
) -> None:
    publish(*cows(1, 2, 3))
    made: list[TagData] = []

    def make(number: int) -> None:
        try:
            made.append(client.create_tag_from_filenames(cows(number), "wanted by all"))
        except RuntimeError:
            return

    threads = [threading.Thread(target=make, args=(number,)) for number in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(made) == 1
    assert [tag.name for tag in client.get_all_tags()].count("wanted by all") == 1


@pytest.mark.covers("C53")
@pytest.mark.parametrize("name", ["ab", " ab", "a/b", "tag\n", "häuser"])
def test_a_name_that_no_tag_may_have_is_refused(
    client: ApiWorkflowClient, publish: Publish, name: str
) -> None:
    publish(*cows(1))

    with pytest.raises(RuntimeError, match="cannot be the name of a tag"):
        client.create_tag_from_filenames(cows(1), name)


@pytest.mark.covers("C51")
def test_only_a_tag_without_children_is_removed(
    client: ApiWorkflowClient, publish: Publish
) -> None:
    publish(*cows(1, 2, 3))
    parent = client.create_tag_from_filenames(cows(1, 2), "parent")
    client.create_tag_from_filenames(cows(1), "child", parent_tag_id=parent.id)

    with pytest.raises(RuntimeError, match="'child' descends from it"):
        client.delete_tag_by_id(parent.id)
    client.delete_tag_by_name("child")
    client.delete_tag_by_name("parent")

    assert [tag.name for tag in client.get_all_tags()] == ["initial-tag"]
    with pytest.raises(TagDoesNotExistError):
        client.delete_tag_by_name("parent")


@pytest.mark.covers("C52")
@pytest.mark.parametrize(
    ("operation", "members"),
    [("UNION", (1, 2, 3)), ("INTERSECTION", (2,)), ("DIFFERENCE", (1,))],
)
def test_two_tags_make_a_third(
    client: ApiWorkflowClient, publish: Publish, operation: str, members: tuple[int, ...]
) -> None:
    publish(*cows(*range(10)))
    first = client.create_tag_from_filenames(cows(1, 2), "first")
    second = client.create_tag_from_filenames(cows(2, 3), "second")

    mask = client.perform_tag_arithmetics(first.id, second.id, operation)
    made = client.perform_tag_arithmetics(first.id, second.id, operation, "made of two")

    assert mask == mask_of(members)
    assert isinstance(made, TagData)
    assert client.get_filenames_in_tag(made) == cows(*members)
    assert made.prev_tag_id == first.id
    assert made.changes[0]["changes"]["arithmetics"]["operation"] == operation


@pytest.mark.covers("C54")
def test_a_mask_is_the_documented_number() -> None:
    assert [*numbers_in("0x59")] == [0, 3, 4, 6]
    assert mask_of([6, 4, 3, 0]) == "0x59"
    assert [*numbers_in("0x0")] == []
    assert mask_of([]) == "0x0"


@pytest.mark.covers("C55")
def test_upsizing_keeps_members_tags_what_is_new_and_grows_the_root(
    client: ApiWorkflowClient, publish: Publish
) -> None:
    publish(*cows(1, 2))
    publish(*cows(2, 5, 6), run="second")

    added = client.upsize_tags()

    assert added is not None
    assert added.name.count("h") == 1
    assert added.name[:2] == "20"
    assert client.get_filenames_in_tag(added) == cows(5, 6)
    assert client.export_filenames_by_tag_name("initial-tag") == "\n".join(cows(1, 2, 5, 6))
    assert client.export_filenames_by_tag_name("second") == "\n".join(cows(2, 5, 6))
    assert {tag.tot_size for tag in client.get_all_tags()} == {4}
    assert client.upsize_tags() is None


def test_a_renamed_tag_keeps_its_members(client: ApiWorkflowClient, publish: Publish) -> None:
    publish(*cows(1, 2))
    tag = client.create_tag_from_filenames(cows(1), "old name")

    client.rename_tag(tag.id, "new name")

    renamed = client.get_tag_by_name("new name")
    assert (renamed.id, client.get_filenames_in_tag(renamed)) == (tag.id, cows(1))
    assert renamed.changes[-1]["changes"] == {"rename": {"from": "old name", "to": "new name"}}


def test_the_samples_of_the_parent_can_be_left_out(
    client: ApiWorkflowClient, publish: Publish
) -> None:
    publish(*cows(1, 2))
    publish(*cows(2, 3), run="second")

    second = client.get_tag_by_name("second")

    assert client.get_filenames_in_tag(second, exclude_parent_tag=True) == cows(3)
    with pytest.raises(TagDoesNotExistError, match="has no parent"):
        client.get_filenames_in_tag(client.get_all_tags()[-1], exclude_parent_tag=True)


@pytest.mark.covers("C57")
def test_names_with_addresses_have_the_documented_form(
    client: ApiWorkflowClient, publish: Publish, volumes: Path
) -> None:
    publish(*cows(2, 1))

    rows = client.export_filenames_and_read_urls_by_tag_name("initial-tag")

    assert [row["fileName"] for row in rows] == cows(1, 2)
    assert rows[0].keys() == {"fileName", "readUrl", "datasourceUrl"}
    assert rows[0]["readUrl"] == (volumes / "pictures/cows/1.jpg").as_uri()
    assert rows[0]["datasourceUrl"].endswith("pictures/cows/1.jpg")


@pytest.mark.covers("C57")
def test_an_empty_tag_is_exported_as_nothing(client: ApiWorkflowClient, publish: Publish) -> None:
    publish(*cows(1))
    client.create_tag_from_filenames([], "empty tag")

    assert client.export_filenames_by_tag_name("empty tag") == ""
    assert client.export_filenames_and_read_urls_by_tag_name("empty tag") == []
    assert client.export_label_studio_tasks_by_tag_name("empty tag") == []


@pytest.mark.covers("C58", "C59")
def test_the_exports_for_labelling_tools_have_the_documented_forms(
    client: ApiWorkflowClient, publish: Publish, volumes: Path
) -> None:
    publish(*cows(2, 1))
    tag = client.get_tag_by_name("initial-tag")
    url = (volumes / "pictures/cows/1.jpg").as_uri()

    studio = client.export_label_studio_tasks_by_tag_name("initial-tag")
    box = client.export_label_box_v4_data_rows_by_tag_id(tag.id)
    sama = client.export_sama_tasks_by_tag_name("initial-tag")
    with pytest.warns(DeprecationWarning, match="v4"):
        older = client.export_label_box_data_rows_by_tag_name("initial-tag")

    meta = {"fileName": "cows/1.jpg", "index": 0, "type": "IMAGE"}
    assert studio[0] == {
        "id": 0,
        "data": {"image": url, "lightlyFileName": "cows/1.jpg", "lightlyMetaInfo": meta},
    }
    assert box[0] == {"row_data": url, "global_key": "cows/1.jpg", "media_type": "IMAGE"}
    assert older[0] == {"externalId": "cows/1.jpg", "imageUrl": url}
    assert sama[0] == {"data": {"id": 0, "url": url, "image": url, "lightlyFileName": "cows/1.jpg"}}
    assert json.loads(json.dumps([studio, box, older, sama]))


@pytest.mark.covers("C61", "C63")
def test_the_files_of_a_tag_are_downloaded_byte_for_byte(
    client: ApiWorkflowClient, publish: Publish, tmp_path: Path
) -> None:
    publish(*cows(3, 1, 2))
    out = tmp_path / "my/output/path"

    failed = client.download_dataset(str(out), "initial-tag", verbose=True)

    assert failed == []
    found = {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*.*")}
    assert found == {name: PICTURES[name] for name in cows(1, 2, 3)}


@pytest.mark.covers("C61")
def test_a_download_that_was_cut_off_goes_on(
    client: ApiWorkflowClient, publish: Publish, tmp_path: Path
) -> None:
    publish(*cows(1, 2))
    out = tmp_path / "out"
    client.download_dataset(str(out), verbose=False)
    (out / "cows/2.jpg").write_bytes(b"cut o")
    before = (out / "cows/1.jpg").stat().st_mtime_ns

    client.download_dataset(str(out), verbose=False)

    assert (out / "cows/1.jpg").stat().st_mtime_ns == before
    assert (out / "cows/2.jpg").read_bytes() == PICTURES["cows/2.jpg"]


@pytest.mark.covers("C62")
def test_a_file_that_is_gone_is_warned_of_and_does_not_stop_the_others(
    client: ApiWorkflowClient, publish: Publish, volumes: Path, tmp_path: Path
) -> None:
    publish(*cows(1, 2, 3))
    (volumes / "pictures/cows/2.jpg").unlink()
    out = tmp_path / "out"

    with pytest.warns(UserWarning, match=r"1 of 3 files.*number 1, 'cows/2.jpg'"):
        failed = client.download_dataset(str(out), max_workers=1, verbose=False)

    assert failed == cows(2)
    assert sorted(path.name for path in out.rglob("*.*")) == ["1.jpg", "3.jpg"]


@pytest.mark.covers("C62")
def test_an_unknown_tag_cannot_be_downloaded(
    client: ApiWorkflowClient, publish: Publish, tmp_path: Path
) -> None:
    publish(*cows(1))

    with pytest.raises(ValueError, match="no tag 'nothing'"):
        client.download_dataset(str(tmp_path), "nothing")


@pytest.mark.covers("C62")
def test_what_is_not_mounted_here_cannot_be_downloaded(
    client: ApiWorkflowClient,
    clients: Clients,
    publish: Publish,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish(*cows(1))
    monkeypatch.delenv("CURATION_VOLUMES")
    elsewhere = clients(dataset_id=client.dataset_id)

    with pytest.raises(ValueError, match=r"Claim 'results' is a volume.*CURATION_VOLUMES"):
        elsewhere.download_dataset(str(tmp_path))


def test_frames_of_videos_come_from_the_results(
    client: ApiWorkflowClient, publish: Publish, volumes: Path, tmp_path: Path
) -> None:
    frame = volumes / "results/.lightly/frames/barn-007-mp4.jpg"
    frame.parent.mkdir(parents=True)
    frame.write_bytes(b"a frame")
    publish("barn-007-mp4.png", sources=["barn.mp4"])

    client.download_dataset(str(tmp_path / "out"), verbose=False)
    [task] = client.export_label_studio_tasks_by_tag_name("initial-tag")

    assert (tmp_path / "out/barn-007-mp4.png").read_bytes() == b"a frame"
    assert task["data"]["lightlyMetaInfo"]["videoFrameData"] == {"sourceVideo": "barn.mp4"}


@pytest.mark.covers("C75")
def test_only_files_that_are_newer_than_the_last_look_are_new(
    client: ApiWorkflowClient, volumes: Path
) -> None:
    every = [name for name, _ in client.download_new_raw_samples()]
    later = client.get_processed_until_timestamp() + 5
    new = volumes / "pictures/cows/new.jpg"
    new.write_bytes(b"moo")
    os.utime(new, (later, later))
    client.update_processed_until_timestamp(later - 1)

    listed = client.download_raw_samples(from_=later, to=later)
    client.update_processed_until_timestamp(0)
    again = client.download_new_raw_samples()

    assert sorted(every) == sorted(PICTURES)
    assert listed == [("cows/new.jpg", new.as_uri())]
    assert len(again) == len(PICTURES)  # the new one is from the future still
    assert client.get_processed_until_timestamp() > 0


@pytest.mark.covers("C29", "C30")
def test_relevant_files_are_listed_as_the_documentation_says(
    client: ApiWorkflowClient, volumes: Path
) -> None:
    (volumes / "results/.lightly").mkdir()
    (volumes / "results/.lightly/relevant.txt").write_text("cows/* cows/4* !cows/4.jpg\n")

    listed = client.download_raw_samples(relevant_filenames_file_name=".lightly/relevant.txt")

    assert {name for name, _ in listed} == set(PICTURES)


def test_predictions_and_metadata_are_listed_where_they_lie(
    client: ApiWorkflowClient, volumes: Path
) -> None:
    for name in ("predictions/cows/a.json", "metadata/a.json"):
        path = volumes / "results/.lightly" / name
        path.parent.mkdir(parents=True)
        path.write_text("{}")

    [(prediction, _)] = client.download_raw_predictions("cows")
    [(metadata, url)] = client.download_raw_metadata()

    assert prediction == ".lightly/predictions/cows/a.json"
    assert metadata == ".lightly/metadata/a.json"
    assert url == client.get_metadata_read_url("a.json")
    with pytest.raises(ValueError, match="belong together"):
        client.download_raw_metadata(run_id="x")
