"""Objectives that change with every pick."""

# C candidates, D embedding dimensions, K classes, M objects, N samples, R rows looked at.

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from curation_job.selection import kernels, potentials, rounds
from curation_job.selection.classes import Classes
from curation_job.selection.compiled import threads_for
from curation_job.selection.distances import Distances
from curation_job.selection.farthest import centre_of, start_covering
from curation_job.selection.points import BLOCK_BYTES, Points, Rows
from curation_job.selection.problem import Balance, Diversity, Weights

Values = NDArray[np.float64]


OPERATIONS_OF_A_LOGARITHM = 40


class Moving(Protocol):
    """An objective that depends on what is picked already."""

    @property
    def only_falls(self) -> bool:
        """Whether the objective of no sample can get larger any more."""

    def potential(self, rows_R: Rows) -> Values:
        """Strength times the logarithm of the objective, or more for rows that are behind."""

    def kinds(self, rows_R: Rows) -> NDArray[np.generic]:
        """What else the potential depends on: rows alike in it have the same for ever."""

    def gain(self, row: int) -> float:
        """The objective of a row that is up to date, in the units of its input."""

    def add(self, row: int) -> None:
        """This row is picked."""


def potential_of(objective_R: Values, strength: float, floor: float = potentials.FLOOR) -> Values:
    """Strength times the logarithm of these objectives, none of them counting below the floor."""
    potential_R = np.empty(len(objective_R))
    with threads_for(len(objective_R) * OPERATIONS_OF_A_LOGARITHM):
        potentials.of_values(objective_R, floor, strength, potential_R)
    return potential_R


class Parts:
    """Which rows of another table belong to each sample; they are neighbours there."""

    def __init__(self, owner_M: NDArray[np.integer], size: int) -> None:
        self.first_N = np.searchsorted(owner_M, np.arange(size), side="left")
        self.end_N = np.searchsorted(owner_M, np.arange(size), side="right")

    def of(self, rows_R: Rows) -> Rows:
        """The rows that belong to these samples."""
        count_R = self.end_N[rows_R] - self.first_N[rows_R]
        before_R = np.cumsum(count_R) - count_R
        offset_M: Rows = np.repeat(self.first_N[rows_R] - before_R, count_R)
        return np.arange(len(offset_M)) + offset_M


class MovingDiversity:
    """The distance of each sample to the nearest pick; while there is none, to the mean.

    With `parts`, points belong to objects, and a sample's distance is the mean of its objects'.
    """

    def __init__(
        self,
        distances: Distances,
        candidates_C: Rows,
        taken_K: Rows,
        rule: Diversity,
        parts: Parts | None = None,
    ) -> None:
        self._distances = distances
        self._parts = parts
        self._strength = rule.strength
        self._least = rule.minimum_distance or 0.0
        self._has_picks = False
        self._candidates_M = self._points_of(candidates_C)
        if len(self._candidates_M):
            source = distances.source
            centre_D = centre_of(source, self._candidates_M)
            distances.squared_N[self._candidates_M] = source.squared_to(
                centre_D, self._candidates_M
            )
        self._add(self._points_of(taken_K))

    @property
    def only_falls(self) -> bool:
        """Distances to picks do; those to the mean are over with the first pick."""
        return self._has_picks and self._strength >= 0

    def potential(self, rows_R: Rows) -> Values:
        """Strength times the logarithm of half the distance, or more for rows that are behind."""
        return potential_of(self._distance(rows_R) / 2, self._strength)

    def is_barred(self, rows_R: Rows) -> NDArray[np.bool_]:
        """Which of these rows are too near to a pick."""
        if not self._has_picks or not self._least:
            return np.zeros(len(rows_R), np.bool_)
        is_near_R = self._distance(rows_R) < self._least
        if self._parts is not None:  # what shows no object is near to none
            is_near_R &= self._parts.end_N[rows_R] > self._parts.first_N[rows_R]
        return is_near_R

    def cover(self, rows_R: Rows, room_R: Values, held_RD: Points | None = None) -> None:
        """Bring rows up to date; one whose potential is at most `room_R` may stay behind."""
        points_R, limit_R = self._points_of(rows_R), np.full(len(rows_R), rounds.OUT)
        if self._parts is not None:
            limit_R = np.full(len(points_R), rounds.OUT)
        elif self.only_falls and self._strength > 0:
            with np.errstate(over="ignore"):
                limit_R = 4 * np.exp(2 * room_R / self._strength)
        self._distances.cover(points_R, limit_R, held_RD)

    def hold(self, rows_R: Rows) -> Points | None:
        """The points of rows that are to be covered many times, where they are not kept anyway."""
        source = self._distances.source
        many = len(rows_R) * source.width * 4 > BLOCK_BYTES
        if source.is_kept or many or self._parts is not None:
            return None
        return source.read(rows_R)

    def kinds(self, rows_R: Rows) -> Rows:
        """Every row is of its own kind."""
        return rows_R

    def gain(self, row: int) -> float:
        """The distance."""
        return float(self._distance(np.array([row]))[0])

    def add(self, row: int) -> None:
        """One more to keep away from."""
        self._add(self._points_of(np.array([row])))

    def _points_of(self, rows_R: Rows) -> Rows:
        return rows_R if self._parts is None else self._parts.of(rows_R)

    def _distance(self, rows_R: Rows) -> Values:
        squared = self._distances.squared_N
        if self._parts is None:
            return np.sqrt(squared[rows_R])
        mean_R = np.empty(len(rows_R))
        first_N, end_N = self._parts.first_N, self._parts.end_N
        with threads_for(len(rows_R)):
            potentials.mean_distances(squared, first_N, end_N, rows_R, mean_R)
        return mean_R

    def _add(self, points_K: Rows) -> None:
        if not len(points_K):
            return
        if self._has_picks:
            self._distances.add(self._distances.source.read(points_K))
        else:
            self._has_picks = True
            self._distances.squared_N[self._candidates_M] = kernels.FAR
            start_covering(self._distances, self._candidates_M, points_K)


class MovingBalance:
    """How much the selection lacks what a sample shows.

    The need for a class is target / (picked + 1/2), with picked in units of an average sample: the
    method of Sainte-Lague, by which parties get seats in proportion to their votes.
    """

    def __init__(self, classes: Classes, candidates_C: Rows, taken_K: Rows, rule: Balance) -> None:
        self.only_falls = rule.strength >= 0
        self._classes = classes
        self._target_K = rule.target
        self._strength = rule.strength
        self._unit = classes.average_mass(candidates_C)
        self._picked_K = classes.totals(taken_K)

    def potential(self, rows_R: Rows) -> Values:
        """Strength times the logarithm of the need.

        Without the total of all classes, by which `gain` is multiplied: it would be the same for
        all samples, and the need would rise with every pick.
        """
        floor = potentials.FLOOR / (self._total() + 1)
        return potential_of(self._classes.needs(rows_R, self._needs()), self._strength, floor)

    def kinds(self, rows_R: Rows) -> NDArray[np.generic]:
        """Rows that show the same are of one kind."""
        return self._classes.table[rows_R]

    def gain(self, row: int) -> float:
        """How many times as much of its classes there should be, about 1 when all is balanced."""
        need = self._classes.needs(np.array([row]), self._needs())[0]
        return float(need * (self._total() + 1))

    def add(self, row: int) -> None:
        """There is more of its classes now."""
        self._picked_K += self._classes.totals(np.array([row]))

    def _needs(self) -> Values:
        return self._target_K / (self._picked_K / self._unit + 0.5)

    def _total(self) -> float:
        return float(self._picked_K.sum() / self._unit)


class MovingRange:
    """How near a sample's value is to what the rest must have on average to end in the range."""

    only_falls = False

    def __init__(
        self, rule: Weights, target: tuple[float, float], count: int, candidates_C: Rows
    ) -> None:
        self._values_N = np.asarray(rule.values, np.float64)
        self._target = target
        self._strength = rule.strength
        self._left = count
        self._sum = 0.0
        values_C = self._values_N[candidates_C]
        self._spread = (float(np.ptp(values_C)) if len(values_C) else 0.0) or 1.0

    def potential(self, rows_R: Rows) -> Values:
        """Strength times the logarithm of spread / (spread + gap)."""
        low, high = ((end - self._sum) / max(1, self._left) for end in self._target)
        values_R = self._values_N[rows_R]
        gap_R = np.maximum(0.0, np.maximum(low - values_R, values_R - high))
        return potential_of(self._spread / (self._spread + gap_R), self._strength)

    def kinds(self, rows_R: Rows) -> Values:
        """Rows of the same value are of one kind."""
        return self._values_N[rows_R]

    def gain(self, row: int) -> float:
        """The value itself."""
        return float(self._values_N[row])

    def add(self, row: int) -> None:
        """One value more in the sum, one pick less to go."""
        self._sum += self.gain(row)
        self._left -= 1
