"""The data that benchmarks run on, always the same: see docs/performance.md."""

# N samples, D dimensions.

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.float32]

CENTRES = 200
BLOCK = 100_000


def clustered(count: int, width: int, seed: int = 0) -> Table:
    """200 clusters of very different size and spread, as unlabelled images have them."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((CENTRES, width), dtype=np.float32)
    spreads = np.exp(rng.uniform(np.log(0.05), np.log(1.0), CENTRES)).astype(np.float32)
    cluster_N = rng.choice(CENTRES, count, p=rng.dirichlet(np.ones(CENTRES)))
    table = np.empty((count, width), np.float32)
    for start in range(0, count, BLOCK):
        cluster = cluster_N[start : start + BLOCK]
        noise = rng.standard_normal((len(cluster), width), dtype=np.float32)
        table[start : start + BLOCK] = centres[cluster] + spreads[cluster, None] * noise
    return _normalised(table)


def uniform(count: int, width: int, seed: int = 0) -> Table:
    """No structure at all: the hardest case."""
    rng = np.random.default_rng(seed)
    return _normalised(rng.standard_normal((count, width), dtype=np.float32))


def manifold(count: int, width: int, seed: int = 0) -> Table:
    """Many coordinates but few degrees of freedom, which is how embeddings of images look."""
    latent, hidden = 16, 256
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((CENTRES, latent))
    cluster_N = rng.integers(0, CENTRES, count)
    code = (centres[cluster_N] + 0.5 * rng.standard_normal((count, latent))).astype(np.float32)
    inward = (rng.standard_normal((latent, hidden)) / np.sqrt(latent)).astype(np.float32)
    outward = (rng.standard_normal((hidden, width)) / np.sqrt(hidden)).astype(np.float32)
    noise = 0.01 * rng.standard_normal((count, width), dtype=np.float32)
    return _normalised(np.tanh(code @ inward) @ outward + noise)


RECIPES: dict[str, Callable[[int, int], Table]] = {
    "clustered": clustered,
    "uniform": uniform,
    "manifold": manifold,
}


def half_precision_shards(folder: Path, count: int, width: int, shards: int) -> list[Path]:
    """Clustered embeddings in half precision, in files that can be mapped into memory."""
    paths = []
    for number in range(shards):
        paths.append(folder / f"shard-{number:03}.npy")
        np.save(paths[-1], clustered(count // shards, width, seed=number).astype(np.float16))
    return paths


def _normalised(table: Table) -> Table:
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    return np.ascontiguousarray(table)
