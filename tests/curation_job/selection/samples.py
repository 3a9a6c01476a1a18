"""Small sets of samples to select from."""

from collections.abc import Sequence
from typing import TypeVar

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

Choice = TypeVar("Choice")


def embeddings(count: int, width: int = 8, seed: int = 0) -> NDArray[np.float32]:
    """Some directions, in a few clusters of different size."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((5, width))
    spread = rng.uniform(0.1, 1.0, 5)
    cluster = rng.integers(0, 5, count)
    noise = rng.standard_normal((count, width))
    return (centres[cluster] + spread[cluster, None] * noise).astype(np.float32)


def on_a_manifold(count: int, width: int) -> NDArray[np.float32]:
    """Directions with many coordinates and few degrees of freedom."""
    rng = np.random.default_rng(0)
    inward, outward = rng.standard_normal((4, 64)), rng.standard_normal((64, width))
    return (np.tanh(rng.standard_normal((count, 4)) @ inward) @ outward).astype(np.float32)


def on_a_circle(*degrees: float) -> NDArray[np.float64]:
    """Directions in the plane."""
    angle = np.radians(degrees)
    return np.column_stack([np.cos(angle), np.sin(angle)])


def names(count: int) -> list[str]:
    """Names in order."""
    return [f"image-{row:05}.jpg" for row in range(count)]


def any_problem(seed: int) -> SelectionProblem:
    """A random mix of one to three strategies on 3 to 2 000 samples."""
    rng = np.random.default_rng(seed)
    size = int(rng.choice([3, 30, 120, 400, 2000], p=[0.1, 0.3, 0.3, 0.2, 0.1]))
    width = int(rng.choice([2, 5, 16, 40]))
    precision = one_of(rng, [np.float16, np.float32, np.float64])
    table = rng.standard_normal((size, width)).astype(precision)
    if rng.random() < 0.3:  # some samples twice
        table[rng.integers(0, size, size // 4)] = table[rng.integers(0, size, size // 4)]
    thresholds = [Threshold(rng.random(size), Operation.BIGGER, 0.3)] if rng.random() < 0.2 else []
    return SelectionProblem(
        count=int(rng.choice([5, 20, 40])),
        objectives=[any_objective(rng, size, width) for _ in range(rng.integers(1, 4))],
        thresholds=thresholds,
        embeddings=table,
        names=names(size),
        preselected=rng.choice(size, 2, replace=False) if rng.random() < 0.3 else [],
        # Without memory for points they are read again and again.
        memory_bytes=int(rng.choice([2**30, 1])),
    )


def one_of(rng: np.random.Generator, choices: Sequence[Choice]) -> Choice:
    """Any of these."""
    return choices[int(rng.integers(len(choices)))]


def any_objective(rng: np.random.Generator, size: int, width: int) -> Objective:
    """A strategy with random values and any strength."""
    strength = float(rng.choice([1, 1, 1, 2, 0.5, -1, 0, 3]))
    kind = rng.choice(
        ["diversity", "diversity", "objects", "weights", "range", "balance", "query", "typical"]
    )
    if kind == "diversity":
        return Diversity(one_of(rng, [None, 0.3]), strength=strength)
    if kind == "objects":
        owners = np.sort(rng.integers(0, size, 2 * size))
        return Diversity(objects=Objects(rng.standard_normal((2 * size, 4)), owners))
    if kind == "weights":
        values = one_of(rng, [rng.random(size), rng.integers(-2, 5, size).astype(float)])
        return Weights(values, max_sum=one_of(rng, [None, None, 5.0]), strength=strength)
    if kind == "range":
        return Weights(rng.random(size), target_range=(2.0, 3.0), strength=strength)
    if kind == "query":
        return Similarity(rng.standard_normal((3, width)), strength=strength)
    if kind == "typical":
        return Typicality(int(rng.integers(2, 6)), one_of(rng, [None, None, 0.5]), strength)
    share = rng.dirichlet(np.ones(int(rng.integers(1, 5))))
    amounts = rng.random((size, len(share))) * (rng.random((size, len(share))) < 0.5)
    classes = amounts if rng.random() < 0.5 else rng.integers(-1, len(share), size)
    return Balance(classes, share, strength)
