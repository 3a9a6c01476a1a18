"""Distances within a set, for the report: right, and in little memory."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.distance import pdist  # type: ignore[import-untyped]

from curation_job.report.distances import MOST_ROWS, distance_statistics

GIGABYTE = 2.0**30


def some_rows(count: int) -> NDArray[np.float32]:
    rows = np.random.default_rng(1).normal(size=(count, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


@pytest.mark.parametrize("count", [2, 3, 300, 700])
def test_they_are_those_of_all_pairs(count: int) -> None:
    rows = some_rows(count)
    expected = pdist(rows.astype(np.float64))

    found = distance_statistics(rows, memory_bytes=GIGABYTE)

    assert found is not None
    assert found.rows == count
    assert (found.mean, found.minimum, found.maximum) == pytest.approx(
        (expected.mean(), expected.min(), expected.max()), abs=1e-5
    )
    bin_width = found.edges[1] - found.edges[0]
    counts, _ = np.histogram(expected, bins=found.edges)
    assert np.abs(np.cumsum(found.counts) - np.cumsum(counts)).max() <= max(1, len(expected) // 1e4)
    if count > 100:
        wanted = np.percentile(expected, [10, 90])
        got = (found.percentile_10, found.percentile_90)
        assert got == pytest.approx(tuple(wanted), abs=bin_width / 100)


def test_of_equal_rows_they_are_zero() -> None:
    found = distance_statistics(np.ones((5, 3), np.float32), memory_bytes=GIGABYTE)

    assert found is not None
    assert (found.mean, found.maximum, sum(found.counts)) == (0.0, 0.0, 10)


def test_one_row_has_none() -> None:
    assert distance_statistics(some_rows(1), memory_bytes=GIGABYTE) is None


@pytest.mark.covers("R62")
@pytest.mark.parametrize(("memory", "most"), [(40_000.0, 100), (1e12, MOST_ROWS)])
def test_a_large_set_is_sampled_evenly(memory: float, most: int) -> None:
    rows = np.zeros((3 * MOST_ROWS, 2), np.float32)

    found = distance_statistics(rows, memory_bytes=memory)

    assert found is not None
    assert most // 2 < found.rows <= most
