"""Why each sample was selected or not."""

# C candidates, K picks, N samples, P picks and samples taken before.

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from curation_job.selection.ground import PASSED, UNTYPICAL, Ground
from curation_job.selection.nearest import Spread, follow_nearest, nearest_picks
from curation_job.selection.points import Rows
from curation_job.selection.problem import Diversity


class Outcome(IntEnum):
    """What became of a sample."""

    SELECTED = 0
    PRESELECTED = 1
    FILTERED = 2
    """It fails a threshold."""
    UNTYPICAL = 3
    """It is less typical than allowed."""
    TOO_NEAR = 4
    """It is nearer to a selected sample than allowed."""
    OUTRANKED = 5
    """Others were better, and there was no room for more."""


@dataclass(frozen=True, slots=True, eq=False)
class Reasons:
    """For every row: what became of it, and what decided that."""

    outcome_N: NDArray[np.uint8]
    """An Outcome."""
    threshold_N: NDArray[np.int16]
    """The number of the first threshold that a row fails, -1 if it fails none."""
    rank_N: NDArray[np.int32]
    """1 for the first pick, 0 for rows that were not picked."""
    nearest_N: Rows
    """The nearest selected row; for a pick, of those selected before it. -1 where there is none."""
    distance_N: NDArray[np.float32]
    """How far the nearest is, NaN where there is none."""


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """What one look from every candidate at every selected sample shows."""

    nearest_N: Rows
    distance_N: NDArray[np.float64]
    spread: Spread


def follow(ground: Ground, picks: Rows, sizes_G: Rows) -> Followed | None:
    """Find the nearest selected sample of every candidate, and how far it is for some sizes."""
    if ground.source is None:
        return None
    selected_P = np.concatenate([ground.taken_K, picks])
    points_PD = ground.source.read(selected_P)
    taken = len(ground.taken_K)
    at_end, spread = follow_nearest(ground.source, ground.candidates_C, points_PD, taken + sizes_G)
    nearest_N = np.full(ground.size, -1)
    distance_N = np.full(ground.size, np.nan)
    before = nearest_picks(ground.source, picks, points_PD, until_R=taken + np.arange(len(picks)))
    for rows, found in ((ground.candidates_C, at_end), (picks, before)):
        has_nearest = found.pick_R >= 0
        nearest_N[rows] = np.where(
            has_nearest, selected_P[found.pick_R] if len(selected_P) else -1, -1
        )
        distance_N[rows] = np.where(has_nearest, np.sqrt(found.squared_R), np.nan)
    return Followed(nearest_N, distance_N, spread)


def reasons_for(
    ground: Ground, picks: Rows, followed: Followed | None, *, all_barred: bool
) -> Reasons:
    """What became of every row. With `all_barred`, every candidate left was too near to a pick."""
    outcome_N = np.full(ground.size, Outcome.OUTRANKED, np.uint8)
    outcome_N[ground.failed_N != PASSED] = Outcome.FILTERED
    outcome_N[ground.failed_N == UNTYPICAL] = Outcome.UNTYPICAL
    left_N = outcome_N == Outcome.OUTRANKED
    left_N[picks] = False
    if all_barred:
        outcome_N[left_N] = Outcome.TOO_NEAR
    elif followed is not None:
        outcome_N[left_N & (followed.distance_N < _least_distance(ground))] = Outcome.TOO_NEAR
    outcome_N[ground.taken_K] = Outcome.PRESELECTED
    outcome_N[picks] = Outcome.SELECTED
    rank_N = np.zeros(ground.size, np.int32)
    rank_N[picks] = np.arange(1, len(picks) + 1)
    return Reasons(
        outcome_N,
        np.maximum(ground.failed_N, PASSED),
        rank_N,
        np.full(ground.size, -1) if followed is None else followed.nearest_N,
        np.full(ground.size, np.nan, np.float32)
        if followed is None
        else followed.distance_N.astype(np.float32),
    )


def _least_distance(ground: Ground) -> float:
    """The largest minimum distance that samples must keep."""
    return max(
        (
            rule.minimum_distance or 0.0
            for rule in ground.problem.objectives
            if isinstance(rule, Diversity) and rule.objects is None
        ),
        default=0.0,
    )
