"""A work queue: each key waits once, is worked on by one at a time, and comes back when due."""

import asyncio
import contextlib
import heapq
import itertools
import random
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

K = TypeVar("K", bound=Hashable)

# Events come in swarms; one look shortly after the first sees them all.
DEBOUNCE_SECONDS = 0.1

FIRST_BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 1.0, 300.0


class QueueWatcher(Protocol[K]):  # type: ignore[misc]
    """Whoever measures the queue."""

    def taken(self, key: K, waited_seconds: float) -> None:
        """A key is being worked on, so long after it was due."""

    def retried(self, key: K) -> None:
        """A key failed and will come again."""


class WorkQueue(Generic[K]):
    """Keys that wait for a look. Not for threads."""

    def __init__(self, watcher: QueueWatcher[K], clock: Callable[[], float]) -> None:
        self._watcher, self._clock = watcher, clock
        self._due: dict[K, float] = {}
        self._urgent: list[tuple[float, int, K]] = []
        self._others: list[tuple[float, int, K]] = []
        self._order = itertools.count()  # Keys need not be comparable.
        self._at_work: dict[K, float] = {}
        self._again: dict[K, float] = {}
        self._failures: dict[K, int] = {}
        self._changed, self._idle = asyncio.Event(), asyncio.Event()
        self._idle.set()

    def add(self, key: K, *, after: float = DEBOUNCE_SECONDS, is_urgent: bool = False) -> None:
        """Have the key looked at, at the latest after so many seconds; before others if urgent."""
        due = self._clock() + after
        waiting = self._again if key in self._at_work else self._due
        if due < waiting.get(key, float("inf")):
            waiting[key] = due
            if waiting is self._due:
                heap = self._urgent if is_urgent else self._others
                heapq.heappush(heap, (due, next(self._order), key))
                self._changed.set()

    async def take(self) -> K:
        """Wait for the next key that is due. Whoever takes it says `done` or `failed`."""
        while True:
            key, wait = self._next()
            if key is not None:
                return key
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                # Not `wait_for`: before Python 3.12 it may swallow that we are cancelled.
                async with asyncio.timeout(wait):
                    await self._changed.wait()

    def _next(self) -> tuple[K | None, float | None]:
        """A key that is due; or how long until one is."""
        now = self._clock()
        waits = []
        for heap in (self._urgent, self._others):
            while heap and self._due.get(heap[0][2]) != heap[0][0]:
                heapq.heappop(heap)  # It was moved to an earlier time.
            if not heap:
                continue
            due, _, key = heap[0]
            if due <= now:
                heapq.heappop(heap)
                self._begin(key, due, now)
                return key, None
            waits.append(due - now)
        return None, min(waits, default=None)

    def _begin(self, key: K, due: float, now: float) -> None:
        del self._due[key]
        self._at_work[key] = now
        self._idle.clear()
        self._watcher.taken(key, now - due)

    def done(self, key: K, *, again_after: float | None = None) -> None:
        """The key has been looked at, and should be again after so many seconds."""
        self._failures.pop(key, None)
        self._put_back(key)
        if again_after is not None:
            self.add(key, after=again_after)

    def failed(self, key: K) -> float:
        """The key could not be looked at; it comes again, later each time. Says after how long."""
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        longest = min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2.0 ** (failures - 1))
        delay = longest * random.uniform(0.5, 1.0)  # noqa: S311
        self._again.pop(key, None)
        self._put_back(key)
        self.add(key, after=delay)
        self._watcher.retried(key)
        return delay

    def _put_back(self, key: K) -> None:
        del self._at_work[key]
        if not self._at_work:
            self._idle.set()
        again = self._again.pop(key, None)
        if again is not None:
            self.add(key, after=max(0.0, again - self._clock()))

    def __contains__(self, key: K) -> bool:
        """Whether the key waits or is being worked on."""
        return key in self._due or key in self._at_work

    def __len__(self) -> int:
        """How many keys are due and not yet worked on."""
        now = self._clock()
        return sum(due <= now for due in self._due.values())

    def next_due(self) -> float:
        """In how many seconds the next key is due; infinity when nothing waits."""
        return min(self._due.values(), default=float("inf")) - self._clock()

    async def is_idle(self) -> None:
        """Wait until nothing is being worked on."""
        await self._idle.wait()

    def longest_at_work(self) -> float:
        """How long the slowest look has been going on."""
        now = self._clock()
        return max((now - since for since in self._at_work.values()), default=0.0)
