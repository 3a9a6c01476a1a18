"""How well the first n picks stand for all candidates, for every n: where more picks stop paying.

One greedy order answers for every size below its own.
"""

# G sizes, K picks, N samples.

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curation_job.selection.classes import classes_of
from curation_job.selection.ground import Ground
from curation_job.selection.points import Rows
from curation_job.selection.problem import Balance
from curation_job.selection.reasons import Followed

MOST_SIZES = 100

# Half precision moves an embedding by about 0.0003; nearer than this, two are the same image.
DUPLICATE_DISTANCE = 1e-3

Curve = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """What a selection of each of these sizes would be worth."""

    size_G: Rows
    largest_distance_G: Curve | None
    """From the candidate worst off to its nearest selected sample; None without embeddings."""
    mean_distance_G: Curve | None
    """The same for all candidates on the average."""
    duplicates_G: Rows | None
    """How many picks are practically the same as one selected before."""
    balance_error: Mapping[str, Curve]
    """By name of the objective: which part of what is selected is of the wrong class."""
    knee: int | None
    """From this size on, more picks bring the mean distance down less than they did before."""


def sizes_up_to(count: int) -> Rows:
    """The sizes a curve has points at: all, or a hundred evenly spaced."""
    return np.unique(np.linspace(1, count, min(count, MOST_SIZES)).round().astype(np.intp))


def coverage_of(
    ground: Ground, picks: Rows, names: list[str], size_G: Rows, followed: Followed | None
) -> Coverage:
    """The curves of a selection."""
    largest_G = mean_G = duplicates_G = None
    if followed is not None:
        largest_G, mean_G = followed.spread.largest_G, followed.spread.mean_G
        is_duplicate_K = followed.distance_N[picks] < DUPLICATE_DISTANCE
        duplicates_G = np.cumsum(is_duplicate_K, dtype=np.intp)[size_G - 1]
    return Coverage(
        size_G,
        largest_G,
        mean_G,
        duplicates_G,
        {
            name: _balance_error(ground, picks, rule)[size_G - 1]
            for name, rule in zip(names, ground.problem.objectives, strict=True)
            if isinstance(rule, Balance)
        },
        None if mean_G is None else _knee(size_G, mean_G),
    )


def _balance_error(ground: Ground, picks: Rows, rule: Balance) -> Curve:
    """After each pick: half the sum of differences between shares and target."""
    classes = classes_of(rule.classes, len(rule.target))
    target_K = np.asarray(rule.target) / np.sum(rule.target)
    shown = classes.totals(ground.taken_K) + np.cumsum(
        [classes.totals(picks[k : k + 1]) for k in range(len(picks))], axis=0
    )
    total = shown.sum(axis=1, keepdims=True)
    share = np.divide(shown, total, out=np.zeros_like(shown), where=total > 0)
    return np.asarray(np.abs(share - target_K).sum(axis=1) / 2)


def _knee(size_G: Rows, mean_G: Curve) -> int | None:
    """Where the curve is farthest below the line from its first to its last point."""
    fall = mean_G[0] - mean_G[-1] if len(mean_G) else 0.0
    if len(size_G) < 3 or fall <= 0:
        return None
    along_G = (size_G - size_G[0]) / (size_G[-1] - size_G[0])
    below_G = 1 - along_G - (mean_G - mean_G[-1]) / fall
    best = int(np.argmax(below_G))
    return int(size_G[best]) if below_G[best] > 0 else None
