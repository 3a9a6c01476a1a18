"""Brings wide embeddings down to the configured width, the same way on every machine."""

import numpy as np
from numpy.typing import NDArray

# Enough rows to know the directions in which a set varies.
ROWS_TO_FIT = 20_000


def fit_projection(
    embeddings_ND: NDArray[np.float32], width: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and principal directions (D x width) of evenly spaced rows."""
    step = max(1, len(embeddings_ND) // ROWS_TO_FIT)
    sample_ND = np.asarray(embeddings_ND[::step], np.float64)
    mean_D = sample_ND.mean(axis=0)
    centred = sample_ND - mean_D
    _, vectors = np.linalg.eigh(centred.T @ centred)
    directions_DW = vectors[:, ::-1][:, :width]
    # An eigenvector may point either way: its largest number shall be positive.
    largest = np.abs(directions_DW).argmax(axis=0)
    directions_DW = directions_DW * np.sign(
        directions_DW[largest, np.arange(directions_DW.shape[1])]
    )
    return mean_D.astype(np.float32), directions_DW.astype(np.float32)
