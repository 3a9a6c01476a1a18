"""DIVERSITY alone: exact farthest-first selection."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from curation_api import CurationError
from curation_job.selection import (
    Diversity,
    SelectionProblem,
    farthest_first,
    find_flaws,
    heads,
    select,
)
from curation_job.selection.distances import ProcessorDistances
from curation_job.selection.points import PointSource
from tests.curation_job.selection.reference import (
    assert_is_the_greedy_selection,
    distances,
    picks_without_near_ties,
    unit,
)
from tests.curation_job.selection.samples import embeddings, on_a_circle, on_a_manifold


def diversity(table: NDArray[np.floating], count: int) -> SelectionProblem:
    return SelectionProblem(count, [Diversity()], embeddings=table)


@pytest.mark.covers("R67", "R78")
@pytest.mark.parametrize("seed", range(5))
def test_the_picks_are_those_of_the_plain_loop(seed: int) -> None:
    table = embeddings(2_000, width=16, seed=seed)

    picks = farthest_first(table, 60).tolist()

    expected = picks_without_near_ties(diversity(table, 60))
    assert picks[: len(expected)] == expected
    assert len(expected) > 10
    assert_is_the_greedy_selection(diversity(table, 60), picks)


def test_while_nothing_is_picked_the_mean_stands_in() -> None:
    table = on_a_circle(0, 10, 20, 90)

    assert farthest_first(table, 2).tolist() == [3, 0]


def test_another_first_pick_can_be_asked_for() -> None:
    table = on_a_circle(0, 10, 20, 90)

    assert farthest_first(table, 2, first=0).tolist() == [0, 3]


def test_only_the_direction_of_an_embedding_counts() -> None:
    table = embeddings(300)
    lengths = np.random.default_rng(1).uniform(0.1, 90, (300, 1)).astype(np.float32)

    longer = farthest_first((table * lengths).astype(np.float64), 30)

    np.testing.assert_array_equal(longer, farthest_first(table.astype(np.float64), 30))


def test_of_equal_rows_the_first_in_the_table_wins() -> None:
    table = np.repeat(on_a_circle(0, 90, 180), 2, axis=0)

    assert farthest_first(table, 6).tolist() == [0, 4, 2, 1, 3, 5]


def test_when_all_rows_are_equal_they_come_in_the_order_of_the_table() -> None:
    assert farthest_first(np.ones((3_000, 4)), 2_500).tolist() == list(range(2_500))


def test_with_fewer_rows_than_asked_for_all_of_them_come() -> None:
    picks = farthest_first(embeddings(40), 100)

    assert sorted(picks.tolist()) == list(range(40))


@pytest.mark.covers("R79")
def test_preselected_rows_are_kept_away_from_and_never_returned() -> None:
    table = on_a_circle(0, 10, 20, 90, 180)

    picks = farthest_first(table, 9, preselected=[4, 0])

    assert picks.tolist() == [3, 2, 1]


@pytest.mark.covers("R71", "R72", "R79")
def test_it_ends_when_everything_else_is_too_near() -> None:
    table = embeddings(500)

    picks = farthest_first(table, 500, preselected=[7], min_distance=0.6)

    points = table / np.linalg.norm(table, axis=1, keepdims=True)
    kept = points[[7, *picks]].astype(np.float64)
    apart = np.linalg.norm(kept[:, None] - kept, axis=2) + 9 * np.eye(len(kept))
    assert apart.min() >= 0.6 - 1e-7
    assert np.linalg.norm(points[:, None] - kept, axis=2).min(axis=1).max() < 0.6 + 1e-6


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_embeddings_may_lie_in_several_files_and_need_no_memory(
    kind: type[np.floating], tmp_path: Path
) -> None:
    table = embeddings(3_000, seed=3).astype(kind)
    shards = []
    for number, part in enumerate(np.split(table, [100, 100, 1_700])):
        np.save(tmp_path / f"{number}.npy", part)
        shards.append(np.load(tmp_path / f"{number}.npy", mmap_mode="r"))

    mapped = select(
        SelectionProblem(200, [Diversity()], embeddings=[shards[0], *shards[2:]], memory_bytes=0)
    )

    np.testing.assert_array_equal(mapped.picks, farthest_first(table, 200))
    np.testing.assert_array_equal(mapped.picks, farthest_first(shards, 200))


def test_where_few_directions_matter_heads_change_no_pick() -> None:
    table = on_a_manifold(heads.LEAST_COUNT, heads.LEAST_WIDTH)
    everyone = np.arange(len(table))
    measured = ProcessorDistances(PointSource(table))

    with_heads = farthest_first(table, 400)

    np.testing.assert_array_equal(with_heads, farthest_first(table, 400, device="cpu"))
    for part in np.array_split(with_heads, 4):
        measured.add(measured.source.read(part))
        measured.cover(everyone, np.full(len(table), -np.inf))
    assert measured._heads.heads_NH.shape[1] == heads.HEAD_WIDTH


def test_a_torch_device_makes_the_same_picks() -> None:
    table = embeddings(4_000, width=24)

    picks = farthest_first(table, 600, preselected=[3, 5], device="cpu")

    np.testing.assert_array_equal(picks, farthest_first(table, 600, preselected=[3, 5]))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_makes_the_same_picks() -> None:
    table = embeddings(100_000, width=64)

    picks = farthest_first(table, 2_000, device="cuda")

    np.testing.assert_array_equal(picks, farthest_first(table, 2_000))


@given(
    table=hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 40), st.integers(1, 4)),
        elements=st.sampled_from([-1.0, -0.5, 0.25, 0.75, 1.0]),
    ),
    count=st.integers(0, 50),
    data=st.data(),
)
def test_a_larger_selection_begins_with_the_smaller(
    table: NDArray[np.float32], count: int, data: st.DataObject
) -> None:
    smaller = data.draw(st.integers(0, count))

    picks = farthest_first(table, count).tolist()

    assert farthest_first(table, smaller).tolist() == picks[:smaller]
    assert len(set(picks)) == len(picks) == min(count, len(table))


@given(
    table=hnp.arrays(np.float64, (25, 3), elements=st.floats(0.1, 1)),
    taken=st.sets(st.integers(0, 24), max_size=25),
    least=st.floats(0, 1),
)
def test_preselected_rows_and_the_minimum_distance_are_respected(
    table: NDArray[np.float64], taken: set[int], least: float
) -> None:
    picks = farthest_first(table, 25, preselected=sorted(taken), min_distance=least).tolist()

    assert not taken & set(picks)
    kept = unit(table)[sorted(taken) + picks]
    apart = distances(kept, kept)[len(taken) :]
    apart[np.arange(len(picks)), len(taken) + np.arange(len(picks))] = 9
    assert apart.min(initial=9) >= least - 1e-6


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (np.zeros((0, 4)), "no embeddings"),
        ([np.ones((2, 4)), np.ones((2, 5))], "different widths cannot be compared: 4, 5"),
        (np.ones((2, 2, 2)), r"shape \(2, 2, 2\)"),
        (np.ones((2, 2), int), "int64"),
        (np.array([[1.0, 2], [np.nan, 1], [1, np.inf]]), "not finite numbers: row 1, row 2"),
        (np.array([[1.0, 2], [0, 0]]), "zero in every value and so have no direction: row 1"),
    ],
)
def test_embeddings_without_a_distance_are_refused_in_words(table: object, words: str) -> None:
    with pytest.raises(CurationError, match=words) as error:
        farthest_first(table, 1)  # type: ignore[arg-type]

    assert error.value.problem.fix


def test_many_bad_rows_are_counted_and_some_of_them_named() -> None:
    table = np.full((1_000, 2), np.nan)

    with pytest.raises(CurationError, match=r"1,000 of 1,000 .*row 4 and 995 more"):
        farthest_first(table, 1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"count": -1}, "Cannot select -1 samples"),
        ({"count": 1, "first": 9}, "no row 9 for `first` among 4 rows"),
        ({"count": 1, "preselected": [-1]}, "no row -1 for `preselected`"),
        ({"count": 1, "first": 1, "preselected": [1]}, "Row 1 cannot be first"),
        ({"count": 1, "min_distance": -0.5}, "minimum distance of -0.5"),
        ({"count": 1, "min_distance": float("nan")}, "minimum distance of nan"),
    ],
)
def test_arguments_that_make_no_sense_are_refused_in_words(
    arguments: dict[str, object], words: str
) -> None:
    with pytest.raises(CurationError, match=words):
        farthest_first(on_a_circle(0, 30, 60, 90), **arguments)  # type: ignore[arg-type]


def test_rows_that_would_be_refused_can_be_found_before() -> None:
    table = np.array([[1.0, 2], [0, 0], [np.inf, 1], [3, 4]])

    flaws = find_flaws(table)

    assert (flaws.not_finite, flaws.zero) == ([2], [1])
