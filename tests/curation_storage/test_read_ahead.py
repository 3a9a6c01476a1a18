"""Reading ahead keeps its limits, whatever arrives when, and ends when nobody takes any more."""

import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation_storage.read_ahead import ReadLimits, read_ahead
from tools.waiting import wait_until

_limits = st.builds(
    ReadLimits,
    at_once=st.integers(1, 6),
    ahead=st.integers(1, 8),
    bytes_ahead=st.integers(1, 500),
)


def at_once(key: str, _: Callable[[int], None]) -> str:
    return key


class Meter:
    """Reads files of known sizes, and keeps count of what is in memory."""

    def __init__(self, sizes: dict[str, int]) -> None:
        self._sizes = sizes
        self._lock = threading.Lock()
        self.held = self.largest_held = self.at_work = self.most_at_work = 0

    def read(self, key: str, take: Callable[[int], None]) -> int:
        with self._lock:
            self.at_work += 1
            self.most_at_work = max(self.most_at_work, self.at_work)
        take(self._sizes[key])
        with self._lock:
            self.held += self._sizes[key]
            self.largest_held = max(self.largest_held, self.held)
            self.at_work -= 1
        return self._sizes[key]

    def taken(self, size: int) -> None:
        with self._lock:
            self.held -= size


@given(st.lists(st.integers(0, 200), max_size=40), _limits)
def test_no_more_is_in_memory_than_allowed(sizes: list[int], limits: ReadLimits) -> None:
    wanted = {str(number): size for number, size in enumerate(sizes)}
    meter = Meter(wanted)
    read: dict[str, int] = {}

    for key, size in read_ahead(meter.read, wanted, limits):
        meter.taken(size)
        read[key] = size

    assert read == wanted
    # One that is larger than all of it is read alone.
    assert meter.largest_held <= max([limits.bytes_ahead, *sizes])
    assert meter.most_at_work <= limits.at_once


@given(st.integers(0, 30), _limits)
def test_no_more_keys_are_taken_than_there_is_room_for(count: int, limits: ReadLimits) -> None:
    asked = 0

    def keys() -> Iterator[str]:
        nonlocal asked
        for number in range(count):
            asked += 1
            yield str(number)

    for done, _ in enumerate(read_ahead(at_once, keys(), limits)):
        assert asked <= done + 1 + limits.ahead + 1


def test_who_stops_to_take_stops_the_reading() -> None:
    before = threading.active_count()
    endless = (str(number) for number in iter(int, 1))
    reading = read_ahead(at_once, endless, ReadLimits(at_once=4, ahead=4))
    next(reading)

    reading.close()  # type: ignore[attr-defined]

    wait_until(lambda: threading.active_count() <= before, seconds=10, what="all threads end")


def test_what_goes_wrong_with_the_names_is_raised() -> None:
    def names() -> Iterator[str]:
        yield "a"
        raise LookupError("no more names")

    with pytest.raises(LookupError, match="no more names"):
        list(read_ahead(at_once, names(), ReadLimits()))
