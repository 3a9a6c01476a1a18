"""What BALANCE aims at, from the ways in which people say it."""

# K classes, N samples.

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from curation_job.selection.problem import Balance

OTHER = "other"


def balance_categories(
    values: Sequence[str],
    target: Mapping[str, float],
    *,
    strength: float = 1.0,
    name: str = "BALANCE",
) -> Balance:
    """Balance one category for each sample; what the target does not name is one class together."""
    number = {category: k for k, category in enumerate(target)}
    classes = np.array([number.get(value, len(target)) for value in values], np.int32)
    return Balance(classes, _with_the_rest(target), strength, name)


def balance_amounts(
    amounts_NK: NDArray[np.floating],
    categories: Sequence[str],
    target: Mapping[str, float],
    *,
    strength: float = 1.0,
    name: str = "BALANCE",
) -> Balance:
    """Balance amounts of several categories, such as the sums of class probabilities of objects."""
    named = [categories.index(category) for category in target]
    others = [k for k in range(len(categories)) if k not in named]
    rest_N = amounts_NK[:, others].sum(axis=1)
    classes = np.column_stack([amounts_NK[:, named], rest_N])
    return Balance(classes, _with_the_rest(target), strength, name)


def uniform(categories: Sequence[str]) -> dict[str, float]:
    """Equal shares."""
    return dict.fromkeys(categories, 1 / max(1, len(categories)))


def shares_of(totals: Mapping[str, float]) -> dict[str, float]:
    """The shares that these totals have."""
    total = sum(totals.values())
    return {category: amount / total for category, amount in totals.items()} if total else {}


def _with_the_rest(target: Mapping[str, float]) -> NDArray[np.float64]:
    shares = list(target.values())
    return np.array([*shares, max(0.0, 1 - sum(shares))])
