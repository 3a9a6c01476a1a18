"""Two-dimensional maps of embeddings: by PCA, and by UMAP with few to many neighbours."""

import logging
import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

logger = logging.getLogger(__name__)

NEIGHBOURS = (5, 15, 50)

# A picture shows no more than so many points, and UMAP takes seconds for them.
MOST_POINTS = 3_000
ROUNDS = 200

NEIGHBOUR_BLOCK = 512


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


def umap_maps(embeddings_ND: NDArray[np.float32], *, seed: int) -> dict[int, NDArray[np.float32]]:
    """Maps where neighbours stay neighbours, by how many; none for too few rows to have any."""
    count = len(embeddings_ND)
    if count < 8:
        return {}
    nearest_NM, distances_NM = _neighbours(embeddings_ND, min(max(NEIGHBOURS), count - 1))
    maps: dict[int, NDArray[np.float32]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # remarks of its dependencies on each other
        from umap import UMAP  # takes seconds to import

        for neighbours in NEIGHBOURS:
            used = min(neighbours, nearest_NM.shape[1])
            umap = UMAP(
                n_neighbors=used,
                random_state=seed,
                n_jobs=1,
                n_epochs=ROUNDS,
                precomputed_knn=(nearest_NM[:, :used].copy(), distances_NM[:, :used].copy()),
                force_approximation_algorithm=True,  # else it ignores them for few rows
            )
            maps[neighbours] = umap.fit_transform(embeddings_ND)
    return maps


def _neighbours(
    points_ND: NDArray[np.float32], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The nearest rows of each row, itself first, and how far they are."""
    squares_N = np.einsum("nd,nd->n", points_ND, points_ND)
    nearest, distances = [], []
    for start in range(0, len(points_ND), NEIGHBOUR_BLOCK):
        block_BD = points_ND[start : start + NEIGHBOUR_BLOCK]
        own_B = np.arange(start, start + len(block_BD))
        squared_BN = squares_N[own_B, None] + squares_N - 2 * block_BD @ points_ND.T
        squared_BN[own_B - start, own_B] = -1
        order_BM = np.argsort(squared_BN, axis=1, kind="stable")[:, :count]
        nearest.append(order_BM)
        distances.append(np.sqrt(np.take_along_axis(squared_BN, order_BM, 1).clip(0)))
    return np.concatenate(nearest), np.concatenate(distances).astype(np.float32)
