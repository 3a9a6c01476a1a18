"""Two-dimensional maps of embeddings: by PCA, and by UMAP with few to many neighbours."""

import logging
import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

logger = logging.getLogger(__name__)

NEIGHBOURS = (5, 15, 50)

# A picture shows no more than so many points, and UMAP takes seconds for them.
MOST_POINTS = 5_000


def points_to_map(count: int, always: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which rows are drawn: those that must be, and evenly spaced others."""
    step = max(1, -(-count // MOST_POINTS))
    return np.union1d(np.arange(0, count, step), always[:MOST_POINTS])


def pca_map(embeddings_ND: NDArray[np.float32]) -> NDArray[np.float32]:
    """The two directions in which the set varies most."""
    if min(embeddings_ND.shape) < 2:
        return np.zeros((len(embeddings_ND), 2), np.float32)
    mapped: NDArray[np.float32] = PCA(2, random_state=0).fit_transform(embeddings_ND)
    return mapped


def umap_map(
    embeddings_ND: NDArray[np.float32], neighbours: int, *, seed: int
) -> NDArray[np.float32] | None:
    """Neighbours stay neighbours. None for too few rows to have any."""
    count = len(embeddings_ND)
    if count < 8:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # remarks of its dependencies on each other
        from umap import UMAP  # takes seconds to import

        fitted = UMAP(n_neighbors=min(neighbours, count - 1), random_state=seed, n_jobs=1)
        mapped: NDArray[np.float32] = fitted.fit_transform(embeddings_ND)
    return mapped
