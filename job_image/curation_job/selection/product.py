"""All objectives together: the sample with the largest product of objective^strength is next."""

# C candidates, G kinds, N samples, R rows looked at.

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile, zip_longest

import numpy as np
from numpy.typing import NDArray

from curation_job.selection import rounds
from curation_job.selection.farthest import first_of_the_largest
from curation_job.selection.moving import Moving, MovingDiversity
from curation_job.selection.points import Points, Rows

# With fewer samples of a kind than this, the rounds are no slower.
WORTH_KINDS = 16


@dataclass(slots=True)
class Purse:
    """Values of picks add up in it, and nothing is picked that would make it overflow."""

    values_N: NDArray[np.float64]
    size: float
    spent: float = 0.0

    def has_room_for(self, row: int) -> bool:
        """Whether this row can be picked."""
        return self.spent + float(self.values_N[row]) <= self.size

    def spend(self, row: int) -> None:
        """Add the value of this row."""
        self.spent += float(self.values_N[row])


class ProductRace:
    """A race that is led by the sample with the largest sum of potentials."""

    def __init__(
        self, constant_N: NDArray[np.float64], moving: Sequence[Moving], purses: Sequence[Purse]
    ) -> None:
        self._constant_N = constant_N.copy()
        self._moving = moving
        self._distant = [entry for entry in moving if isinstance(entry, MovingDiversity)]
        self._purses = purses
        self.bound_N = constant_N.copy()
        candidates_C = np.flatnonzero(constant_N > rounds.OUT)
        self.bound_N[candidates_C] = self._total(candidates_C)
        self.gains: list[list[float]] = []
        """For each pick, what it gained in each of the moving objectives."""
        self.is_over = False
        """Whether the race ended because a purse was full."""

    def run(self, count: int, rank_N: Rows | None) -> list[int]:
        """The picks in order, at most `count`."""
        rows_C = rounds.by_rank(np.flatnonzero(self.bound_N > rounds.OUT), rank_N)
        if not self._moving:
            return self._take_in_order(rows_C, count)
        if not self._distant:
            kind_C = _kinds(self._moving, rows_C)
            if kind_C.max(initial=-1) < len(rows_C) / WORTH_KINDS:
                return self._run_by_kind(rows_C, kind_C, count, rank_N)
        picks: list[int] = []
        while len(picks) < count and not self.is_over:
            if all(objective.only_falls for objective in self._moving):
                return picks + rounds.run(self, count - len(picks), rank_N)
            everyone = rounds.by_rank(np.flatnonzero(self.bound_N > rounds.OUT), rank_N)
            if not len(everyone):
                break
            self.refresh(everyone, rounds.OUT)
            picks += self.pick(everyone, rounds.OUT, 1)
        return picks

    def renew(self) -> None:
        """Lower all bounds to what balance leaves of them, where distances make it worth it."""
        if 0 < len(self._distant) < len(self._moving):
            rows = np.flatnonzero(self.bound_N > rounds.OUT)
            self.bound_N[rows] = self._total(rows)

    def refresh(self, rows_R: Rows, floor: float) -> None:
        """Bring the bounds of these rows up to date, at least those that stay above the floor."""
        total_R = self._total(rows_R)
        for objective in self._distant:
            with np.errstate(invalid="ignore"):  # a row just barred has no total, and no room
                room_R = floor - (total_R - objective.potential(rows_R))
            objective.cover(rows_R, room_R)
            total_R = self._total(rows_R)
        if self._distant:
            # A row behind that rounding leaves above the floor is measured after all.
            is_above_R = total_R > floor
            self._cover_all(rows_R[is_above_R])
            total_R[is_above_R] = self._total(rows_R[is_above_R])
        self.bound_N[rows_R] = total_R

    def pick(self, rows_R: Rows, floor: float, count: int) -> list[int]:
        """Pick the best of these rows while it is above the floor, `count` at most."""
        picks: list[int] = []
        held = [objective.hold(rows_R) for objective in self._distant]
        total_R = self._total(rows_R)
        while len(picks) < count:
            best = int(np.argmax(total_R))
            if total_R[best] <= floor:
                break
            row = int(rows_R[best])
            if not self._take(row):
                break
            picks.append(row)
            self._cover_all(rows_R, held)
            total_R = self._total(rows_R)
        self.bound_N[rows_R] = rounds.OUT if self.is_over else total_R
        return picks

    def _total(self, rows_R: Rows) -> NDArray[np.float64]:
        total_R = self._constant_N[rows_R]
        for objective in self._moving:
            total_R = total_R + objective.potential(rows_R)
        for objective in self._distant:
            total_R[objective.is_barred(rows_R)] = rounds.OUT
        return total_R

    def _cover_all(self, rows_R: Rows, held: Sequence[Points | None] = ()) -> None:
        no_room_R = np.full(len(rows_R), rounds.OUT)
        for objective, points in zip_longest(self._distant, held):
            objective.cover(rows_R, no_room_R, points)

    def _take(self, row: int) -> bool:
        self.is_over = not all(purse.has_room_for(row) for purse in self._purses)
        if self.is_over:
            self.bound_N[:] = rounds.OUT
            return False
        for purse in self._purses:
            purse.spend(row)
        self.gains.append([objective.gain(row) for objective in self._moving])
        for objective in self._moving:
            objective.add(row)
        self._constant_N[row] = rounds.OUT
        return True

    def _take_in_order(self, rows_C: Rows, count: int) -> list[int]:
        """Where nothing changes with a pick, the order is that of the constants."""
        order = rows_C[np.argsort(-self._constant_N[rows_C], kind="stable")]
        return list(takewhile(self._take, order[:count].tolist()))

    def _run_by_kind(
        self, rows_C: Rows, kind_C: Rows, count: int, rank_N: Rows | None
    ) -> list[int]:
        """Samples of one kind differ by their constants only, so the best of each kind compete."""
        order = np.lexsort((-self._constant_N[rows_C], kind_C))
        rows_C, kind_C = rows_C[order], kind_C[order]
        next_G = np.flatnonzero(np.diff(kind_C, prepend=-1))
        end_G = np.append(next_G[1:], len(rows_C))
        picks: list[int] = []
        while len(picks) < count and len(next_G):
            rows_G = rows_C[next_G]
            best = first_of_the_largest(self._total(rows_G), rows_G, rank_N)
            if not self._take(int(rows_G[best])):
                break
            picks.append(int(rows_G[best]))
            next_G[best] += 1
            if next_G[best] == end_G[best]:
                next_G, end_G = np.delete(next_G, best), np.delete(end_G, best)
        return picks


def _kinds(moving: Sequence[Moving], rows_R: Rows) -> Rows:
    """Numbers for the rows; those with the same number always have the same potentials."""
    table = np.column_stack([objective.kinds(rows_R) for objective in moving])
    return np.unique(table, axis=0, return_inverse=True)[1].reshape(-1)
