"""A worker process: fetches what it is told to, looks at it, and puts pixels into shared memory.

It may crash or hang in a decoder at any time. So it always says in `Status` which source it has in
hand; whoever started it draws the conclusions.
"""

import ctypes
import queue
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Protocol, cast

import numpy as np

from curation_api import CurationError
from curation_job.looking.images import LookSettings, look_at_image
from curation_job.looking.status import STATUS_BYTES, Status
from curation_job.looking.units import Batch, Order, Stopped, Unit
from curation_job.looking.videos import BrokenVideo, Frame, frame_name, frames_of
from curation_job.records import Corrupt, FrameOf, Sample, Source, Unusable

# Enough for one batch in the making, one on its way and one in the network.
SLOTS = 3


class SourceReader(Protocol):
    """What a worker needs of the INPUT bucket."""

    def read_many(self, names: Iterator[str]) -> Iterator[tuple[str, bytes | Unusable]]:
        """The contents of files, in any order, some ahead of what is taken."""

    def download(self, name: str, path: Path) -> None:
        """Write a file's content to a local path."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What every worker of a run is told once."""

    look: LookSettings
    batch_size: int
    scratch: Path
    open_reader: Callable[[], SourceReader]
    """Opens the bucket; called in the worker, so it must survive pickling."""

    @property
    def slot_shape(self) -> tuple[int, int, int, int]:
        """The pixels of one batch."""
        side = self.look.side_pixels
        return (self.batch_size, side, side, 3)

    @property
    def memory_bytes(self) -> int:
        """The shared memory of one worker."""
        return STATUS_BYTES + SLOTS * int(np.prod(self.slot_shape))


def run_worker(orders: Connection, memory_name: str, settings: WorkerSettings) -> None:
    """The whole life of a worker process."""
    _die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run; it tells us
    memory = SharedMemory(memory_name)
    try:
        _Worker(orders, memory, settings).work()
    except CurationError as error:
        problem = error.problem
        with suppress(OSError):
            orders.send(
                Stopped(problem.message, problem.fix, int(problem.exit_code), str(problem.reason))
            )
    finally:
        memory.close()


def _die_with_parent() -> None:
    """Nobody is left to give orders when the run is killed."""
    if sys.platform == "linux":
        set_death_signal = 1
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)


@dataclass
class _OpenUnit:
    """A unit of images on its way, one batch."""

    unit: Unit
    slot: int
    samples: list[Sample | None]
    thumbnails: list[bytes]
    missing: int = field(init=False)

    def __post_init__(self) -> None:
        self.missing = len(self.samples)


class _Worker:
    def __init__(self, orders: Connection, memory: SharedMemory, settings: WorkerSettings) -> None:
        self._connection = orders
        self._settings = settings
        self._status = Status(cast("memoryview", memory.buf))
        self._status.end()
        self._slots = np.ndarray(
            (SLOTS, *settings.slot_shape), np.uint8, buffer=memory.buf, offset=STATUS_BYTES
        )
        self._free: queue.SimpleQueue[int] = queue.SimpleQueue()
        for slot in range(SLOTS):
            self._free.put(slot)
        self._units: queue.SimpleQueue[Unit | None] = queue.SimpleQueue()
        self._reader = settings.open_reader()
        self._open: dict[str, tuple[_OpenUnit, int]] = {}

    def work(self) -> None:
        threading.Thread(target=self._receive, daemon=True).start()
        for name, content in self._reader.read_many(self._wanted()):
            open_unit, position = self._open.pop(name)
            self._look_at_image(open_unit, position, content)

    def _receive(self) -> None:
        """Sort orders as they come: the main thread may be deep in a decoder."""
        while True:
            try:
                order: Order = self._connection.recv()
            except (EOFError, OSError):
                order = None
            if isinstance(order, int):
                self._free.put(order)
                continue
            self._units.put(order)
            if order is None:
                return

    def _wanted(self) -> Iterator[str]:
        """The names of images to fetch; videos are looked at right here, in between."""
        while unit := self._units.get():
            if unit.is_video:
                self._look_at_video(unit)
                continue
            count = len(unit.sources)
            opened = _OpenUnit(unit, self._free.get(), [None] * count, [b""] * count)
            for position, source in enumerate(unit.sources):
                if position in unit.given_up:
                    self._keep(opened, position, _corrupt(source, unit.given_up[position]))
                else:
                    self._open[source.name] = (opened, position)
                    yield source.name

    def _look_at_image(self, opened: _OpenUnit, position: int, content: bytes | Unusable) -> None:
        source = opened.unit.sources[position]
        self._status.begin(opened.unit.index, position)
        try:
            if isinstance(content, Unusable):
                raise content
            look = look_at_image(source.name, content, self._settings.look)
        except Unusable as error:
            sample = _corrupt(source, error.reason, error.detail)
        else:
            sample = Sample(source.name, source.name, source.identity, look.facts)
            self._slots[opened.slot, position] = look.pixels_HWC
            opened.thumbnails[position] = look.thumbnail
        self._status.end()
        self._keep(opened, position, sample)

    def _keep(self, opened: _OpenUnit, position: int, sample: Sample) -> None:
        opened.samples[position] = sample
        opened.missing -= 1
        if opened.missing == 0:
            samples = [sample for sample in opened.samples if sample is not None]
            self._send(opened.unit, opened.slot, samples, opened.thumbnails, is_last=True)

    def _send(
        self,
        unit: Unit,
        slot: int,
        samples: list[Sample],
        thumbnails: list[bytes],
        *,
        is_last: bool,
        number: int = 0,
    ) -> None:
        rows = tuple(row if sample.is_usable else None for row, sample in enumerate(samples))
        batch = Batch(
            unit.index, number, slot, tuple(samples), rows, tuple(thumbnails), is_last=is_last
        )
        self._connection.send(batch)

    def _look_at_video(self, unit: Unit) -> None:
        (source,) = unit.sources
        slot = self._free.get()
        if 0 in unit.given_up:
            self._send_only(unit, slot, _corrupt(source, unit.given_up[0]))
            return
        with tempfile.NamedTemporaryFile(dir=self._settings.scratch) as file:
            path = Path(file.name)
            try:
                self._reader.download(source.name, path)
                self._send_frames(unit, slot, source, path)
            except Unusable as error:  # which no frame came before, so that the slot is still ours
                self._send_only(unit, slot, _corrupt(source, error.reason, error.detail))
            finally:
                self._status.end()

    def _send_frames(self, unit: Unit, slot: int, source: Source, path: Path) -> None:
        """Send frames batch by batch; their names follow when their number is known."""
        samples: list[Sample] = []
        thumbnails: list[bytes] = []
        number, broken = 0, ""
        self._status.begin(unit.index, 0)
        frames = frames_of(path, self._settings.look, stop_before=unit.stop_before)
        try:
            for frame in frames:
                self._status.end()
                if len(samples) == self._settings.batch_size:
                    self._send(unit, slot, samples, thumbnails, is_last=False, number=number)
                    samples, thumbnails, slot = [], [], self._free.get()
                    number += 1
                self._slots[slot, len(samples)] = frame.look.pixels_HWC
                samples.append(_frame_sample(source, frame))
                thumbnails.append(frame.look.thumbnail)
                self._status.begin(unit.index, 0, frame.index + 1)
        except BrokenVideo as error:
            broken = str(error)
        if broken:
            samples[-1] = _with_detail(samples[-1], broken)
        self._send(unit, slot, samples, thumbnails, is_last=True, number=number)

    def _send_only(self, unit: Unit, slot: int, sample: Sample) -> None:
        self._send(unit, slot, [sample], [b""], is_last=True)


def _corrupt(source: Source, reason: Corrupt, detail: str = "") -> Sample:
    return Sample(source.name, source.name, source.identity, corrupt=reason, detail=detail)


def _frame_sample(source: Source, frame: Frame) -> Sample:
    """A frame that has no name yet: that depends on how many there will be."""
    place = FrameOf(source.name, frame.index, frame.pts, frame.seconds)
    return Sample("", source.name, source.identity, frame.look.facts, frame=place)


def _with_detail(sample: Sample, detail: str) -> Sample:
    return Sample(
        sample.name, sample.source, sample.identity, sample.facts, detail=detail, frame=sample.frame
    )


def named(samples: list[Sample]) -> list[Sample]:
    """The frames of one whole video with their documented names."""
    return [
        sample
        if sample.frame is None
        else Sample(
            frame_name(sample.source, sample.frame.index, count=len(samples)),
            sample.source,
            sample.identity,
            sample.facts,
            detail=sample.detail,
            frame=sample.frame,
        )
        for sample in samples
    ]
