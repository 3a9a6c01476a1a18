"""Greedy selection without looking at everything: rounds of a few contenders.

Every gain here can only shrink while samples are picked. What a sample's gain was some picks ago is
therefore a bound: the sample cannot be next while another one's gain, up to date, is larger. So a
round looks at the samples with the largest bounds, brings those up to date, and picks among them
until the best of them falls to where others might be better. The picks are those of the plain
loop that looks at every sample before every pick.
"""

# N samples, R rows looked at.

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from curation_job.selection.points import Rows

OUT = -np.inf

# Contenders wanted in a round: more make each pick dearer, fewer make more rounds.
POOL = 512

# A floor for millions of samples can be found from some of them.
SAMPLE = 10_000


class Race(Protocol):
    """Samples that compete for the next pick."""

    bound_N: NDArray[np.float64]
    """The most that each sample can gain; OUT for those that take no part any more."""

    def renew(self) -> None:
        """Lower all bounds as far as is possible without measuring anything."""

    def refresh(self, rows_R: Rows, floor: float) -> None:
        """Bring the bounds of these rows up to date, at least those that stay above the floor."""

    def pick(self, rows_R: Rows, floor: float, count: int) -> list[int]:
        """Pick greedily among these rows while the best is above the floor.

        Of equal rows the first is picked. The rows are up to date; picks are OUT afterwards.
        """


def run(race: Race, count: int, rank_N: Rows | None) -> list[int]:
    """The picks in order, at most `count`. Equal samples are picked by rank, or by row."""
    picks: list[int] = []
    while len(picks) < count:
        race.renew()
        rows_R, floor = _contenders(race, rank_N)
        if not len(rows_R):
            break
        picks += race.pick(rows_R, floor, count - len(picks))
    return picks


def _contenders(race: Race, rank_N: Rows | None) -> tuple[Rows, float]:
    """Some rows that are up to date, by rank, and a floor that no other row is above."""
    want = POOL
    while True:
        floor = _bound_number(want, race.bound_N)
        rows_R, floor = _above(floor, race.bound_N, None, rank_N)
        race.refresh(rows_R, floor)
        fresh_R = rows_R[race.bound_N[rows_R] > floor]
        if floor == OUT or len(fresh_R) >= min(len(rows_R), POOL) // 4:
            break
        # Widen by how few of the rows turned out to be contenders, though not by leaps.
        hits = max(1, len(fresh_R))
        want = max(2 * want, min(POOL * len(rows_R) // (2 * hits), 8 * want))
    if len(fresh_R) > 2 * POOL:
        fresh_N = race.bound_N[fresh_R]
        fresh_R, floor = _above(_number(2 * POOL, fresh_N), fresh_N, fresh_R, rank_N)
    return by_rank(fresh_R, rank_N), floor


def _above(
    floor: float, bound_X: NDArray[np.float64], rows_X: Rows | None, rank_N: Rows | None
) -> tuple[Rows, float]:
    """The rows above the floor, or the first of the best where too many are equal."""
    at = np.flatnonzero(bound_X > floor)
    some_equals = not len(at) and floor > OUT
    if some_equals:
        # None of those left out comes before the first, so that these may fall to their own level.
        floor = float(np.nextafter(floor, OUT))
        at = np.flatnonzero(bound_X > floor)
    rows_R = at if rows_X is None else rows_X[at]
    return (by_rank(rows_R, rank_N)[:POOL] if some_equals else rows_R), floor


def _bound_number(want: int, bound_N: NDArray[np.float64]) -> float:
    """A floor that about `want` bounds are above; which one it is changes no pick."""
    step = max(1, len(bound_N) // SAMPLE)
    floor = _number(want // step, bound_N[::step])
    return floor if floor > OUT or step == 1 else _number(want, bound_N)


def _number(want: int, values: NDArray[np.float64]) -> float:
    """A value that `want` others at most are above; OUT if there are not so many."""
    if want >= len(values):
        return OUT
    return float(np.partition(values, -want - 1)[-want - 1])


def by_rank(rows_R: Rows, rank_N: Rows | None) -> Rows:
    """Rows in the order of their names."""
    return rows_R if rank_N is None else rows_R[np.argsort(rank_N[rows_R])]
