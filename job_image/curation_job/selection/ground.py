"""The ground a selection starts from: who competes, who is taken, who is out and why."""

# C candidates, K samples taken before, N samples.

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curation_job.selection.farthest import rows_among
from curation_job.selection.nearest import neighbour_distances
from curation_job.selection.points import PointSource, Rows
from curation_job.selection.problem import Operation, SelectionProblem, Threshold, Typicality
from curation_job.selection.rounds import by_rank

# What `Ground.failed_N` says besides the number of a threshold.
PASSED = -1
UNTYPICAL = -2

_COMPARE = {
    Operation.SMALLER: np.less,
    Operation.SMALLER_EQUAL: np.less_equal,
    Operation.BIGGER: np.greater,
    Operation.BIGGER_EQUAL: np.greater_equal,
}


@dataclass(frozen=True, slots=True)
class Ground:
    """A problem with its rows sorted out."""

    problem: SelectionProblem
    size: int
    source: PointSource | None
    rank_N: Rows | None
    """The place of each row when sorted by name; None where rows are sorted."""
    taken_K: Rows
    """Rows that were selected before, by name."""
    candidates_C: Rows
    failed_N: NDArray[np.int16]
    """The first threshold that a row fails, by number; UNTYPICAL; or PASSED."""
    typicality: dict[int, NDArray[np.float64]]
    """By number of the objective: how typical each row is that passed the thresholds."""

    @property
    def rows_by_name(self) -> Rows:
        """All rows in the order of their names."""
        return np.arange(self.size) if self.rank_N is None else np.argsort(self.rank_N)

    @property
    def points(self) -> PointSource:
        """The points, for objectives that are refused without embeddings."""
        if self.source is None:
            raise LookupError("a problem without embeddings passed its check")
        return self.source


def prepare(problem: SelectionProblem) -> Ground:
    """Sort out the rows of a problem that has been checked."""
    size = problem.size
    source = None
    if problem.embeddings is not None:
        source = PointSource(
            problem.embeddings, memory_bytes=problem.memory_bytes, name_of=problem.name_of
        )
    taken_K = rows_among(size, problem.preselected, "preselected")
    competes_N = np.ones(size, np.bool_)
    competes_N[taken_K] = False
    failed_N = np.full(size, PASSED, np.int16)
    for number, rule in reversed(list(enumerate(problem.thresholds))):
        failed_N[~passes(rule) & competes_N] = number
    competes_N &= failed_N == PASSED
    typicality = {}
    for number, objective in enumerate(problem.objectives):
        if isinstance(objective, Typicality) and source is not None:
            typicality[number] = _typicality(source, np.flatnonzero(competes_N), objective)
    for number, typical_N in typicality.items():
        objective = problem.objectives[number]
        if isinstance(objective, Typicality) and objective.minimum is not None:
            failed_N[competes_N & (typical_N < objective.minimum)] = UNTYPICAL
    rank_N = _rank(problem)
    return Ground(
        problem,
        size,
        source,
        rank_N,
        by_rank(taken_K, rank_N),
        np.flatnonzero(competes_N & (failed_N == PASSED)),
        failed_N,
        typicality,
    )


def passes(rule: Threshold) -> NDArray[np.bool_]:
    """Which samples pass a threshold."""
    return np.asarray(_COMPARE[rule.operation](np.asarray(rule.values), rule.limit), np.bool_)


def _typicality(source: PointSource, rows_R: Rows, rule: Typicality) -> NDArray[np.float64]:
    """1 minus half the mean distance to the nearest neighbours, 1 for a row that is alone."""
    typical_N = np.ones(source.count)
    typical_N[rows_R] = 1 - neighbour_distances(source, rows_R, rule.neighbours) / 2
    return typical_N


def _rank(problem: SelectionProblem) -> Rows | None:
    names = problem.names
    if names is None or all(names[row] < names[row + 1] for row in range(len(names) - 1)):
        return None
    rank_N = np.empty(len(names), np.intp)
    rank_N[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
    return rank_N
