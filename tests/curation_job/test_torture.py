"""A run on everything that can be wrong with files: it ends, and says of each what became of it."""

import json
import os
import re
import signal
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pyarrow.parquet
import pytest
from PIL import Image

from curation_api.states import Stage
from curation_job.looking.status import STATUS_BYTES, Status
from curation_job.records import Corrupt
from curation_job.runtime.logs import logging_to
from tests.curation_job.probe.limited import AS_ANYBODY
from tests.curation_job.torture import Odd, fresh, odd_images
from tests.curation_job.torture_videos import odd_videos
from tests.support.images import encoded
from tests.support.memory import memory_of_tree, peak_memory_of
from tests.support.runs import Farm, do, start_worker
from tools.waiting import wait_until

EVERYTHING = {
    "proportionSamples": 1.0,
    "strategies": [{"input": {"type": "EMBEDDINGS"}, "strategy": {"type": "DIVERSITY"}}],
}

# The largest image that is allowed takes 1.4 GB while it is decoded; three processes with their
# libraries take the rest.
MOST_MEMORY_BYTES = 5 * 2**29


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    return Farm(tmp_path / "volumes").make()


def fates(farm: Farm) -> dict[str, Corrupt | None]:
    """What became of each sample; there is never a second row for one."""
    table = pyarrow.parquet.read_table(farm.run_folder() / "manifest.parquet")
    rows = table.select(["name", "outcome", "reason"]).to_pylist()
    assert len({row["name"] for row in rows}) == len(rows)
    return {
        row["name"]: Corrupt(row["reason"]) if row["outcome"] == "corrupt" else None for row in rows
    }


def write_links(farm: Farm, outside: Path) -> None:
    """Links of every kind; only one leads to a file of the folder."""
    outside.mkdir()
    (outside / "secret.png").write_bytes(encoded(fresh(), "png"))
    links = {
        "inside.png": farm.write("target.png", encoded(fresh(), "png")),
        "outside.png": outside / "secret.png",
        "dangling.png": farm.raw / "nowhere.png",
        "to itself.png": farm.raw / "links/to itself.png",
        "folder outside": outside,
        "folder in a circle": farm.raw,
    }
    (farm.raw / "links").mkdir()
    for name, target in links.items():
        (farm.raw / "links" / name).symlink_to(target)


@pytest.mark.covers("R42", "R149", "R150", "R151")
def test_each_broken_or_odd_image_has_a_row_with_its_reason(farm: Farm, tmp_path: Path) -> None:
    odd = odd_images()
    for one in odd:
        farm.write(one.name, one.content)
    write_links(farm, tmp_path / "outside")
    os.mkfifo(farm.raw / "pipe.png")
    for name in ("removed", "locked", "made a folder", "made a link that leads out"):
        farm.write(f"later/{name}.png", encoded(fresh(), "png"))
    config = farm.config(selection=EVERYTHING)
    with logging_to(tmp_path / "log.txt"):
        do(farm, config, tmp_path / "prepare", stage=Stage.PREPARE)
    (farm.raw / "later/removed.png").unlink()
    (farm.raw / "later/locked.png").chmod(0)
    (farm.raw / "later/made a folder.png").unlink()
    (farm.raw / "later/made a folder.png").mkdir()
    (farm.raw / "later/made a link that leads out.png").unlink()
    (farm.raw / "later/made a link that leads out.png").symlink_to(tmp_path / "outside/secret.png")

    with (
        start_worker(farm, config, tmp_path / "worker", prefix=AS_ANYBODY) as worker,
        peak_memory_of(worker.pid) as peak,
    ):
        _, said = worker.communicate()

    assert worker.returncode == 0, said
    found = fates(farm)
    assert {name: found.pop(name) for name in sorted(found) if name.startswith("later/")} == {
        "later/locked.png": Corrupt.ACCESS_DENIED,
        "later/made a folder.png": Corrupt.MISSING,
        "later/made a link that leads out.png": Corrupt.ACCESS_DENIED,
        "later/removed.png": Corrupt.MISSING,
    }
    assert found.pop("target.png") is None
    assert found.pop("links/inside.png") is None
    assert_fates(found, odd)
    log = (tmp_path / "log.txt").read_text()
    assert "links/outside.png: it is a link that leads out" in log
    assert "Traceback" not in said
    assert "Traceback" not in (farm.run_folder() / "log.txt").read_text()
    assert peak[0] < MOST_MEMORY_BYTES


def assert_fates(found: dict[str, Corrupt | None], odd: list[Odd]) -> None:
    """Compare whole, so that a failure names every file that had another fate."""
    wrong = {one.name: found.get(one.name) for one in odd if found[one.name] not in one.fates}
    assert wrong == {}
    assert found.keys() == {one.name for one in odd}


@pytest.mark.covers("R129", "R130")
def test_each_broken_or_odd_video_has_its_frames_or_a_reason(tmp_path: Path) -> None:
    farm = Farm(tmp_path / "volumes", kind="VIDEOS").make()
    odd = odd_videos(tmp_path)
    for one in odd:
        farm.write(one.name, one.content)
    config = farm.config(selection=EVERYTHING, lightly={"loader": {"numWorkers": 2}})

    taken_by_other_tests = memory_of_tree(os.getpid())
    with peak_memory_of(os.getpid()) as peak:
        do(farm, config, tmp_path / "scratch")

    of_frames = {video_of(name): fate for name, fate in fates(farm).items()}
    assert_fates(of_frames, odd)
    said = where_broken(farm)["cut/95 percent.avi"]
    assert re.fullmatch(r"broken after [67] frames: the file is cut off", said)
    assert peak[0] - taken_by_other_tests < MOST_MEMORY_BYTES


def where_broken(farm: Farm) -> dict[str, str]:
    """What the corruptness information says of videos."""
    path = farm.run_folder() / "corruptness_check_information.json"
    found: dict[str, str] = json.loads(path.read_text())["corrupt_videos"]
    return found


def video_of(name: str) -> str:
    """The video that a frame is of; a broken video stands for itself."""
    return re.sub(r"-\d+-(\w+)\.png$", r".\1", name)


def write_slow_image(path: Path) -> None:
    """An image that takes about a second to decode."""
    Image.fromarray(np.zeros((9000, 9000, 3), np.uint8)).save(path, compress_level=1)


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs shared memory at /dev/shm")  # noqa: S108
def test_a_decoder_that_is_shot_in_the_middle_of_a_run_costs_one_file(
    farm: Farm, tmp_path: Path
) -> None:
    names = farm.write_images(12)
    shots = {3: signal.SIGSEGV, 8: signal.SIGKILL}
    for position in shots:
        write_slow_image(farm.raw / names[position])
    config = farm.config(selection=EVERYTHING, lightly={"loader": {"numWorkers": 1}})

    with start_worker(farm, config, tmp_path / "worker", stage=Stage.EMBED) as worker:
        for position, shot in shots.items():
            at_work = wait_until(
                lambda position=position: decoder_at(position, of=worker.pid),  # type: ignore[misc]
                seconds=60,
                what=f"image {position} is being decoded",
            )
            assert at_work
            os.kill(at_work, shot)
        _, said = worker.communicate()
    do(farm, config, tmp_path / "rest")

    assert worker.returncode == 0, said
    assert fates(farm) == {
        name: Corrupt.DECODER_CRASHED if number in shots else None
        for number, name in enumerate(names)
    }


def decoder_at(position: int, *, of: int) -> int | None:
    """The process that has this image of the first batch in hand, as it says in shared memory."""
    with suppress(psutil.Error, OSError):  # one that has just ended
        for child in psutil.Process(of).children():
            for mapped in child.memory_maps():
                if mapped.path.startswith("/dev/shm/psm_"):  # noqa: S108
                    first = Path(mapped.path).read_bytes()[:STATUS_BYTES]
                    in_hand = Status(memoryview(first)).in_hand()
                    if in_hand and in_hand.position == position:
                        return child.pid
    return None
