"""The plain greedy loop in double precision, written to be read: what every selection must equal.

Before each pick it works out every objective of every candidate from nothing but the definitions in
docs/explanation/selection.md.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation_job.selection import (
    Balance,
    Diversity,
    Objects,
    Operation,
    SelectionProblem,
    Similarity,
    Threshold,
    Typicality,
    Weights,
)
from curation_job.selection.problem import Objective

Values = NDArray[np.float64]

FLOOR = 1e-9


def unit(embeddings: object) -> Values:
    """Embeddings scaled to length 1."""
    table = np.asarray(embeddings, np.float64)
    return np.asarray(table / np.linalg.norm(table, axis=1, keepdims=True))


def distances(some: Values, others: Values) -> Values:
    """The distance of each of some from each of others."""
    return np.asarray(np.sqrt(((some[:, None] - others[None]) ** 2).sum(axis=2)))


class Reference:
    """One problem, and how good each sample would be next after any picks."""

    def __init__(self, problem: SelectionProblem) -> None:
        self.problem = problem
        self.taken = [int(row) for row in problem.preselected]
        self.points = np.empty((problem.size, 0))
        if problem.embeddings is not None:
            self.points = unit(problem.embeddings)
        passing = [
            row for row in range(problem.size) if all(_passes(r, row) for r in problem.thresholds)
        ]
        self.candidates = np.setdiff1d(passing, self.taken)
        self.constant: dict[int, Values] = {}
        for number, rule in enumerate(problem.objectives):
            if isinstance(rule, Typicality):
                self.constant[number] = self._typicality(rule)
        for number, typical in self.constant.items():
            least = problem.objectives[number].minimum  # type: ignore[union-attr]
            self.candidates = self.candidates[typical[self.candidates] >= (least or 0.0)]
        for number, rule in enumerate(problem.objectives):
            if isinstance(rule, Weights) and rule.target_range is None:
                self.constant[number] = self._weight(rule)
            if isinstance(rule, Similarity):
                nearest = distances(self.points, unit(rule.queries)).min(axis=1)
                self.constant[number] = 1 - nearest / 2

    def log_products(self, picks: Sequence[int]) -> Values:
        """For each row the logarithm of the product of objectives, -inf if it must not be next."""
        total = np.full(self.problem.size, -np.inf)
        total[np.setdiff1d(self.candidates, picks)] = 0.0
        for number, rule in enumerate(self.problem.objectives):
            objective = self.constant.get(number)
            if objective is None:
                objective = self._moving(rule, picks)
            total += rule.strength * np.log(np.maximum(objective, FLOOR))
            total[self._is_too_near(rule, picks)] = -np.inf
        return total

    def overflows(self, picks: Sequence[int], row: int) -> bool:
        """Whether this row would make a sum too large."""
        return any(
            isinstance(rule, Weights)
            and rule.max_sum is not None
            and np.asarray(rule.values)[[*picks, row]].sum() > rule.max_sum
            for rule in self.problem.objectives
        )

    def _moving(self, rule: Objective, picks: Sequence[int]) -> Values:
        match rule:
            case Diversity():
                return self._distance(rule, picks) / 2
            case Balance():
                return self._need(rule, [*self.taken, *picks])
            case Weights(target_range=(low, high)):
                values = np.asarray(rule.values, np.float64)
                left = min(self.problem.count, len(self.candidates)) - len(picks)
                low, high = ((end - values[picks].sum()) / max(1, left) for end in (low, high))
                gap = np.maximum(0, np.maximum(low - values, values - high))
                spread = np.ptp(values[self.candidates]) or 1.0
                return np.asarray(spread / (spread + gap))
        raise AssertionError(rule)

    def _distance(self, rule: Diversity, picks: Sequence[int]) -> Values:
        """From each row to the nearest selected one, or to the mean of the candidates."""
        selected = [*self.taken, *picks]
        if rule.objects is None:
            known = self.points[selected or self.candidates]
            if not selected:
                known = known.mean(axis=0, keepdims=True)
            return np.asarray(distances(self.points, known).min(axis=1))
        points, owners = unit(rule.objects.embeddings), np.asarray(rule.objects.owners)
        known = points[np.isin(owners, selected)]
        if not len(known):
            known = points[np.isin(owners, self.candidates)].mean(axis=0, keepdims=True)
        nearest = distances(points, known).min(axis=1)
        return np.array(
            [
                nearest[owners == row].mean() if np.any(owners == row) else 0.0
                for row in range(self.problem.size)
            ]
        )

    def _is_too_near(self, rule: Objective, picks: Sequence[int]) -> NDArray[np.bool_]:
        near = np.zeros(self.problem.size, np.bool_)
        if isinstance(rule, Diversity) and rule.minimum_distance and (self.taken or len(picks)):
            near = self._distance(rule, picks) < rule.minimum_distance
            if rule.objects is not None:
                near &= np.isin(np.arange(self.problem.size), rule.objects.owners)
        return near

    def _need(self, rule: Balance, selected: Sequence[int]) -> Values:
        """Target over what is selected plus a half, for what each row shows on the average."""
        classes = np.asarray(rule.classes)
        if classes.ndim == 1:
            classes = classes[:, None] == np.arange(len(rule.target))
        mass = classes.sum(axis=1)
        showing = self.candidates[mass[self.candidates] > 0]
        unit_mass = 1.0
        if np.asarray(rule.classes).ndim == 2 and len(showing):
            unit_mass = mass[showing].mean()
        picked = classes[selected].sum(axis=0) / unit_mass
        need = np.asarray(rule.target) / (picked + 0.5)
        shown = np.divide(classes @ need, mass, out=np.zeros(len(mass)), where=mass > 0)
        return np.asarray(shown * (picked.sum() + 1))

    def _weight(self, rule: Weights) -> Values:
        values = np.asarray(rule.values, np.float64)
        if not len(self.candidates):
            return values
        from_zero = values - min(0.0, values[self.candidates].min())
        largest = from_zero[self.candidates].max()
        return from_zero / largest if largest > 0 else np.ones(len(values))

    def _typicality(self, rule: Typicality) -> Values:
        typical = np.ones(self.problem.size)
        kept = min(rule.neighbours, len(self.candidates) - 1)
        if kept > 0:
            apart = distances(self.points[self.candidates], self.points[self.candidates])
            nearest = np.sort(apart + 9 * np.eye(len(apart)), axis=1)[:, :kept]
            typical[self.candidates] = 1 - nearest.mean(axis=1) / 2
        return typical


def _passes(rule: Threshold, row: int) -> bool:
    value = rule.values[row]
    return bool(
        {
            Operation.SMALLER: value < rule.limit,
            Operation.SMALLER_EQUAL: value <= rule.limit,
            Operation.BIGGER: value > rule.limit,
            Operation.BIGGER_EQUAL: value >= rule.limit,
        }[rule.operation]
    )


def assert_is_the_greedy_selection(
    problem: SelectionProblem, picks: Sequence[int], *, precision: float = 1e-5
) -> None:
    """Each pick is the best there was; where two were equal to within rounding, one of them."""
    reference = Reference(problem)
    slack = precision * sum(1 + abs(rule.strength) for rule in problem.objectives)
    for number, pick in enumerate(picks):
        before = list(picks[:number])
        products = reference.log_products(before)
        assert products[pick] >= products.max() - slack, (number, pick, int(products.argmax()))
        assert not reference.overflows(before, pick)
    left = reference.log_products(list(picks))
    if len(picks) < problem.count and np.any(left > -np.inf):
        best = np.flatnonzero(left >= left.max() - slack)
        assert any(reference.overflows(list(picks), int(row)) for row in best), "stopped early"


def picks_without_near_ties(problem: SelectionProblem, precision: float = 1e-5) -> list[int]:
    """The reference's own picks, up to where two samples are equal to within rounding."""
    reference = Reference(problem)
    slack = precision * sum(1 + abs(rule.strength) for rule in problem.objectives)
    picks: list[int] = []
    while len(picks) < problem.count:
        products = reference.log_products(picks)
        second, best = np.sort(products)[-2:]
        row = int(products.argmax())
        if best == -np.inf or second > best - slack or reference.overflows(picks, row):
            break
        picks.append(row)
    return picks


def shuffled(problem: SelectionProblem, order: NDArray[np.intp]) -> SelectionProblem:
    """The same problem with its rows in another order."""
    place = np.argsort(order)
    names, embeddings = problem.names, problem.embeddings

    def moved(values: Any) -> NDArray[Any]:
        return np.asarray(values)[order]

    def turned(rule: Objective) -> Objective:
        match rule:
            case Weights():
                return replace(rule, values=moved(rule.values))
            case Balance():
                return replace(rule, classes=moved(rule.classes))
            case Diversity(objects=Objects() as objects):
                owners = place[objects.owners]
                by_owner = np.argsort(owners, kind="stable")
                table = np.asarray(objects.embeddings)[by_owner]
                return replace(rule, objects=Objects(table, owners[by_owner]))
        return rule

    return replace(
        problem,
        names=None if names is None else [names[row] for row in order],
        embeddings=None if embeddings is None else moved(embeddings),
        preselected=place[np.asarray(problem.preselected, np.intp)],
        thresholds=[replace(r, values=moved(r.values)) for r in problem.thresholds],
        objectives=[turned(rule) for rule in problem.objectives],
    )
