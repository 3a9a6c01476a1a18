"""Reads many files at once, within limits, and hands them over as they arrive."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

Read = Callable[[str, Callable[[int], None]], T]
"""Reads the file of a key; calls back with its size before the content takes any memory."""


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """How much may happen at the same time."""

    at_once: int = 32
    """Requests that wait for an answer."""
    ahead: int = 256
    """Files that are on their way or here, and not taken yet."""
    bytes_ahead: int = 256 * 2**20
    """The same in bytes; a file that is larger than all of it is read alone."""


def read_ahead(read: Read[T], keys: Iterable[str], limits: ReadLimits) -> Iterator[tuple[str, T]]:
    """Results in the order of their arrival. Closing the iterator stops everything."""
    reading = _Reading(read, keys, limits)
    try:
        yield from reading.results()
    finally:
        reading.stop()


class _Budget:
    """Bytes that may be in memory."""

    def __init__(self, size: int) -> None:
        self._size, self._taken, self._is_open = size, 0, True
        self._changed = threading.Condition()

    def take(self, amount: int) -> None:
        amount = min(amount, self._size)
        with self._changed:
            self._changed.wait_for(lambda: not self._is_open or self._taken + amount <= self._size)
            self._taken += amount

    def give_back(self, amount: int) -> None:
        with self._changed:
            self._taken -= min(amount, self._size)
            self._changed.notify_all()

    def close(self) -> None:
        """Nobody takes results any more: let whoever waits come to an end."""
        with self._changed:
            self._is_open = False
            self._changed.notify_all()


@dataclass(frozen=True, slots=True)
class _Arrived(Generic[T]):
    key: str
    content: T
    size: int


class _Reading(Generic[T]):
    """One thread takes keys, several read, and the caller's takes results.

    All are daemons: a thread that waits for a key or for a store must not keep a program alive.
    """

    def __init__(self, read: Read[T], keys: Iterable[str], limits: ReadLimits) -> None:
        self._read = read
        self._readers = limits.at_once
        self._budget = _Budget(limits.bytes_ahead)
        self._room = threading.Semaphore(limits.ahead)
        self._keys: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[_Arrived[T] | Exception | None] = queue.SimpleQueue()
        self._is_stopped = False
        threading.Thread(target=self._take_keys, args=(keys,), daemon=True).start()
        for _ in range(self._readers):
            threading.Thread(target=self._read_files, daemon=True).start()

    def results(self) -> Iterator[tuple[str, T]]:
        at_work = self._readers
        while at_work:
            arrived = self._results.get()
            if isinstance(arrived, Exception):
                raise arrived
            if arrived is None:
                at_work -= 1
                continue
            yield arrived.key, arrived.content
            self._budget.give_back(arrived.size)
            self._room.release()

    def stop(self) -> None:
        self._is_stopped = True
        self._budget.close()
        self._room.release()
        self._let_readers_go()

    def _take_keys(self, keys: Iterable[str]) -> None:
        try:
            for key in keys:
                self._room.acquire()
                if self._is_stopped:
                    return
                self._keys.put(key)
        except Exception as error:  # noqa: BLE001  for the caller, whose iterator it is
            self._results.put(error)
        self._let_readers_go()

    def _let_readers_go(self) -> None:
        for _ in range(self._readers):
            self._keys.put(None)

    def _read_files(self) -> None:
        while (key := self._keys.get()) is not None and not self._is_stopped:
            size = 0

            def take(amount: int) -> None:
                nonlocal size
                size = amount
                self._budget.take(amount)

            try:
                content = self._read(key, take)
            except Exception as error:  # noqa: BLE001  for the caller
                self._results.put(error)
                return
            self._results.put(_Arrived(key, content, size))
        self._results.put(None)
