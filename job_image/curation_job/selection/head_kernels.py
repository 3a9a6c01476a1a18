"""The loops behind heads, compiled.

They do without the linear algebra of numpy on purpose: its threads and those of compiled loops
wait for each other busily, which costs more than all there is to gain here.
"""

# N samples, D dimensions, H dimensions of a head, K picks, R rows looked at, S samples for a trial.

import math
from typing import Any

import numpy as np
from numba import prange

from curation_job.selection.compiled import compiled
from curation_job.selection.kernels import estimate

SUBSPACE_STEPS = 4


@compiled(any_order=True)
def strongest_directions(centred_SD: Any, basis_HD: Any) -> None:
    """An orthonormal basis of about the directions in which the samples vary most."""
    samples, width = centred_SD.shape
    basis = centred_SD[: basis_HD.shape[0]].astype(np.float64)
    for _ in range(SUBSPACE_STEPS):
        grown = np.zeros(basis.shape)
        for s in range(samples):
            for h in range(basis.shape[0]):
                along = 0.0
                for d in range(width):
                    along += centred_SD[s, d] * basis[h, d]
                for d in range(width):
                    grown[h, d] += along * centred_SD[s, d]
        basis = _orthonormal(grown)
    basis_HD[:] = basis


@compiled(any_order=True)
def _orthonormal(rows_HD: Any) -> Any:
    """The same span by unit vectors at right angles; zero where a row adds nothing to it."""
    for h in range(rows_HD.shape[0]):
        length = math.sqrt(np.sum(rows_HD[h] ** 2))
        for _ in range(2):  # the second time removes what rounding left of the first
            for earlier in range(h):
                along = np.sum(rows_HD[h] * rows_HD[earlier])
                rows_HD[h] -= along * rows_HD[earlier]
        rest = math.sqrt(np.sum(rows_HD[h] ** 2))
        rows_HD[h] = rows_HD[h] / rest if rest > 1e-6 * length else 0.0 * rows_HD[h]
    return rows_HD


@compiled(any_order=True)
def closer_pairs(heads_SH: Any, squared_S: Any, pick_heads_KH: Any) -> Any:
    """How many pairs of heads are closer than the row's distance."""
    closer = 0
    for row in range(heads_SH.shape[0]):
        for pick in range(pick_heads_KH.shape[0]):
            if estimate(heads_SH, row, pick_heads_KH, pick) < squared_S[row]:
                closer += 1
    return closer


@compiled(parallel=True, any_order=True)
def heads(points_RD: Any, basis_HD: Any, heads_RH: Any) -> None:
    """Each point's coordinates along a basis, and the length of what they leave over."""
    directions, width = basis_HD.shape
    for row in prange(points_RD.shape[0]):
        # Subtracted bit by bit: the difference of two lengths would lose half of the digits.
        rest_D = points_RD[row].copy()
        for h in range(directions):
            along = np.float32(0)
            for d in range(width):
                along += points_RD[row, d] * basis_HD[h, d]
            heads_RH[row, h] = along
            for d in range(width):
                rest_D[d] -= along * basis_HD[h, d]
        total = np.float32(0)
        for d in range(width):
            total += rest_D[d] * rest_D[d]
        heads_RH[row, directions] = math.sqrt(total)
