"""Worker processes: whole results in any order; a file that takes one down costs itself only."""

import os
import signal
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from curation_job.looking.images import LookSettings
from curation_job.looking.pool import LookPool
from curation_job.looking.units import Unit
from curation_job.looking.worker import WorkerSettings, named
from curation_job.records import Corrupt, Sample, Source, Unusable
from tests.support.images import an_image, encoded
from tests.support.videos import write_video
from tools.waiting import wait_until

BATCH = 4


class FolderReader:
    """Reads a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read_many(self, names: Iterator[str]) -> Iterator[tuple[str, bytes | Unusable]]:
        for name in names:
            path = self.folder / name
            yield name, path.read_bytes() if path.exists() else Unusable(Corrupt.MISSING)

    def download(self, name: str, path: Path) -> None:
        path.write_bytes((self.folder / name).read_bytes())


def a_pool(folder: Path, *, processes: int = 2, longest_look_seconds: float = 60) -> LookPool:
    settings = WorkerSettings(
        LookSettings(side_pixels=32), BATCH, folder, partial(FolderReader, folder)
    )
    return LookPool(processes, settings, longest_look_seconds=longest_look_seconds)


def write_images(folder: Path, count: int) -> list[Source]:
    for number in range(count):
        (folder / f"{number:03}.png").write_bytes(encoded(an_image(number), "png"))
    return [Source(f"{number:03}.png", 1, "v1") for number in range(count)]


def units(sources: list[Source]) -> list[Unit]:
    return [
        Unit(index, tuple(sources[start : start + BATCH]))
        for index, start in enumerate(range(0, len(sources), BATCH))
    ]


def look(pool: LookPool, given: list[Unit]) -> dict[int, list[Sample]]:
    """The samples of each unit, when it was looked at to the end."""
    seen: dict[int, list[Sample]] = {}
    for arrived in pool.look_at(given):
        if arrived.batch.number == 0:
            seen[arrived.unit.index] = []
        seen[arrived.unit.index] += arrived.batch.samples
    return {index: named(samples) for index, samples in seen.items()}


def all_samples(seen: dict[int, list[Sample]]) -> list[Sample]:
    return [sample for index in sorted(seen) for sample in seen[index]]


@pytest.mark.parametrize("processes", [1, 3])
def test_every_sample_comes_back_once_with_its_own_pixels(tmp_path: Path, processes: int) -> None:
    sources = write_images(tmp_path, 11)
    pixels: dict[str, np.ndarray] = {}

    with a_pool(tmp_path, processes=processes) as pool:
        for arrived in pool.look_at(units(sources)):
            for sample, row in zip(arrived.batch.samples, arrived.batch.rows, strict=True):
                assert row is not None
                pixels[sample.name] = arrived.pixels_NHWC[row].copy()

    assert sorted(pixels) == [source.name for source in sources]
    for number, name in enumerate(sorted(pixels)):
        expected = np.asarray(an_image(number).resize((32, 32), Image.Resampling.BILINEAR))
        assert np.array_equal(pixels[name], expected)


@pytest.mark.covers("R149", "R150")
def test_what_cannot_be_read_becomes_a_sample_with_a_reason(tmp_path: Path) -> None:
    sources = [*write_images(tmp_path, 3), Source("gone.png", 1, "v1")]

    with a_pool(tmp_path) as pool:
        (*sound, gone) = all_samples(look(pool, units(sources)))

    assert all(sample.is_usable for sample in sound)
    assert gone.corrupt == Corrupt.MISSING


def write_slow_image(path: Path) -> None:
    """An image that takes about a second to decode."""
    Image.fromarray(np.zeros((9000, 9000, 3), np.uint8)).save(path, compress_level=1)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV])
def test_a_decoder_that_crashes_costs_one_file(tmp_path: Path, how: signal.Signals) -> None:
    sources = write_images(tmp_path, 9)
    write_slow_image(tmp_path / sources[5].name)

    with a_pool(tmp_path, processes=1) as pool:

        def at_the_slow_image() -> Any:
            for worker in pool._workers:
                hand = worker.status.in_hand()
                if hand and (hand.unit, hand.position) == (1, 1):
                    return worker
            return None

        def strike() -> None:
            worker = wait_until(at_the_slow_image, seconds=30, what="the slow image is decoded")
            os.kill(worker._process.pid or 0, how)

        striker = threading.Thread(target=strike)
        striker.start()
        samples = all_samples(look(pool, units(sources)))
        striker.join()

    crashed = [sample.name for sample in samples if sample.corrupt == Corrupt.DECODER_CRASHED]
    assert crashed == [sources[5].name]
    assert sum(sample.is_usable for sample in samples) == 8


def test_a_decoder_that_hangs_costs_one_file(tmp_path: Path) -> None:
    sources = write_images(tmp_path, 6)
    write_slow_image(tmp_path / sources[2].name)

    with a_pool(tmp_path, longest_look_seconds=0.3) as pool:
        samples = all_samples(look(pool, units(sources)))

    assert [sample.name for sample in samples if sample.corrupt == Corrupt.TOO_SLOW] == ["002.png"]
    assert sum(sample.is_usable for sample in samples) == 5


@pytest.mark.covers("R131")
def test_frames_of_a_video_come_in_order_under_their_documented_names(tmp_path: Path) -> None:
    write_video(tmp_path / "sub.video_1.mp4", frames=11)
    unit = Unit(0, (Source("sub.video_1.mp4", 1, "v1"),), is_video=True)

    with a_pool(tmp_path) as pool:
        samples = all_samples(look(pool, [unit]))

    assert [sample.name for sample in samples] == [
        f"sub.video_1-{number:02}-mp4.png" for number in range(11)
    ]
    assert [sample.frame.index for sample in samples if sample.frame] == list(range(11))
    seconds = [sample.frame.seconds for sample in samples if sample.frame]
    assert seconds == sorted(seconds)  # type: ignore[type-var]


def test_any_number_of_broken_videos_leaves_room_for_the_next(tmp_path: Path) -> None:
    names = [f"{number}.mp4" for number in range(5)]
    for name in names:
        (tmp_path / name).write_text("no video at all")
    write_video(tmp_path / "sound.mp4", frames=2)
    sources = [Source(name, 1, "v1") for name in [*names, "sound.mp4"]]
    videos = [Unit(index, (source,), is_video=True) for index, source in enumerate(sources)]

    with a_pool(tmp_path, processes=1, longest_look_seconds=10) as pool:
        samples = all_samples(look(pool, videos))

    assert [sample.corrupt for sample in samples] == [*[Corrupt.NOT_A_VIDEO] * 5, None, None]


def cannot_be_opened() -> FolderReader:
    raise RuntimeError("a library is missing")


def test_a_worker_that_cannot_start_ends_the_run_instead_of_looping(tmp_path: Path) -> None:
    settings = WorkerSettings(LookSettings(32), BATCH, tmp_path, cannot_be_opened)

    with (
        LookPool(1, settings) as pool,
        pytest.raises(Exception, match="Workers end as soon as they start"),
    ):
        look(pool, units(write_images(tmp_path, 4)))
