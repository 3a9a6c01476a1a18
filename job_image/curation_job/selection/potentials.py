"""Objectives as potentials: strength times the logarithm of the objective, compiled.

The largest product of objective^strength is the largest sum of potentials. Everything here is made
of additions, multiplications, divisions and square roots, which every machine rounds alike; the
logarithms of different machines differ in the last digit, and with them would the picks.
"""

# K classes, M objects, N samples, R rows looked at.

import math
from typing import Any

from numba import prange

from curation_job.selection.compiled import compiled

# What an objective of zero counts as: below anything that two different embeddings, or
# two different values worth telling apart, can give.
FLOOR = 1e-9

LOG_2 = 0.6931471805599453
SQRT_HALF = 0.7071067811865476


@compiled()
def logarithm(value: Any) -> Any:
    """The natural logarithm, to 15 digits."""
    part, exponent = math.frexp(value)
    if part < SQRT_HALF:
        part *= 2.0
        exponent -= 1
    ratio = (part - 1.0) / (part + 1.0)
    square = ratio * ratio
    total = 0.0
    for odd in range(23, 0, -2):
        total = total * square + 1.0 / odd
    return exponent * LOG_2 + 2.0 * ratio * total


@compiled(parallel=True)
def of_values(values_R: Any, floor: Any, strength: Any, potential_R: Any) -> None:
    """The potential of objectives as they are."""
    for i in prange(values_R.shape[0]):
        potential_R[i] = strength * logarithm(max(values_R[i], floor))


@compiled(parallel=True)
def mean_distances(squared_M: Any, first_N: Any, end_N: Any, rows_R: Any, mean_R: Any) -> None:
    """The mean distance of each sample's objects, zero for a sample without any."""
    for i in prange(rows_R.shape[0]):
        first, end = first_N[rows_R[i]], end_N[rows_R[i]]
        total = 0.0
        for m in range(first, end):
            total += math.sqrt(squared_M[m])
        mean_R[i] = total / max(1, end - first)


@compiled(parallel=True)
def mean_needs(classes_NK: Any, rows_R: Any, need_K: Any, needs_R: Any) -> None:
    """The need for what a sample shows, on the average; zero if it shows nothing."""
    for i in prange(rows_R.shape[0]):
        mass = 0.0
        total = 0.0
        for k in range(need_K.shape[0]):
            mass += classes_NK[rows_R[i], k]
            total += classes_NK[rows_R[i], k] * need_K[k]
        needs_R[i] = total / mass if mass > 0.0 else 0.0
