"""The loops that look through blocks of products for what is near, compiled.

A block of products says of every pair how near it is to about six digits. Only pairs that might
be near enough are measured exactly, so that what is found does not depend on how products round.
"""

# D dimensions, G checkpoints, K picks, M other samples, R rows looked at, T nearest to keep.

from typing import Any

import numpy as np
from numba import prange

from curation_job.selection.compiled import compiled
from curation_job.selection.kernels import exact


@compiled(parallel=True, any_order=True)
def follow_nearest(
    product_RK: Any,
    points_RD: Any,
    picks_KD: Any,
    until_R: Any,
    start: Any,
    ends_G: Any,
    nearest_R: Any,
    squared_R: Any,
    squared_RG: Any,
    doubt: Any,
) -> None:
    """Find each row's nearest among the first `until_R` picks, and how far it was at checkpoints.

    The block holds picks number `start` and on; `ends_G` are numbers of picks, in this block.
    """
    for row in prange(product_RK.shape[0]):
        best = squared_R[row]
        need = np.float32(1 - (best + doubt) / 2)
        pick = 0
        for g in range(ends_G.shape[0]):
            end = min(ends_G[g], until_R[row]) - start
            while pick < end:
                if product_RK[row, pick] > need:
                    squared = exact(points_RD, row, picks_KD, pick)
                    if squared < best:
                        best = squared
                        nearest_R[row] = start + pick
                        need = np.float32(1 - (best + doubt) / 2)
                pick += 1
            squared_RG[row, g] = best
        squared_R[row] = best


@compiled(parallel=True, any_order=True)
def keep_nearest(
    product_RM: Any,
    points_RD: Any,
    others_MD: Any,
    row_R: Any,
    other_M: Any,
    squared_RT: Any,
    doubt: Any,
) -> None:
    """Keep the smallest squared distances of each row to others, in order; none to itself."""
    last = squared_RT.shape[1] - 1
    for row in prange(product_RM.shape[0]):
        need = np.float32(1 - (squared_RT[row, last] + doubt) / 2)
        for other in range(product_RM.shape[1]):
            if product_RM[row, other] > need and other_M[other] != row_R[row]:
                squared = exact(points_RD, row, others_MD, other)
                if squared < squared_RT[row, last]:
                    place = last
                    while place > 0 and squared_RT[row, place - 1] > squared:
                        squared_RT[row, place] = squared_RT[row, place - 1]
                        place -= 1
                    squared_RT[row, place] = squared
                    need = np.float32(1 - (squared_RT[row, last] + doubt) / 2)
