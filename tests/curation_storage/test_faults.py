"""Bad networks and bad servers: never a wrong byte, never a hang, and the right word in the end."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from curation_api import ExitCode, Reason
from curation_storage import (
    ConflictError,
    Patience,
    ReadLimits,
    ThrottledError,
    UnreachableError,
)
from tests.support.servers.fault_proxy import FaultProxy, Faults, refusal, running_proxy
from tests.support.servers.session import Servers
from tests.support.storage_places import StoragePlace, a_place, port_of, through

NETWORKED = ("s3", "gcs", "azure")
SHORT = Patience(
    connect_seconds=2, silence_seconds=2, deadline_seconds=20, attempts=4, first_pause_seconds=0.02
)
MEGABYTE = 2**20


@pytest.fixture(params=NETWORKED)
def place(request: pytest.FixtureRequest, servers: Servers, tmp_path: Path) -> StoragePlace:
    return a_place(request.param, servers, tmp_path)


@pytest.fixture
def proxy(place: StoragePlace, servers: Servers) -> Iterator[FaultProxy]:
    with running_proxy(port_of(place, servers)) as proxy:
        yield proxy


@pytest.fixture
def far(place: StoragePlace, proxy: FaultProxy) -> StoragePlace:
    """The same place, with the proxy in between."""
    return replace(through(place, proxy.address), patience=SHORT)


def starts_of_ranges(faults: Faults) -> list[int]:
    """Where each request for a part of a file begins."""
    lines = [line.lower() for head in faults.heads for line in head.splitlines()]
    ranges = [line for line in lines if line.startswith(("range:", "x-ms-range:"))]
    return [int(line.partition("=")[2].partition("-")[0]) for line in ranges]


@pytest.mark.parametrize("cut_by", ["reset", "close"])
def test_a_large_file_whose_connection_breaks_is_read_on(
    place: StoragePlace, far: StoragePlace, proxy: FaultProxy, cut_by: Literal["reset", "close"]
) -> None:
    size = (50 if place.provider == "s3" else 10) * MEGABYTE
    content = os.urandom(size)
    place.put("large.bin", content)
    proxy.faults.cut_by = cut_by
    proxy.faults.cut_after_bytes, proxy.faults.cuts = size // 2, 1

    assert far.open_input().read("large.bin") == content
    (went_on_from,) = starts_of_ranges(proxy.faults)
    assert size // 4 < went_on_from <= size // 2


def test_a_file_is_read_however_often_its_connection_breaks(
    place: StoragePlace, far: StoragePlace, proxy: FaultProxy
) -> None:
    content = os.urandom(6 * MEGABYTE)
    place.put("large.bin", content)
    proxy.faults.cut_after_bytes, proxy.faults.cuts = 2 * MEGABYTE + 5000, 1000

    assert far.open_input().read("large.bin") == content


def test_a_part_of_a_file_is_read_on_as_well(
    place: StoragePlace, far: StoragePlace, proxy: FaultProxy
) -> None:
    content = os.urandom(4 * MEGABYTE)
    place.put("large.bin", content)
    proxy.faults.cut_after_bytes, proxy.faults.cuts = 2 * MEGABYTE, 1

    part = far.open_input().read("large.bin", start=1000, length=3 * MEGABYTE)

    assert part == content[1000 : 1000 + 3 * MEGABYTE]


def test_a_file_that_never_gets_anywhere_is_given_up(
    place: StoragePlace, far: StoragePlace, proxy: FaultProxy
) -> None:
    place.put("a.jpg", b"x" * 5000)
    bucket = far.open_input()
    bucket.read("a.jpg")
    proxy.faults.cut_after_bytes, proxy.faults.cuts = 100, 1000
    before = proxy.faults.requests

    with pytest.raises(UnreachableError) as error:
        bucket.read("a.jpg")

    assert error.value.problem.exit_code is ExitCode.TEMPORARY
    assert proxy.faults.requests - before == SHORT.attempts


def test_a_file_that_is_replaced_while_it_is_read_is_never_a_mixture(
    place: StoragePlace, far: StoragePlace, proxy: FaultProxy
) -> None:
    place.put("a.bin", b"a" * 4 * MEGABYTE)
    proxy.faults.cut_by = "close"
    proxy.faults.cut_after_bytes, proxy.faults.cuts = 2 * MEGABYTE, 1
    pieces = far.open_input()._pieces("a.bin")
    next(pieces)

    place.put("a.bin", b"b" * 4 * MEGABYTE)

    with pytest.raises(ConflictError):
        list(pieces)


def test_a_store_that_stalls_is_asked_again(
    place: StoragePlace, far: StoragePlace, proxy: FaultProxy
) -> None:
    content = os.urandom(3 * MEGABYTE)
    place.put("a.bin", content)
    proxy.faults.stall_after_bytes, proxy.faults.stall_seconds = 2 * MEGABYTE, 5
    proxy.faults.stalls = 1

    assert far.open_input().read("a.bin") == content
    assert len(starts_of_ranges(proxy.faults)) == 1


def test_a_stall_that_is_not_too_long_is_waited_for(
    place: StoragePlace, far: StoragePlace, proxy: FaultProxy
) -> None:
    content = os.urandom(3 * MEGABYTE)
    place.put("a.bin", content)
    proxy.faults.stall_after_bytes, proxy.faults.stall_seconds = 2 * MEGABYTE, 0.3
    proxy.faults.stalls = 1

    assert far.open_input().read("a.bin") == content
    assert starts_of_ranges(proxy.faults) == []


def test_a_store_that_says_nothing_at_all_is_given_up(
    place: StoragePlace, proxy: FaultProxy
) -> None:
    hurried = Patience(connect_seconds=1, silence_seconds=1, deadline_seconds=2, attempts=2)
    far = replace(through(place, proxy.address), patience=hurried)
    proxy.faults.is_black_hole = True

    with pytest.raises(UnreachableError, match="timed out"):
        list(far.open_input().list())
    with pytest.raises(UnreachableError, match="timed out"):
        far.open_input().read("a.jpg")


def test_a_store_that_is_busy_is_asked_again(
    place: StoragePlace, far: StoragePlace, proxy: FaultProxy
) -> None:
    place.put("a.jpg", b"content")
    bucket = far.open_input()
    list(bucket.list())

    proxy.faults.answers.extend([refusal(503, "SlowDown")] * 2)
    assert [file.name for file in bucket.list()] == ["a.jpg"]

    proxy.faults.answers.extend([refusal(503, "SlowDown")] * 2)
    assert bucket.read("a.jpg") == b"content"


@pytest.mark.parametrize(
    ("answer", "word", "reason"),
    [
        (refusal(503, "SlowDown"), ThrottledError, Reason.THROTTLED),
        (refusal(429, "TooManyRequests"), ThrottledError, Reason.THROTTLED),
        (refusal(500, "InternalError"), UnreachableError, Reason.UNREACHABLE),
        (refusal(502, ""), UnreachableError, Reason.UNREACHABLE),
    ],
)
def test_a_store_that_stays_busy_or_broken_is_given_up(
    far: StoragePlace,
    proxy: FaultProxy,
    answer: bytes,
    word: type[Exception],
    reason: Reason,
) -> None:
    bucket = far.open_lightly()
    bucket.write(".lightly/a", b"")

    for action in (
        lambda: list(bucket.list()),
        lambda: bucket.read(".lightly/a"),
        lambda: bucket.write(".lightly/a", b""),
    ):
        proxy.faults.answers.extend([answer] * SHORT.attempts)
        with pytest.raises(word) as error:
            action()
        assert error.value.problem.reason is reason  # type: ignore[attr-defined]
        assert not proxy.faults.answers


def test_a_broken_listing_neither_loses_nor_repeats_a_file(
    place: StoragePlace, far: StoragePlace, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("s3", "gcs", "azure"):
        monkeypatch.setattr(f"curation_storage.{module}.FILES_PER_PAGE", 10)
    wanted = [f"{number:03}.jpg" for number in range(45)]
    for name in wanted:
        place.put(name)
    listing = far.open_input().list()
    found = [next(listing).name]

    proxy.faults.cut_after_bytes, proxy.faults.cuts = 1500, 2
    proxy.faults.answers.append(refusal(503, "SlowDown"))
    found += [file.name for file in listing]

    assert found == wanted


def test_a_broken_write_is_repeated(far: StoragePlace, proxy: FaultProxy) -> None:
    bucket = far.open_lightly()
    bucket.write(".lightly/first", b"")
    proxy.faults.cut_after_bytes, proxy.faults.cuts = 10, 2

    bucket.write(".lightly/a", b"content")

    assert bucket.read(".lightly/a") == b"content"


def test_who_was_first_knows_it_even_if_the_answer_got_lost(
    far: StoragePlace, proxy: FaultProxy
) -> None:
    bucket = far.open_lightly()
    bucket.write(".lightly/first", b"")
    proxy.faults.cut_after_bytes, proxy.faults.cuts = 10, 1

    assert bucket.write_if_absent(".lightly/a", b"mine")
    assert not bucket.write_if_absent(".lightly/a", b"another's")


def test_many_files_over_a_bad_network_are_all_right(
    place: StoragePlace, far: StoragePlace, proxy: FaultProxy
) -> None:
    wanted = {f"{number}.bin": os.urandom(20_000) for number in range(40)}
    for name, content in wanted.items():
        place.put(name, content)
    proxy.faults.cut_after_bytes, proxy.faults.cuts = 9000, 15
    proxy.faults.answers.extend([refusal(503, "SlowDown")] * 5)

    assert dict(far.open_input().read_many(wanted)) == wanted


def test_one_file_that_cannot_be_read_does_not_end_the_reading_of_many(
    place: StoragePlace, far: StoragePlace, proxy: FaultProxy
) -> None:
    place.put("good.jpg", b"good")
    place.put("bad.jpg", b"bad")
    bucket = far.open_input()
    bucket.read("good.jpg")
    proxy.faults.answers.extend([refusal(500, "InternalError")] * SHORT.attempts)

    read = dict(bucket.read_many(["bad.jpg"]))

    assert isinstance(read["bad.jpg"], UnreachableError)
    assert dict(bucket.read_many(["good.jpg"])) == {"good.jpg": b"good"}


def test_a_store_that_has_stopped_to_answer_ends_the_reading_of_many(
    far: StoragePlace, proxy: FaultProxy
) -> None:
    bucket = far.open_input()
    bucket.exists("a.jpg")
    proxy.faults.answers.extend([refusal(500, "InternalError")] * 1000)

    with pytest.raises(UnreachableError):
        list(bucket.read_many([f"{n}.jpg" for n in range(100)], ReadLimits(at_once=4)))
