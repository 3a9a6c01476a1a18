"""Distances within a set of embeddings, before and after a selection."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

# N rows, D numbers an embedding.

BINS = 60
# Percentiles are read off these: right to a thousandth of a bin that one sees.
FINE_BINS = 1000 * BINS

# Fifty million pairs: more of them change no figure that is shown, only the time it takes.
MOST_ROWS = 10_000
ROWS_AT_ONCE = 256


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
    """Statistics of as many rows as a bound of memory asks for; None for fewer than two rows."""
    most = max(2, min(MOST_ROWS, int((memory_bytes / 4) ** 0.5)))
    step = max(1, -(-len(embeddings_ND) // most))
    rows_ND = np.asarray(embeddings_ND[::step])
    if len(rows_ND) < 2:
        return None
    minimum, maximum, total = np.inf, 0.0, 0.0
    for distances in _pairwise(rows_ND):
        minimum = min(minimum, float(distances.min(initial=np.inf)))
        maximum = max(maximum, float(distances.max(initial=0.0)))
        total += float(distances.sum(dtype=np.float64))
    fine = _histogram(rows_ND, longest=maximum or 1.0)
    edges = np.linspace(0, maximum or 1.0, FINE_BINS + 1)
    shares = np.concatenate([[0], np.cumsum(fine) / fine.sum()])
    return DistanceStatistics(
        rows=len(rows_ND),
        mean=total / int(fine.sum()),
        minimum=minimum,
        maximum=maximum,
        percentile_10=float(np.interp(0.1, shares, edges)),
        percentile_90=float(np.interp(0.9, shares, edges)),
        counts=fine.reshape(BINS, -1).sum(axis=1).tolist(),
        edges=edges[:: FINE_BINS // BINS].tolist(),
    )


def _histogram(rows_ND: NDArray[np.float32], *, longest: float) -> NDArray[np.int64]:
    """How many pairs are how far from each other, in fine bins."""
    counts = np.zeros(FINE_BINS, np.int64)
    for distances in _pairwise(rows_ND):
        bins = np.minimum((distances * (FINE_BINS / longest)).astype(np.int64), FINE_BINS - 1)
        counts += np.bincount(bins, minlength=FINE_BINS)
    return counts


def _pairwise(rows_ND: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """The distance of each pair, once, some rows at a time: all of them would take gigabytes."""
    squares_N = (rows_ND * rows_ND).sum(axis=1)
    for start in range(0, len(rows_ND), ROWS_AT_ONCE):
        block, rest = slice(start, start + ROWS_AT_ONCE), slice(start, None)
        squared_BM = squares_N[block, None] + squares_N[rest] - 2 * rows_ND[block] @ rows_ND[rest].T
        is_above_BM = np.triu(np.ones(squared_BM.shape, bool), k=1)
        yield np.sqrt(np.maximum(squared_BM[is_above_BM], 0))
