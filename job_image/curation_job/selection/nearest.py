"""Looking at every pair, a block at a time: nearest picks, nearest queries, nearest neighbours.

No more than one block of pairs exists at any time.
"""

# D dimensions, G checkpoints, K picks, N samples, R rows looked at, T nearest to keep.

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curation_job.selection import kernels, nearest_kernels
from curation_job.selection.points import Points, PointSource, Rows

# A block of products is 32 MiB: large enough for the product to be worth all cores.
BLOCK_ROWS = 2048
BLOCK_OTHERS = 4096


@dataclass(frozen=True, slots=True)
class Nearest:
    """The nearest pick of each row."""

    pick_R: NDArray[np.intp]
    """Its number among the picks, -1 where there is none. Of equals, the earliest."""
    squared_R: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spread:
    """How far rows are from their nearest pick after each of some numbers of picks."""

    mean_G: NDArray[np.float64]
    largest_G: NDArray[np.float64]


def nearest_picks(
    source: PointSource, rows_R: Rows, picks_KD: Points, *, until_R: Rows | None = None
) -> Nearest:
    """The nearest of the picks for each row, or of its first `until_R` picks."""
    return follow_nearest(source, rows_R, picks_KD, np.empty(0, np.intp), until_R=until_R)[0]


def follow_nearest(
    source: PointSource,
    rows_R: Rows,
    picks_KD: Points,
    checkpoints_G: Rows,
    *,
    until_R: Rows | None = None,
) -> tuple[Nearest, Spread]:
    """The nearest pick for each row, and how the distance fell with the number of picks."""
    nearest = Nearest(np.full(len(rows_R), -1), np.full(len(rows_R), kernels.FAR))
    if until_R is None:
        until_R = np.full(len(rows_R), len(picks_KD))
    total_G = np.zeros(len(checkpoints_G))
    largest_G = np.zeros(len(checkpoints_G))
    for start in range(0, len(rows_R), BLOCK_ROWS):
        part = slice(start, start + BLOCK_ROWS)
        squared_RG = _follow_block(
            source.read(rows_R[part]),
            picks_KD,
            checkpoints_G,
            until_R[part],
            nearest.pick_R[part],
            nearest.squared_R[part],
        )
        distance_RG = np.sqrt(squared_RG)
        total_G += distance_RG.sum(axis=0)
        np.maximum(largest_G, distance_RG.max(axis=0, initial=0.0), out=largest_G)
    return nearest, Spread(total_G / max(1, len(rows_R)), largest_G)


def _follow_block(
    points_RD: Points,
    picks_KD: Points,
    checkpoints_G: Rows,
    until_R: Rows,
    nearest_R: Rows,
    squared_R: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The nearest pick for some rows, in place; their squared distances at the checkpoints."""
    squared_RG = np.empty((len(points_RD), len(checkpoints_G)))
    for start in range(0, len(picks_KD), BLOCK_OTHERS):
        block_KD = picks_KD[start : start + BLOCK_OTHERS]
        end = start + len(block_KD)
        here = slice(*np.searchsorted(checkpoints_G, [start, end], side="right"))
        ends_G = np.append(checkpoints_G[here], end)
        at_ends_RG = np.empty((len(points_RD), len(ends_G)))
        nearest_kernels.follow_nearest(
            points_RD @ block_KD.T,
            points_RD,
            block_KD,
            until_R,
            start,
            ends_G,
            nearest_R,
            squared_R,
            at_ends_RG,
            doubt_of(points_RD.shape[1]),
        )
        squared_RG[:, here] = at_ends_RG[:, :-1]
    return squared_RG


def neighbour_distances(source: PointSource, rows_R: Rows, neighbours: int) -> NDArray[np.float64]:
    """The mean distance of each of these rows to its nearest neighbours among them."""
    kept = min(neighbours, len(rows_R) - 1)
    mean_R = np.zeros(len(rows_R))
    if kept < 1:
        return mean_R
    for start in range(0, len(rows_R), BLOCK_ROWS):
        part = slice(start, start + BLOCK_ROWS)
        points_RD = source.read(rows_R[part])
        squared_RT = np.full((len(points_RD), kept), kernels.FAR)
        for other in range(0, len(rows_R), BLOCK_OTHERS):
            others = slice(other, other + BLOCK_OTHERS)
            others_MD = source.read(rows_R[others])
            nearest_kernels.keep_nearest(
                points_RD @ others_MD.T,
                points_RD,
                others_MD,
                rows_R[part],
                rows_R[others],
                squared_RT,
                doubt_of(source.width),
            )
        # One after the other, nearest first: the same sum on every machine.
        mean_R[part] = np.cumsum(np.sqrt(squared_RT), axis=1)[:, -1] / kept
    return mean_R


def doubt_of(width: int) -> float:
    """By how much 2 minus twice a product can miss a squared distance.

    A product of D numbers is off by D roundings at most, and points on the grid miss length 1 by
    about the square root of D grid steps.
    """
    return float(4 * (width + 4) * 2.0**-24 + 4 * np.sqrt(width) * 2.0**-25)
