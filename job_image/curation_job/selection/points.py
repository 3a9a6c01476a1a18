"""Embeddings as points on the unit sphere, on a grid so fine that nobody notices.

Every embedding is scaled to length 1 and its coordinates are rounded to multiples of 2^-25, about
what single precision does anyway. On this grid distances come out without any rounding, so that
processors, GPUs and any number of threads agree on each of them to the last bit.
"""

# N samples, D embedding dimensions, R rows looked at.

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from curation_job.selection import kernels
from curation_job.selection.errors import UnusableDataError, some_of

Embeddings = NDArray[np.floating] | Sequence[NDArray[np.floating]]
Rows = NDArray[np.intp]
Points = NDArray[np.float32]

# What is read and converted in one go: little memory, but worth the start of several threads.
BLOCK_BYTES = 32 * 2**20

# Points that need more than half of this are not kept, but made anew whenever they are needed.
DEFAULT_MEMORY_BYTES = 2 * 2**30


def row_number(row: int) -> str:
    """What to call a row that has no name."""
    return f"row {row}"


@dataclass(frozen=True, slots=True)
class Flaws:
    """Rows that have no direction, and so no distance from others."""

    not_finite: list[int]
    zero: list[int]


def count_rows(embeddings: Embeddings) -> int:
    """How many embeddings there are."""
    return len(embeddings) if isinstance(embeddings, np.ndarray) else sum(map(len, embeddings))


def find_flaws(embeddings: Embeddings) -> Flaws:
    """The rows that a selection refuses, for a caller that would rather leave them out."""
    shards = shards_of(embeddings)
    return _look_at(shards, np.empty((0, shards[0].shape[1]), np.float32))


class PointSource:
    """Points by row number: kept in memory where they fit, read again where they do not.

    Embeddings are one array, or several of one width that count as one below the other; of half,
    single or double precision; in memory or mapped from files.
    """

    def __init__(
        self,
        embeddings: Embeddings,
        *,
        memory_bytes: int = DEFAULT_MEMORY_BYTES,
        name_of: Callable[[int], str] = row_number,
    ) -> None:
        self._shards = shards_of(embeddings)
        self.count = count_rows(self._shards)
        self.width = int(self._shards[0].shape[1])
        fits = self.count * self.width * 4 <= memory_bytes // 2
        self.kept = np.empty((self.count if fits else 0, self.width), np.float32)
        _refuse(_look_at(self._shards, self.kept), self.count, name_of)

    @property
    def is_kept(self) -> bool:
        """Whether `kept` holds every point."""
        return len(self.kept) == self.count

    def read(self, rows_R: Rows) -> Points:
        """The points of these rows, in this order."""
        if self.is_kept:
            return self.kept[rows_R]
        return _points_of(rows_of(self._shards, rows_R))

    def blocks(self, rows_R: Rows) -> Iterator[tuple[slice, Points]]:
        """The points of these rows a part at a time, and which part it is."""
        size = _rows_in_a_block(self.width)
        for start in range(0, len(rows_R), size):
            part = slice(start, start + size)
            yield part, self.read(rows_R[part])

    def squared_to(self, target_D: Points, rows_R: Rows) -> NDArray[np.float64]:
        """The squared distance of each of these rows to one point."""
        squared_R = np.empty(len(rows_R))
        for part, points_RD in self.blocks(rows_R):
            kernels.squared_to(points_RD, target_D[None], squared_R[part])
        return squared_R


def shards_of(embeddings: Embeddings) -> list[NDArray[np.floating]]:
    """The tables that embeddings consist of, if they are what can be compared."""
    if isinstance(embeddings, np.ndarray):
        embeddings = [embeddings]
    shards = [np.asanyarray(shard) for shard in embeddings]
    if not count_rows(shards):
        raise UnusableDataError(
            "There are no embeddings to select from",
            fix="Check that the input has samples and that some are left after checks and filters",
        )
    for shard in shards:
        if shard.ndim != 2 or shard.shape[1] == 0 or shard.dtype.kind != "f":
            raise UnusableDataError(
                f"Embeddings must be a table of numbers, one row a sample:"
                f" got shape {shard.shape} of {shard.dtype}",
                fix="Give float16, float32 or float64 numbers with one row a sample",
            )
    widths = sorted({shard.shape[1] for shard in shards})
    if len(widths) > 1:
        raise UnusableDataError(
            f"Embeddings of different widths cannot be compared: {', '.join(map(str, widths))}",
            fix="Embed all samples with one model",
        )
    return [shard for shard in shards if len(shard)]


def rows_of(shards: Sequence[NDArray[np.floating]], rows_R: Rows) -> NDArray[np.floating]:
    """These rows of tables that count as one below the other."""
    ends = np.cumsum([len(shard) for shard in shards])
    table_RD = np.empty((len(rows_R), shards[0].shape[1]), np.result_type(*shards))
    shard_R = np.searchsorted(ends, rows_R, side="right")
    for number in np.unique(shard_R):
        here_R = shard_R == number
        start = ends[number] - len(shards[number])
        table_RD[here_R] = shards[number][rows_R[here_R] - start]
    return table_RD


def _rows_in_a_block(width: int) -> int:
    return max(1, BLOCK_BYTES // (4 * width))


def _look_at(shards: Sequence[NDArray[np.floating]], kept: Points) -> Flaws:
    """Find what is wrong with any row, and leave the points in `kept` if it has room for them."""
    flaws = Flaws([], [])
    row = 0
    for shard in shards:
        size = _rows_in_a_block(shard.shape[1])
        for start in range(0, len(shard), size):
            raw_RD = shard[start : start + size]
            flaws_R = _put_points(raw_RD, kept[row : row + len(raw_RD)] if len(kept) else None)
            flaws.not_finite.extend((row + np.flatnonzero(flaws_R == kernels.NOT_FINITE)).tolist())
            flaws.zero.extend((row + np.flatnonzero(flaws_R == kernels.ZERO)).tolist())
            row += len(raw_RD)
    return flaws


def _points_of(raw_RD: NDArray[np.floating]) -> Points:
    points_RD = np.empty(raw_RD.shape, np.float32)
    _put_points(raw_RD, points_RD)
    return points_RD


def _put_points(raw_RD: NDArray[np.floating], points_RD: Points | None) -> NDArray[np.uint8]:
    """Leave the points of some rows where there is room for them; returns what is wrong."""
    if points_RD is None:
        points_RD = np.empty(raw_RD.shape, np.float32)
    flaws_R = np.zeros(len(raw_RD), np.uint8)
    kernels.unit_rows(_as_computed(raw_RD), points_RD, flaws_R)
    return flaws_R


def _as_computed(raw_RD: NDArray[np.floating]) -> NDArray[np.floating]:
    """The same numbers in single or double precision, in an array that may be written to."""
    if raw_RD.dtype == np.float16:
        single_RD = np.empty(raw_RD.shape, np.float32)
        kernels.widen(np.array(raw_RD).view(np.uint16), _all_halves(), single_RD)
        return single_RD
    # A copy of what may not be written to, such as a mapped file: another type to the compiler.
    computed = np.float32 if raw_RD.dtype == np.float32 else np.float64
    return np.require(raw_RD, computed, ["C", "W"])


@cache
def _all_halves() -> NDArray[np.float32]:
    return np.arange(2**16, dtype=np.uint16).view(np.float16).astype(np.float32)


def _refuse(flaws: Flaws, count: int, name_of: Callable[[int], str]) -> None:
    complaints = [
        f"{len(rows):,} of {count:,} embeddings {what}: {some_of(rows, name_of)}"
        for rows, what in (
            (flaws.not_finite, "have values that are not finite numbers"),
            (flaws.zero, "are zero in every value and so have no direction"),
        )
        if rows
    ]
    if complaints:
        raise UnusableDataError(
            ". ".join(complaints), fix="Leave these samples out, or embed them again"
        )
