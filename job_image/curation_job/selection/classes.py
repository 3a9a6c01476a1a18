"""What each sample shows, in two forms: one class each, or some of several classes."""

# K classes, N samples, R rows looked at.

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from curation_job.selection import potentials
from curation_job.selection.compiled import threads_for
from curation_job.selection.points import Rows

# Amounts are multiples of this, so that their sums are the same in every order.
AMOUNT_STEP = 2.0**-16


class Classes(Protocol):
    """How much of each class each sample shows."""

    table: NDArray[Any]
    """One row a sample: equal rows show the same."""

    def totals(self, rows_R: Rows) -> NDArray[np.float64]:
        """How much of each class these rows show together."""

    def average_mass(self, rows_R: Rows) -> float:
        """How much of any class one of these rows shows, on the average of those that do."""

    def needs(self, rows_R: Rows, need_K: NDArray[np.float64]) -> NDArray[np.float64]:
        """The need for what each row shows, given the need for each class."""


def classes_of(table: NDArray[Any], count: int) -> Classes:
    """Class numbers or amounts of `count` classes, whichever they are."""
    if table.ndim == 1:
        return _OneClassEach(table.astype(np.int32), count)
    steps = np.rint(np.asarray(table, np.float64) / AMOUNT_STEP)
    return _SomeOfSeveral((steps * AMOUNT_STEP).astype(np.float32))


class _OneClassEach:
    def __init__(self, class_N: NDArray[np.int32], count: int) -> None:
        self.table = class_N
        self._count = count

    def totals(self, rows_R: Rows) -> NDArray[np.float64]:
        class_R = self.table[rows_R]
        return np.bincount(class_R[class_R >= 0], minlength=self._count).astype(np.float64)

    def average_mass(self, rows_R: Rows) -> float:
        del rows_R
        return 1.0

    def needs(self, rows_R: Rows, need_K: NDArray[np.float64]) -> NDArray[np.float64]:
        # Class -1 finds the zero at the end.
        return np.append(need_K, 0.0)[self.table[rows_R]]


class _SomeOfSeveral:
    def __init__(self, amount_NK: NDArray[np.float32]) -> None:
        self.table = amount_NK

    def totals(self, rows_R: Rows) -> NDArray[np.float64]:
        return np.asarray(self.table[rows_R].sum(axis=0, dtype=np.float64))

    def average_mass(self, rows_R: Rows) -> float:
        mass_R = self.table[rows_R].sum(axis=1, dtype=np.float64)
        showing = np.count_nonzero(mass_R)
        return float(mass_R.sum() / showing) if showing else 1.0

    def needs(self, rows_R: Rows, need_K: NDArray[np.float64]) -> NDArray[np.float64]:
        needs_R = np.empty(len(rows_R))
        with threads_for(len(rows_R) * len(need_K)):
            potentials.mean_needs(self.table, rows_R, need_K, needs_R)
        return needs_R
