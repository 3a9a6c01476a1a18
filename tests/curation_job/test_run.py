"""A whole run on folders: what it finds, what it leaves, and that nothing but the data decides."""

import csv
import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from curation_api import CurationError, ExitCode, RunReport
from curation_api.names import PRETAGGING_TASK
from tests.support.images import an_image, encoded
from tests.support.runs import Farm, do, do_by_stages, start_worker
from tests.support.videos import write_video

DOCUMENTED_FILES = {
    "config/config.yaml", "config/hydra.yaml", "config/overrides.yaml",
    "data/embeddings.csv", "data/normalized_embeddings.csv", "data/selected_embeddings.csv",
    "data/selected_embeddings_including_datapool.csv",
    "filenames/corrupt_filenames.txt", "filenames/duplicate_filenames.txt",
    "filenames/removed_filenames.txt", "filenames/sampled_filenames_excluding_datapool.txt",
    "plots/distance_distr_after.png", "plots/distance_distr_before.png",
    "plots/filter_decision_0.png",
    "plots/scatter_pca.png", "plots/scatter_pca_no_overlay.png",
    "plots/scatter_umap_k_5.png", "plots/scatter_umap_k_50_no_overlay.png",
    "report.pdf", "report.json", "manifest.parquet", "corruptness_check_information.json",
}  # fmt: skip


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    return Farm(tmp_path / "volumes").make()


@pytest.mark.covers("R109", "R113", "R132", "R150", "R151", "R152", "R161", "R163", "R164", "R165")
@pytest.mark.covers("R3", "R75", "R78", "R167", "R168", "R172", "R176")
def test_a_run_finds_what_is_planted_and_leaves_the_documented_files(
    farm: Farm, tmp_path: Path
) -> None:
    names = farm.write_images(30)
    farm.write("sub/copy.png", (farm.raw / names[0]).read_bytes())
    farm.write("sub/same-pixels.bmp", encoded(an_image(1, width=24, height=24), "bmp"))
    farm.write("sub/empty.jpg", b"")
    farm.write("sub/notes.txt", b"not a sample")
    raw_before = sorted((path, path.stat().st_mtime_ns) for path in farm.raw.rglob("*"))

    report = do(farm, farm.config(), tmp_path / "scratch").report

    result = report.result
    assert result is not None
    assert (result.input, result.corrupt, result.duplicates, result.selected) == (33, 1, 2, 5)
    assert result.corrupt_by_reason == {"zero bytes": 1}
    assert farm.lines("corrupt_filenames.txt") == ["sub/empty.jpg"]
    assert farm.lines("duplicate_filenames.txt") == ["sub/copy.png", "sub/same-pixels.bmp"]
    selected = farm.lines("sampled_filenames_excluding_datapool.txt")
    assert len(selected) == 5
    assert sorted([*selected, *farm.lines("removed_filenames.txt")]) == names
    files = {p.relative_to(farm.run_folder()).as_posix() for p in farm.run_folder().rglob("*")}
    assert files >= DOCUMENTED_FILES
    assert sorted((p, p.stat().st_mtime_ns) for p in farm.raw.rglob("*")) == raw_before


def test_the_manifest_says_of_each_sample_what_became_of_it_and_why(
    farm: Farm, tmp_path: Path
) -> None:
    names = farm.write_images(12)
    farm.write("z-copy.png", (farm.raw / names[0]).read_bytes())
    farm.write("z-cut.png", (farm.raw / names[1]).read_bytes()[:200])

    do(farm, farm.config(n_samples=4), tmp_path / "scratch")

    manifest = farm.manifest()
    assert len(manifest) == 14
    copy, cut = manifest["z-copy.png"], manifest["z-cut.png"]
    assert (copy["outcome"], copy["nearest_selected"]) == ("duplicate", names[0])
    assert (cut["outcome"], cut["reason"]) == ("corrupt", "truncated")
    picks = sorted((row for row in manifest.values() if row["rank"]), key=lambda row: row["rank"])
    assert [row["rank"] for row in picks] == [1, 2, 3, 4]
    assert all(row["outcome"] == "selected" for row in picks)
    for row in manifest.values():
        if row["outcome"] == "not selected":
            assert manifest[row["nearest_selected"]]["outcome"] == "selected"
            assert row["distance"] >= 0
            assert row["reason"]


@pytest.mark.covers("R118", "R110")
def test_embeddings_are_written_in_the_documented_form(farm: Farm, tmp_path: Path) -> None:
    names = farm.write_images(6)

    do(farm, farm.config(n_samples=2), tmp_path / "scratch")

    with (farm.run_folder() / "data/embeddings.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["filenames", *(f"embedding_{n}" for n in range(8)), "labels"]
    assert [row[0] for row in rows] == names


@pytest.mark.covers("R42")
def test_without_the_check_no_broken_file_ends_the_run_either(farm: Farm, tmp_path: Path) -> None:
    farm.write_images(6)
    farm.write("is-a-png.jpg", encoded(an_image(99), "png"))
    farm.write("empty.png", b"")

    do(farm, farm.config(worker={"enableCorruptnessCheck": False}), tmp_path / "scratch")

    assert farm.lines("corrupt_filenames.txt") == ["empty.png"]


@pytest.mark.covers("R153")
def test_a_run_that_keeps_everything_only_removes_duplicates(farm: Farm, tmp_path: Path) -> None:
    names = farm.write_images(6)
    farm.write("z.png", (farm.raw / names[2]).read_bytes())
    everything = {
        "proportionSamples": 1.0,
        "strategies": [{"input": {"type": "EMBEDDINGS"}, "strategy": {"type": "DIVERSITY"}}],
    }

    do(farm, farm.config(selection=everything), tmp_path / "scratch")

    assert farm.lines("sampled_filenames_excluding_datapool.txt") == names


def embeddings_and_digest(farm: Farm, uid: str = "run-1") -> tuple[bytes, str]:
    content = (farm.run_folder(uid) / "data/embeddings.csv").read_bytes()
    return content, farm.report(uid)["digest"]


@pytest.mark.covers("R111", "R112")
def test_processes_shards_and_the_order_of_creation_change_nothing(tmp_path: Path) -> None:
    def a_farm(name: str, *, shuffled: bool = False) -> Farm:
        farm = Farm(tmp_path / name).make()
        numbers = list(range(1100))
        if shuffled:
            random.Random(1).shuffle(numbers)
        for number in numbers:
            farm.write_images(1, start=number, side=12)
        return farm

    plain, shuffled, sharded = a_farm("plain"), a_farm("shuffled", shuffled=True), a_farm("sharded")
    do(plain, plain.config(lightly={"loader": {"numWorkers": 1}}), tmp_path / "s1")
    do(shuffled, shuffled.config(lightly={"loader": {"numWorkers": 4}}), tmp_path / "s2")
    do_by_stages(sharded, sharded.config(shards=5), tmp_path / "s3")

    expected = embeddings_and_digest(plain)
    assert embeddings_and_digest(shuffled) == expected
    assert embeddings_and_digest(sharded) == expected


def test_a_second_run_fetches_and_decodes_nothing(farm: Farm, tmp_path: Path) -> None:
    farm.write_images(40)
    farm.write("broken.png", b"nothing")
    first = do(farm, farm.config("run-1"), tmp_path / "s1")

    second = do(farm, farm.config("run-2"), tmp_path / "s2")

    assert first.counters["fetched"] == 41
    assert first.counters["decoded"] == 40
    assert second.counters.get("fetched", 0) == 0
    assert second.counters.get("decoded", 0) == 0
    assert second.counters["cached"] == 41
    assert embeddings_and_digest(farm, "run-2") == embeddings_and_digest(farm, "run-1")
    assert second.report.result is not None
    assert second.report.result.cached == 40


# What only a network needs, and whether any process has been started.
RUN_AND_NAME_THE_COST = """
import multiprocessing, runpy, sys
begun = []
start = multiprocessing.Process.start
multiprocessing.process.BaseProcess.start = lambda self: (begun.append(self.name), start(self))
try:
    runpy.run_module("curation_job", run_name="__main__", alter_sys=True)
finally:
    print(bool(begun), "torchvision" in sys.modules)
"""


@pytest.mark.parametrize(("uid", "cost"), [("run-2", "False False"), ("run-1", "True True")])
def test_a_run_that_knows_all_embeddings_makes_no_network_and_starts_no_process(
    farm: Farm, tmp_path: Path, uid: str, cost: str
) -> None:
    farm.write_images(10)
    if uid == "run-2":
        do(farm, farm.config("run-1"), tmp_path / "s1")
    config = tmp_path / "job.json"
    config.write_text(json.dumps(farm.config(uid).complete()))
    arguments = ["run", "--config", str(config), "--volumes", str(farm.volumes), "--port", "0"]

    ran = subprocess.run(
        [sys.executable, "-c", RUN_AND_NAME_THE_COST, *arguments],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert ran.stdout.splitlines()[-1] == cost


def test_one_changed_file_costs_one_decode(farm: Farm, tmp_path: Path) -> None:
    names = farm.write_images(40)
    do(farm, farm.config("run-1"), tmp_path / "s1")
    farm.write(names[7], encoded(an_image(777), "png"))

    second = do(farm, farm.config("run-2"), tmp_path / "s2")
    third = do(farm, farm.config("run-3"), tmp_path / "s3")

    assert second.counters["fetched"] == 1
    assert second.counters["decoded"] == 1
    assert third.counters.get("fetched", 0) == 0


def test_another_network_does_not_use_what_the_first_has_found(farm: Farm, tmp_path: Path) -> None:
    farm.write_images(10)
    do(farm, farm.config("run-1"), tmp_path / "s1")

    second = do(farm, farm.config("run-2", lightly={"seed": 2}), tmp_path / "s2")

    assert second.counters["decoded"] == 10


def test_a_run_that_is_done_is_not_done_again(farm: Farm, tmp_path: Path) -> None:
    farm.write_images(10)
    first = do(farm, farm.config(), tmp_path / "s1")

    again = do(farm, farm.config(), tmp_path / "s2")

    assert again.report == first.report
    assert again.counters == {}


@pytest.mark.covers("R24", "R130", "R131")
def test_frames_of_videos_are_samples_and_selected_ones_are_written(tmp_path: Path) -> None:
    farm = Farm(tmp_path / "volumes", kind="VIDEOS").make()
    write_video(farm.raw / "a.mp4", frames=12)
    (farm.raw / "sub").mkdir()
    write_video(farm.raw / "sub/b.AVI", frames=7)
    farm.write("broken.mp4", b"no video at all")

    report = do(farm, farm.config(n_samples=6), tmp_path / "scratch").report

    assert report.result is not None
    assert (report.result.input, report.result.corrupt) == (20, 1)
    selected = farm.lines("sampled_filenames_excluding_datapool.txt")
    assert len(selected) == 6
    frames = farm.derived / ".lightly/frames"
    assert {p.relative_to(frames).as_posix() for p in frames.rglob("*.png")} == set(selected)
    assert {"a-00-mp4.png", "sub/b-0-AVI.png"} <= set(farm.manifest())
    assert farm.lines("corrupt_filenames.txt") == ["broken.mp4"]


@pytest.mark.covers("R20", "R21", "R23")
def test_thumbnails_of_selected_images_are_written_and_no_others(
    farm: Farm, tmp_path: Path
) -> None:
    farm.write_images(10)
    for name in ("00001.png", "00002.png"):
        farm.write(f"sub/{name}", encoded(an_image(int(name[:5]) + 50), "png"))

    do(farm, farm.config(n_samples=4), tmp_path / "scratch")

    selected = farm.lines("sampled_filenames_excluding_datapool.txt")
    folder = farm.derived / ".lightly/thumbnails"
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*_thumb.png")}
    assert written == {name.replace(".png", "_thumb.png") for name in selected}


@pytest.mark.covers("R176", "R177", "C54")
def test_each_run_publishes_a_tag_of_its_own_once(farm: Farm, tmp_path: Path) -> None:
    farm.write_images(10)
    do(farm, farm.config("run-1", n_samples=3), tmp_path / "s1")
    do(farm, farm.config("run-2", n_samples=5), tmp_path / "s2")
    do(farm, farm.config("run-2", n_samples=5), tmp_path / "s3")

    tags = sorted(
        (json.loads(path.read_text()) for path in (farm.derived / ".lightly/tags").iterdir()),
        key=lambda tag: tag["createdAt"],
    )
    assert [tag["name"] for tag in tags] == ["initial-tag", "run-2"]
    assert tags[0]["bitMaskData"] == "0x7"
    assert int(tags[1]["bitMaskData"], 16).bit_count() == 5
    assert tags[1]["prevTagId"] == tags[0]["id"]


def test_what_this_version_cannot_do_is_refused_before_any_work(farm: Farm, tmp_path: Path) -> None:
    farm.write_images(3)
    scores = {
        "nSamples": 1,
        "strategies": [
            {
                "input": {"type": "SCORES", "task": PRETAGGING_TASK, "score": "object_frequency"},
                "strategy": {"type": "WEIGHTS"},
            }
        ],
    }
    config = farm.config(worker={"pretagging": True}, selection=scores)

    with pytest.raises(CurationError) as refusal:
        do(farm, config, tmp_path / "scratch")

    assert refusal.value.problem.exit_code == ExitCode.INVALID_CONFIG
    assert "workerConfig.pretagging" in str(refusal.value)
    assert "selectionConfig.strategies[0].input.task" in str(refusal.value)
    assert not farm.run_folder().exists()


@pytest.mark.covers("R1")
def test_a_folder_without_images_is_named(farm: Farm, tmp_path: Path) -> None:
    farm.write("notes.txt", b"hello")

    with pytest.raises(CurationError, match=r"No image found in .*/volumes/raw/ among 1 files"):
        do(farm, farm.config(), tmp_path / "scratch")


@pytest.mark.covers("R157", "R160")
def test_killed_at_any_moment_and_started_again_it_ends_in_the_same_result(tmp_path: Path) -> None:
    untouched, killed = Farm(tmp_path / "untouched").make(), Farm(tmp_path / "killed").make()
    for farm in (untouched, killed):
        farm.write_images(1100, side=12)
    started = time.monotonic()
    with start_worker(untouched, untouched.config(), tmp_path / "w0") as worker:
        assert worker.communicate()
        assert worker.returncode == 0
    duration = time.monotonic() - started

    moments = random.Random(7)
    for number in range(10):
        with start_worker(killed, killed.config(), tmp_path / f"w{number}") as worker:
            try:
                worker.communicate(timeout=moments.uniform(0.3, 1.0) * duration)
                break  # It was faster than we were.
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.communicate()
    with start_worker(killed, killed.config(), tmp_path / "last") as worker:
        said = worker.communicate()[1]

    assert worker.returncode == 0, said
    assert embeddings_and_digest(killed) == embeddings_and_digest(untouched)
    words = RunReport.from_last_words((tmp_path / "last/last-words.json").read_text())
    assert words is not None
    assert words.ok


@pytest.mark.covers("R157")
def test_told_to_stop_it_saves_says_so_and_goes_on_later(farm: Farm, tmp_path: Path) -> None:
    farm.write_images(1100, side=12)
    config = farm.config(
        worker={"enableTraining": True},
        lightly={"trainer": {"maxEpochs": 500}, "loader": {"batchSize": 16, "numWorkers": 2}},
    )
    with start_worker(farm, config, tmp_path / "w") as worker:
        assert worker.stdout is not None
        for line in worker.stdout:
            seen = json.loads(line)
            if seen["step"] == "TRAINING" and seen["processed"] > 0:
                break
        asked = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=60)

    assert worker.returncode == ExitCode.CHECKPOINTED
    assert time.monotonic() - asked < 20
    words = RunReport.from_last_words((tmp_path / "w/last-words.json").read_text())
    assert words is not None
    assert words.problem is not None
    assert words.problem.reason == "Stopped"
    assert (farm.run_folder() / "log.txt").exists()
    assert (farm.run_folder() / "stages/train/last.ckpt").exists()
