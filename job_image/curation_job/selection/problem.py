"""What a selection is asked for: how many of which samples, by which rules.

Everything is arrays with one row a sample, in any order. Formulas of the objectives and what
happens at zero are in docs/explanation/selection.md.
"""

# N samples, M objects, D embedding dimensions, K classes, Q queries.

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from curation_job.selection.points import (
    DEFAULT_MEMORY_BYTES,
    Embeddings,
    count_rows,
    row_number,
)

Numbers = NDArray[np.floating] | NDArray[np.integer]


class Operation(StrEnum):
    """How a value is compared with a limit."""

    SMALLER = "SMALLER"
    SMALLER_EQUAL = "SMALLER_EQUAL"
    BIGGER = "BIGGER"
    BIGGER_EQUAL = "BIGGER_EQUAL"


@dataclass(frozen=True, slots=True, eq=False)
class Threshold:
    """A rule that a sample must pass to be considered at all."""

    values: Numbers
    operation: Operation
    limit: float
    name: str = "THRESHOLD"


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """Embeddings of what is seen on the samples: any number of rows for each sample."""

    embeddings: Embeddings
    owners: NDArray[np.integer]
    """Which sample each row belongs to."""


@dataclass(frozen=True, slots=True, eq=False)
class Diversity:
    """Prefer samples that are far from everything selected so far."""

    minimum_distance: float | None = None
    """Never take a sample that is nearer than this to a selected one."""
    objects: Objects | None = None
    """Compare what is seen on the samples instead of the samples themselves."""
    strength: float = 1.0
    name: str = "DIVERSITY"


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """Prefer samples with large values, or those that bring the sum of values into a range."""

    values: Numbers
    max_sum: float | None = None
    """Stop before the values of the selected samples add up to more than this."""
    target_range: tuple[float, float] | None = None
    """Where the sum of the selected values should end up; large values are not preferred then."""
    strength: float = 1.0
    name: str = "WEIGHTS"


@dataclass(frozen=True, slots=True, eq=False)
class Balance:
    """Prefer samples of classes that are rarer among the selected than they should be."""

    classes: Numbers
    """A class number for each sample, or how much of each class it shows (N x K)."""
    target: NDArray[np.float64]
    """The share of each class. A class number of -1 is none of them."""
    strength: float = 1.0
    name: str = "BALANCE"


@dataclass(frozen=True, slots=True, eq=False)
class Similarity:
    """Prefer samples that are near to one of the given embeddings."""

    queries: Embeddings
    strength: float = 1.0
    name: str = "SIMILARITY"


@dataclass(frozen=True, slots=True, eq=False)
class Typicality:
    """Prefer samples in dense regions."""

    neighbours: int = 20
    minimum: float | None = None
    """Never take a sample that is less typical than this, 0 to 1."""
    strength: float = 1.0
    name: str = "TYPICALITY"


Objective = Diversity | Weights | Balance | Similarity | Typicality


@dataclass(frozen=True, slots=True, eq=False)
class SelectionProblem:
    """Select `count` samples by objectives that decide together."""

    count: int
    objectives: Sequence[Objective]
    thresholds: Sequence[Threshold] = ()
    embeddings: Embeddings | None = None
    names: Sequence[str] | None = None
    """Equal samples are selected by name; without names by row."""
    preselected: Sequence[int] | NDArray[np.integer] = ()
    """Rows that are selected already: they count for every objective and are not returned."""
    device: str | None = None
    """A torch device that measures distances; the processor does where there is none."""
    memory_bytes: int = field(default=DEFAULT_MEMORY_BYTES)
    """How much memory embeddings may take; they are read again and again if they need more."""

    @property
    def size(self) -> int:
        """How many rows there are."""
        if self.names is not None:
            return len(self.names)
        if self.embeddings is not None:
            return count_rows(self.embeddings)
        sized = [rule.values for rule in self.thresholds]
        sized += [entry.values for entry in self.objectives if isinstance(entry, Weights)]
        sized += [entry.classes for entry in self.objectives if isinstance(entry, Balance)]
        return len(sized[0]) if sized else 0

    def name_of(self, row: int) -> str:
        """What to call this row in a message."""
        return row_number(row) if self.names is None else repr(self.names[row])
