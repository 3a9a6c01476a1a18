"""DIVERSITY alone: exact farthest-first selection."""

# N samples, C candidates, D embedding dimensions, K picks, R rows looked at.

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curation_job.selection import kernels, rounds
from curation_job.selection.distances import Distances, measure_on, slack_of
from curation_job.selection.errors import InvalidConfigurationError
from curation_job.selection.points import Embeddings, Points, PointSource, Rows


def farthest_first(
    embeddings_ND: Embeddings,
    count: int,
    *,
    first: int | None = None,
    preselected: Sequence[int] | Rows = (),
    min_distance: float | None = None,
    device: str | None = None,
) -> Rows:
    """Repeatedly take the sample farthest from everything taken so far.

    Rows count by their direction only. The result is in pick order, and the first K of it are the
    selection of size K, so raising `count` later never drops an image someone already labelled. It
    ends early when all other rows are nearer than `min_distance` (0 to 2) to one that is taken.

    Rows in `preselected` count as taken and are not returned. Without any, the row farthest from
    the mean is taken first, or `first` if given. Of equal rows the first in the table wins, so
    pass them by name. `device` hands the work to a torch device such as "cuda": same picks.
    """
    if count < 0:
        raise InvalidConfigurationError(f"Cannot select {count} samples", fix="Ask for 0 or more")
    least = least_squared(min_distance)
    source = PointSource(embeddings_ND)
    taken_K = rows_among(source.count, preselected, "preselected")
    head: list[int] = []
    if first is not None and count > 0:
        head = rows_among(source.count, [first], "first").tolist()
        _check_first(first, source, taken_K, least)
        taken_K = np.append(taken_K, first)
    candidates_C = np.delete(np.arange(source.count), taken_K)
    order = farthest_order(
        source, candidates_C, taken_K, count - len(head), least=least, device=device
    )
    return np.array(head + order.picks, np.intp)


@dataclass(frozen=True, slots=True)
class FarthestOrder:
    """Picks in order, and how far each was from everything picked before, squared."""

    picks: list[int]
    squared: list[float]


def farthest_order(
    source: PointSource,
    candidates_C: Rows,
    taken_K: Rows,
    count: int,
    *,
    least: float = 0.0,
    rank_N: Rows | None = None,
    device: str | None = None,
) -> FarthestOrder:
    """The farthest candidate, again and again, at most `count` times.

    While nothing is taken, the mean of the candidates stands in.
    """
    order = FarthestOrder([], [])
    if not len(taken_K) and len(candidates_C) and count > 0:
        squared_C = source.squared_to(centre_of(source, candidates_C), candidates_C)
        first = first_of_the_largest(squared_C, candidates_C, rank_N)
        order.picks.append(int(candidates_C[first]))
        order.squared.append(float(squared_C[first]))
        taken_K, candidates_C = candidates_C[[first]], np.delete(candidates_C, first)
    if len(candidates_C) and len(order.picks) < count:
        race = _FarthestRace(measure_on(device, source), candidates_C, taken_K, least)
        order.picks.extend(rounds.run(race, count - len(order.picks), rank_N))
        order.squared.extend(race.squared)
    return order


class _FarthestRace:
    """A race that is led by the sample farthest from everything picked."""

    def __init__(
        self, distances: Distances, candidates_C: Rows, taken_K: Rows, least: float
    ) -> None:
        self._distances = distances
        self._least = least
        self._slack = slack_of(distances.source)
        self.squared: list[float] = []
        self.bound_N = distances.squared_N
        start_covering(distances, candidates_C, taken_K)

    def renew(self) -> None:
        """Nothing but measuring lowers a distance."""

    def refresh(self, rows_R: Rows, floor: float) -> None:
        """Bring distances up to date, at least those that stay above the floor."""
        # A row below the least distance is out, however near it is.
        limit = max(floor, float(np.nextafter(self._least, rounds.OUT)))
        self._distances.cover(rows_R, np.full(len(rows_R), limit))
        self.bound_N[rows_R[self.bound_N[rows_R] < self._least]] = rounds.OUT

    def pick(self, rows_R: Rows, floor: float, count: int) -> list[int]:
        """Pick the farthest of these rows while it is above the floor, `count` at most."""
        points_RD = self._distances.source.read(rows_R)
        squared_R = self.bound_N[rows_R]
        seen_R = self._distances.seen_N[rows_R]
        at_K = np.empty(min(count, len(rows_R)), np.intp)
        gain_K = np.empty(len(at_K))
        picked = kernels.farthest_in_pool(
            points_RD, squared_R, seen_R, at_K, gain_K, floor, self._least, self._slack
        )
        at_K = at_K[:picked]
        self.bound_N[rows_R] = squared_R
        self.bound_N[rows_R[at_K]] = rounds.OUT
        self._distances.seen_N[rows_R] = seen_R
        self._distances.add(points_RD[at_K])
        self.squared.extend(gain_K[:picked].tolist())
        return [int(row) for row in rows_R[at_K]]


def start_covering(distances: Distances, candidates_C: Rows, taken_K: Rows) -> None:
    """Take everything but the candidates out of the race, and measure what there is to begin with.

    One pick gives every candidate a bound; what more there is, is left to the rounds.
    """
    is_out_N = np.ones(distances.source.count, np.bool_)
    is_out_N[candidates_C] = False
    distances.squared_N[is_out_N] = rounds.OUT
    taken_KD = distances.source.read(taken_K)
    distances.add(taken_KD[:1])
    distances.cover(candidates_C, np.full(len(candidates_C), rounds.OUT))
    distances.add(taken_KD[1:])


def centre_of(source: PointSource, rows_R: Rows) -> Points:
    """The mean of these points, on the grid."""
    # Double precision adds multiples of 2^-25 without rounding until there are 2^28 of them.
    total_D = np.zeros(source.width)
    for _, points_RD in source.blocks(rows_R):
        total_D += points_RD.sum(axis=0, dtype=np.float64)
    return (np.rint(total_D / len(rows_R) * kernels.GRID_STEPS) / kernels.GRID_STEPS).astype(
        np.float32
    )


def first_of_the_largest(values_R: NDArray[np.float64], rows_R: Rows, rank_N: Rows | None) -> int:
    """Where the largest value stands; of equals, the one whose row comes first."""
    equals = np.flatnonzero(values_R == values_R.max())
    place = rows_R[equals] if rank_N is None else rank_N[rows_R[equals]]
    return int(equals[np.argmin(place)])


def least_squared(min_distance: float | None) -> float:
    """The least squared distance; 0 if there is no minimum."""
    if min_distance is None:
        return 0.0
    if not 0 <= min_distance < np.inf:
        raise InvalidConfigurationError(
            f"A minimum distance of {min_distance} is not possible",
            fix="Give a number from 0 to 2; nothing on the unit sphere is farther apart",
        )
    return float(min_distance) ** 2


def rows_among(count: int, rows: Sequence[int] | NDArray[np.integer], what: str) -> Rows:
    """These row numbers, if all of them exist, each once."""
    found = np.unique(np.asarray(rows, np.intp))
    wrong = [row for row in found.tolist() if not 0 <= row < count]
    if wrong:
        raise InvalidConfigurationError(
            f"There is no row {wrong[0]} for `{what}` among {count:,} rows",
            fix=f"Give row numbers from 0 to {count - 1}",
        )
    return found


def _check_first(first: int, source: PointSource, taken_K: Rows, least: float) -> None:
    squared_K = source.squared_to(source.read(np.array([first]))[0], taken_K)
    if first in taken_K or np.any(squared_K < least):
        raise InvalidConfigurationError(
            f"Row {first} cannot be first: it is preselected, or too near to a row that is",
            fix="Leave out `first`; with preselected rows, the farthest from them comes first",
        )
