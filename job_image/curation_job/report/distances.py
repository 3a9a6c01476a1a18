"""Distances within a set of embeddings, before and after a selection."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

# N rows, D numbers an embedding.

BINS = 60


@dataclass(frozen=True, slots=True)
class DistanceStatistics:
    """The pairwise distances of a set, or of an even sample of a large one."""

    rows: int
    """How many rows were compared with each other."""
    mean: float
    minimum: float
    maximum: float
    percentile_10: float
    percentile_90: float
    counts: list[int]
    edges: list[float]

    def as_json(self) -> dict[str, object]:
        """For the report."""
        return asdict(self)


def distance_statistics(
    embeddings_ND: NDArray[np.float32], *, memory_bytes: float
) -> DistanceStatistics | None:
    """Statistics within a bound of memory; None for fewer than two rows."""
    most = max(2, int((memory_bytes / 4) ** 0.5))
    step = max(1, -(-len(embeddings_ND) // most))
    rows_ND = np.asarray(embeddings_ND[::step])
    if len(rows_ND) < 2:
        return None
    distances = _pairwise(rows_ND)
    counts, edges = np.histogram(distances, bins=BINS, range=(0, float(distances.max()) or 1.0))
    low, high = np.percentile(distances, [10, 90])
    return DistanceStatistics(
        rows=len(rows_ND),
        mean=float(distances.mean()),
        minimum=float(distances.min()),
        maximum=float(distances.max()),
        percentile_10=float(low),
        percentile_90=float(high),
        counts=counts.tolist(),
        edges=edges.tolist(),
    )


def _pairwise(rows_ND: NDArray[np.float32]) -> NDArray[np.float32]:
    """The distance of each pair, once."""
    squares_N = (rows_ND * rows_ND).sum(axis=1)
    above = np.triu_indices(len(rows_ND), k=1)
    squared_NN = squares_N[:, None] + squares_N[None, :] - 2 * rows_ND @ rows_ND.T
    distances: NDArray[np.float32] = np.sqrt(np.maximum(squared_NN[above], 0))
    return distances
