"""Exact duplicates: equal bytes or equal decoded pixels; the first by name stays."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def duplicates_of(
    content_hashes: pa.ChunkedArray, pixel_hashes: pa.ChunkedArray
) -> NDArray[np.int64]:
    """For each sample the position of the one it duplicates, or its own; samples come by name.

    Chains are followed: when A and B share bytes and B and C share pixels, A stays for all three.
    """
    groups = [_groups(content_hashes), _groups(pixel_hashes)]
    original_N = np.arange(len(content_hashes))
    while True:
        before = original_N
        for group_N in groups:
            original_N = _smallest_of_group(original_N, group_N)
        original_N = original_N[original_N]
        if np.array_equal(before, original_N):
            return original_N


def _groups(hashes: pa.ChunkedArray) -> NDArray[np.int64]:
    """A number for each value: equal values have equal numbers."""
    encoded = hashes.combine_chunks().dictionary_encode()
    numbers: NDArray[np.int64] = encoded.indices.to_numpy().astype(np.int64)
    return numbers


def _smallest_of_group(
    original_N: NDArray[np.int64], group_N: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Let every member of a group know the smallest original that any of them knows."""
    smallest = np.full(group_N.max(initial=-1) + 1, len(group_N), np.int64)
    np.minimum.at(smallest, group_N, original_N)
    return smallest[group_N]
