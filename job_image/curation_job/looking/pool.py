"""Several worker processes and the judgement on those that crash or hang."""

import logging
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.shared_memory import SharedMemory
from types import TracebackType
from typing import Self, cast

import numpy as np

from curation_api import CurationError, ExitCode, Reason
from curation_job.looking.status import STATUS_BYTES, Status
from curation_job.looking.units import Batch, Stopped, Unit
from curation_job.looking.worker import SLOTS, WorkerSettings, run_worker
from curation_job.records import Corrupt, Pixels

logger = logging.getLogger(__name__)

# A worker fetches the next unit while it looks at this one.
UNITS_AHEAD = 2

# The slowest sound image takes a few seconds to decode.
LONGEST_LOOK_SECONDS = 60.0
PATIENCE_SECONDS = 1.0

# A process may be killed for memory once or twice before it has looked at anything.
MOST_IDLE_DEATHS = 3


@dataclass(frozen=True, slots=True)
class PixelBatch:
    """A batch that has arrived. Its pixels are only there until the next one is asked for."""

    batch: Batch
    unit: Unit
    pixels_NHWC: Pixels


class LookPool:
    """Looks at units in worker processes; a file that takes a worker down costs only itself."""

    def __init__(
        self,
        processes: int,
        settings: WorkerSettings,
        *,
        longest_look_seconds: float = LONGEST_LOOK_SECONDS,
    ) -> None:
        self._processes, self._settings = processes, settings
        self._longest_look_seconds = longest_look_seconds
        self._idle_deaths = 0
        self._workers: list[_Owned] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for worker in self._workers:
            worker.close()

    def look_at(self, units: Iterable[Unit]) -> Iterator[PixelBatch]:
        """Every batch of every unit, as they arrive; batches of one unit come in order.

        A unit that took its worker down starts again from its first batch. Workers are started for
        the first unit: where there is none, none is needed.
        """
        waiting = iter(units)
        again = deque(islice(waiting, 1))
        if again and not self._workers:
            self._workers = [_Owned(self._settings) for _ in range(self._processes)]
        while True:
            for worker in self._workers:
                while len(worker.units) < UNITS_AHEAD:
                    unit = again.popleft() if again else next(waiting, None)
                    if unit is None:
                        break
                    worker.give(unit)
            busy = [worker for worker in self._workers if worker.units]
            if not busy:
                return
            yield from self._batches(busy)
            again.extend(unit for worker in busy for unit in self._judge(worker))

    def _batches(self, busy: list["_Owned"]) -> Iterator[PixelBatch]:
        by_connection = {worker.connection: worker for worker in busy}
        for connection in wait(list(by_connection), timeout=PATIENCE_SECONDS):
            worker = by_connection[connection]  # type: ignore[index]
            message = worker.next_message()
            if message is None:
                continue  # It is dead; what follows is in `_judge`.
            if isinstance(message, Stopped):
                raise CurationError(
                    message.message,
                    fix=message.fix,
                    reason=Reason(message.reason),
                    exit_code=ExitCode(message.exit_code),
                )
            unit = worker.units[message.unit]
            if message.is_last:
                del worker.units[message.unit]
            yield PixelBatch(message, unit, worker.pixels(message))
            worker.free(message.slot)

    def _judge(self, worker: "_Owned") -> Iterator[Unit]:
        """The units to start again because their worker is dead or hangs."""
        in_hand = worker.status.in_hand()
        hangs = in_hand is not None and in_hand.takes_longer_than(self._longest_look_seconds)
        if hangs:
            worker.kill()
        if worker.is_alive() or not worker.has_said_all:
            return  # What it has said before it died counts.
        if in_hand is None:
            self._note_idle_death()
        reason = Corrupt.TOO_SLOW if hangs else Corrupt.DECODER_CRASHED
        for unit in worker.units.values():
            if in_hand is None or in_hand.unit != unit.index:
                yield unit
            else:
                source = unit.sources[in_hand.position].name
                logger.warning("%s took a worker down: %s", source, reason)
                if unit.is_video and in_hand.frame > 0:
                    yield replace(unit, stop_before=in_hand.frame)
                else:
                    yield unit.without(in_hand.position, reason)
        worker.start_again()

    def _note_idle_death(self) -> None:
        """No file is to blame: again and again, that is the machine or the installation."""
        self._idle_deaths += 1
        if self._idle_deaths > MOST_IDLE_DEATHS:
            raise CurationError(
                "Workers end as soon as they start, before they have looked at any file",
                fix="Look for the reason above this line in the log; often it is too little memory",
            )


class _Owned:
    """A worker process as its owner sees it."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self.units: dict[int, Unit] = {}
        self._start()

    def _start(self) -> None:
        context = get_context("spawn")
        self._memory = SharedMemory(create=True, size=self._settings.memory_bytes)
        self.status = Status(cast("memoryview", self._memory.buf))
        self.connection: Connection
        self.connection, theirs = context.Pipe()
        self._process: BaseProcess = context.Process(
            target=run_worker, args=(theirs, self._memory.name, self._settings), daemon=True
        )
        self._process.start()
        theirs.close()
        self.has_said_all = False

    def next_message(self) -> Batch | Stopped | None:
        """What it says next; None when it is dead and has said all."""
        try:
            message: Batch | Stopped = self.connection.recv()
        except (EOFError, OSError):
            self.has_said_all = True
            return None
        return message

    def kill(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.join()

    def start_again(self) -> None:
        """A new process in place of the old one, with nothing to do yet."""
        self.close()
        self.units = {}
        self._start()

    def close(self) -> None:
        """End the process and give its memory back."""
        self.kill()
        self.connection.close()
        self._memory.close()
        self._memory.unlink()

    def give(self, unit: Unit) -> None:
        """Let it look at a unit."""
        self.units[unit.index] = unit
        try:
            self.connection.send(unit)
        except OSError:
            logger.debug("A worker died before it got unit %d", unit.index)

    def free(self, slot: int) -> None:
        """Its pixels have been taken from the slot."""
        try:
            self.connection.send(slot)
        except OSError:
            logger.debug("A worker died before slot %d was free", slot)

    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process.is_alive()

    def pixels(self, batch: Batch) -> Pixels:
        """The pixels of a batch, where they lie."""
        slots: Pixels = np.ndarray(
            (SLOTS, *self._settings.slot_shape),
            np.uint8,
            buffer=self._memory.buf,
            offset=STATUS_BYTES,
        )
        pixels: Pixels = slots[batch.slot, : len(batch.samples)]
        return pixels
