"""One number for a selection: the same where inputs, rules and picks are the same.

Rows are taken by name and rules by their own digest, so that the order in which anything was given
makes no difference. What rules are called makes none either.
"""

# N samples, R rows looked at.

import hashlib
import json
from typing import Any

import numpy as np

from curation_job.selection.ground import Ground
from curation_job.selection.points import PointSource, Rows
from curation_job.selection.problem import (
    Balance,
    Diversity,
    Objective,
    Similarity,
    Threshold,
    Typicality,
    Weights,
)

NAMES_AT_ONCE = 65_536


def digest_of(ground: Ground, picks: Rows) -> str:
    """The digest of a selection: inputs, rules, and picks in order."""
    problem = ground.problem
    rules = sorted(
        digest_of_rule(rule, ground) for rule in (*problem.thresholds, *problem.objectives)
    )
    hasher = _Hasher("curation selection 1", problem.count, rules)
    for rows_R in (ground.rows_by_name, ground.taken_K, picks):
        for start in range(0, len(rows_R), NAMES_AT_ONCE):
            part = rows_R[start : start + NAMES_AT_ONCE].tolist()
            hasher.add(part if problem.names is None else [problem.names[row] for row in part])
    if ground.source is not None:
        hasher.add_points(ground.source, ground.rows_by_name)
    return f"sha256:{hasher.hexdigest()}"


def digest_of_rule(rule: Objective | Threshold, ground: Ground) -> str:
    """The digest of one rule and of its input."""
    hasher = _Hasher(type(rule).__name__)
    match rule:
        case Threshold():
            hasher.add(rule.operation, float(rule.limit))
            hasher.add_numbers(rule.values, ground.rows_by_name)
        case Diversity():
            hasher.add(rule.minimum_distance, float(rule.strength), rule.objects is not None)
            if rule.objects is not None:
                owner_M = np.asarray(rule.objects.owners)
                place_N = np.argsort(ground.rows_by_name)
                rows_M = np.argsort(place_N[owner_M], kind="stable")
                hasher.add_numbers(place_N[owner_M], rows_M)
                if len(owner_M):
                    hasher.add_points(PointSource(rule.objects.embeddings), rows_M)
        case Weights():
            hasher.add(rule.max_sum, rule.target_range, float(rule.strength))
            hasher.add_numbers(rule.values, ground.rows_by_name)
        case Balance():
            hasher.add(np.asarray(rule.target, np.float64).tolist(), float(rule.strength))
            hasher.add_numbers(rule.classes, ground.rows_by_name)
        case Similarity():
            queries = PointSource(rule.queries)
            hasher.add(float(rule.strength))
            hasher.add_points(queries, np.arange(queries.count))
        case Typicality():
            hasher.add(rule.neighbours, rule.minimum, float(rule.strength))
    return hasher.hexdigest()


def objectives_in_order(ground: Ground) -> list[int]:
    """The numbers of all objectives in an order that does not depend on how they were given.

    Sums of potentials are rounded; in this order they are rounded alike.
    """
    objectives = ground.problem.objectives
    if len(objectives) == 1:
        return [0]
    return sorted(
        range(len(objectives)), key=lambda number: digest_of_rule(objectives[number], ground)
    )


class _Hasher:
    def __init__(self, *parts: Any) -> None:
        self._hash = hashlib.sha256()
        self.add(*parts)

    def add(self, *parts: Any) -> None:
        """Add plain values."""
        self._hash.update(json.dumps(parts).encode())

    def add_numbers(self, values: Any, rows_R: Rows) -> None:
        """Add these rows of a table of numbers."""
        table = np.asarray(values)[rows_R].astype("<f8")
        self.add(table.shape)
        self._hash.update(np.ascontiguousarray(table).data)

    def add_points(self, source: PointSource, rows_R: Rows) -> None:
        """Add the points of these rows."""
        self.add(len(rows_R), source.width)
        for _, points_RD in source.blocks(rows_R):
            self._hash.update(points_RD.astype("<f4", copy=False).data)

    def hexdigest(self) -> str:
        """What it all amounts to."""
        return self._hash.hexdigest()
