"""The work queue: what waits waits once, and is worked on by one at a time."""

import asyncio

from curation_operator.queue import LONGEST_BACKOFF_SECONDS, WorkQueue


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Nobody:
    """Measures nothing."""

    def taken(self, key: str, waited_seconds: float) -> None: ...

    def retried(self, key: str) -> None: ...


def a_queue(clock: Clock) -> WorkQueue[str]:
    return WorkQueue(Nobody(), clock)


async def test_a_key_that_is_added_often_is_taken_once() -> None:
    clock = Clock()
    queue = a_queue(clock)
    for _ in range(3):
        queue.add("cow")
    clock.now = 1

    assert await queue.take() == "cow"

    assert len(queue) == 0


async def test_what_changes_while_it_is_worked_on_is_looked_at_again_afterwards() -> None:
    clock = Clock()
    queue = a_queue(clock)
    queue.add("cow", after=0)
    key = await queue.take()

    queue.add("cow", after=0)
    assert len(queue) == 0  # Not beside the one who works on it.
    queue.done(key)

    assert await queue.take() == "cow"


async def test_the_earlier_wish_counts() -> None:
    clock = Clock()
    queue = a_queue(clock)
    queue.add("cow", after=60)
    queue.add("cow", after=5)
    queue.add("cow", after=30)

    assert queue.next_due() == 5


async def test_a_key_that_fails_comes_later_each_time_and_success_is_forgiving() -> None:
    clock = Clock()
    queue = a_queue(clock)
    queue.add("cow", after=0)
    delays = []
    for _ in range(20):
        delays.append(queue.failed(await queue.take()))
        clock.now += delays[-1]

    assert 0.5 <= delays[0] <= 1
    assert LONGEST_BACKOFF_SECONDS / 2 <= delays[-1] <= LONGEST_BACKOFF_SECONDS
    queue.done(await queue.take(), again_after=0)
    assert queue.failed(await queue.take()) <= 1


async def test_whoever_waits_for_work_is_woken_by_it() -> None:
    queue = a_queue(Clock())
    waiting = asyncio.create_task(queue.take())
    await asyncio.sleep(0)

    queue.add("cow", after=0)

    assert await waiting == "cow"


async def test_what_is_urgent_is_taken_before_what_waits_longer() -> None:
    clock = Clock()
    queue = a_queue(clock)
    for sheep in ("dolly", "shaun"):
        queue.add(sheep, after=0)
    clock.now = 60

    queue.add("newborn", after=0, is_urgent=True)

    assert [await queue.take() for _ in range(3)] == ["newborn", "dolly", "shaun"]


async def test_what_is_urgent_and_not_yet_due_holds_nobody_up() -> None:
    clock = Clock()
    queue = a_queue(clock)
    queue.add("newborn", after=1, is_urgent=True)
    queue.add("dolly", after=0)

    assert await queue.take() == "dolly"


async def test_what_becomes_urgent_while_it_waits_is_taken_once() -> None:
    queue = a_queue(Clock())
    queue.add("cow", after=60)
    queue.add("cow", after=0, is_urgent=True)

    assert await queue.take() == "cow"

    queue.done("cow")
    assert queue.next_due() == float("inf")
