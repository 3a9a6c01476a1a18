"""The loops over embeddings, compiled.

Points lie on a grid of multiples of 2^-25 (see `points.py`), so squared distances are multiples of
2^-50 up to 4, and those double precision adds up without rounding: every squared distance below is
THE squared distance, whatever the order of summation, the processor or the number of threads.
Single precision is only used to find out which pairs need it.
"""

# N samples, D dimensions, H dimensions of a head, K picks, R rows looked at, Q queries.

import math
from typing import Any

import numpy as np
from numba import prange

from curation_job.selection.compiled import compiled

# Nothing on the unit sphere is this far apart; in units of squared distance.
FAR = 8.0

GRID_STEPS = 2.0**25

SOUND, NOT_FINITE, ZERO = range(3)


@compiled(parallel=True)
def widen(halves_RD: Any, single_H: Any, raw_RD: Any) -> None:
    """Half precision, given as 16 bits each, in single precision, looked up in a table of all."""
    for row in prange(halves_RD.shape[0]):
        for d in range(halves_RD.shape[1]):
            raw_RD[row, d] = single_H[halves_RD[row, d]]


@compiled(parallel=True)
def unit_rows(raw_RD: Any, points_RD: Any, flaws_R: Any) -> None:
    """Scale each row to length 1 and round it to the grid; leave a flaw where that cannot be."""
    for row in prange(raw_RD.shape[0]):
        total = _squared_length(raw_RD, row)
        if not math.isfinite(total):
            flaws_R[row] = NOT_FINITE
        elif total == 0.0:
            flaws_R[row] = ZERO
        else:
            scale = GRID_STEPS / math.sqrt(total)
            for d in range(raw_RD.shape[1]):
                points_RD[row, d] = np.rint(np.float64(raw_RD[row, d]) * scale) / GRID_STEPS


@compiled()
def _squared_length(raw_RD: Any, row: Any) -> Any:
    """In this order on every machine: the length decides how coordinates are rounded."""
    width = raw_RD.shape[1]
    total, second, third, fourth = 0.0, 0.0, 0.0, 0.0
    for d in range(0, width - 3, 4):
        total += np.float64(raw_RD[row, d]) ** 2
        second += np.float64(raw_RD[row, d + 1]) ** 2
        third += np.float64(raw_RD[row, d + 2]) ** 2
        fourth += np.float64(raw_RD[row, d + 3]) ** 2
    for d in range(width - width % 4, width):
        total += np.float64(raw_RD[row, d]) ** 2
    return (total + second) + (third + fourth)


@compiled(any_order=True)
def exact(some_XD: Any, x: Any, others_YD: Any, y: Any) -> Any:
    """The squared distance of two points."""
    total = 0.0
    for d in range(some_XD.shape[1]):
        difference = np.float64(some_XD[x, d]) - np.float64(others_YD[y, d])
        total += difference * difference
    return total


@compiled(any_order=True)
def estimate(some_XD: Any, x: Any, others_YD: Any, y: Any) -> Any:
    """The squared distance of two points to about six digits, twice as fast."""
    total = np.float32(0)
    for d in range(some_XD.shape[1]):
        difference = some_XD[x, d] - others_YD[y, d]
        total += difference * difference
    return total


@compiled(parallel=True, any_order=True)
def squared_to(points_RD: Any, target_1D: Any, squared_R: Any) -> None:
    """The squared distance of each point to one target."""
    for row in prange(points_RD.shape[0]):
        squared_R[row] = exact(points_RD, row, target_1D, 0)


@compiled(parallel=True, any_order=True)
def cover(
    points_XD: Any,
    at_R: Any,
    rows_R: Any,
    limit_R: Any,
    squared_N: Any,
    seen_N: Any,
    picks_KD: Any,
    heads_NH: Any,
    pick_heads_KH: Any,
    slack: Any,
    doubt: Any,
) -> None:
    """Compare rows with the picks they have not seen, leaving each once it is at its limit.

    `points_XD[at_R[i]]` are the coordinates of row `rows_R[i]`. A pick is measured exactly only
    where neither the heads nor an estimate show that it is farther than the nearest so far.
    Estimates are too large by a factor of at most `slack`, heads by a distance of `doubt`.
    The two inner loops are all that matters for speed, so nothing else is in them.
    """
    have_heads, count = heads_NH.shape[1] > 0, picks_KD.shape[0]
    for i in prange(rows_R.shape[0]):
        row = rows_R[i]
        nearest = squared_N[row]
        near = np.float32(nearest * slack)
        near_heads = np.float32((math.sqrt(nearest) + doubt) ** 2 * slack)
        x = at_R[i]
        limit = limit_R[i]
        pick = seen_N[row]
        while pick < count and nearest > limit:
            if have_heads:
                while pick < count and (
                    estimate(heads_NH, row, pick_heads_KH, pick) >= near_heads
                    or estimate(points_XD, x, picks_KD, pick) >= near
                ):
                    pick += 1
            else:
                while pick < count and estimate(points_XD, x, picks_KD, pick) >= near:
                    pick += 1
            if pick < count:
                nearest = min(nearest, exact(points_XD, x, picks_KD, pick))
                near = np.float32(nearest * slack)
                near_heads = np.float32((math.sqrt(nearest) + doubt) ** 2 * slack)
                pick += 1
        squared_N[row] = nearest
        seen_N[row] = pick


@compiled(any_order=True)
def farthest_in_pool(
    pool_BD: Any,
    squared_B: Any,
    seen_B: Any,
    picks_K: Any,
    gains_K: Any,
    floor: Any,
    least: Any,
    slack: Any,
) -> Any:
    """Pick the farthest of a pool again and again, while it is above the floor and far enough.

    Returns how many were picked. Rows at or below the floor are left behind: they cannot be next
    before the pool is exhausted. Of equals, the first in the pool is picked.
    """
    open_B = np.arange(pool_BD.shape[0])
    still_open = open_B.shape[0]
    farthest = np.argmax(squared_B)
    picked = 0
    while picked < picks_K.shape[0] and squared_B[farthest] > floor:
        if squared_B[farthest] < least:
            break
        pick = farthest
        picks_K[picked] = pick
        gains_K[picked] = squared_B[pick]
        picked += 1
        squared_B[pick] = -1.0
        farthest = pick
        kept = 0
        for i in range(still_open):
            row = open_B[i]
            if row == pick:
                continue
            if estimate(pool_BD, row, pool_BD, pick) < np.float32(squared_B[row] * slack):
                squared_B[row] = min(squared_B[row], exact(pool_BD, row, pool_BD, pick))
            seen_B[row] += 1
            if squared_B[row] > floor:
                open_B[kept] = row
                kept += 1
                if squared_B[row] > squared_B[farthest]:
                    farthest = row
        still_open = kept
    return picked
