"""Why a sample was selected or not, and what fewer picks would have covered."""

import numpy as np
import pytest

from curation_job.selection import (
    Balance,
    Diversity,
    Operation,
    Outcome,
    SelectionProblem,
    Threshold,
    Typicality,
    Weights,
    select,
)
from curation_job.selection.problem import Objective
from tests.curation_job.selection.reference import distances, unit
from tests.curation_job.selection.samples import embeddings, on_a_circle


def test_every_row_has_a_reason() -> None:
    sharp = np.array([9.0, 9, 1, 9, 9, 9, 9, 9])
    problem = SelectionProblem(
        2,
        [Diversity(minimum_distance=0.3), Typicality(1, minimum=0.6)],
        [Threshold(sharp, Operation.BIGGER, 5)],
        embeddings=on_a_circle(0, 180, 45, 96, 93, 270, 273, 300),
        preselected=[0],
    )

    reasons = select(problem).reasons

    assert [Outcome(outcome).name for outcome in reasons.outcome_N] == [
        "PRESELECTED",
        "UNTYPICAL",
        "FILTERED",
        "SELECTED",
        "TOO_NEAR",
        "SELECTED",
        "TOO_NEAR",
        "OUTRANKED",
    ]


def test_a_filtered_row_names_the_first_threshold_it_fails() -> None:
    value = np.array([1.0, 5.0, 9.0])
    rules = [Threshold(value, Operation.BIGGER, 3), Threshold(value, Operation.SMALLER, 7)]

    reasons = select(SelectionProblem(3, [Weights(value)], rules)).reasons

    assert reasons.threshold_N.tolist() == [0, -1, 1]


@pytest.mark.parametrize("taken", [[], [3, 4]])
def test_nearest_selected_samples_and_distances_are_those_of_the_plain_loop(
    taken: list[int],
) -> None:
    table = embeddings(700)
    problem = SelectionProblem(60, [Diversity()], embeddings=table, preselected=taken)

    selection = select(problem)

    apart = distances(unit(table), unit(table))
    picks, reasons = selection.picks.tolist(), selection.reasons
    for row in set(range(700)) - set(picks) - set(taken):
        assert reasons.distance_N[row] == pytest.approx(apart[row, taken + picks].min(), abs=1e-6)
        assert apart[row, reasons.nearest_N[row]] == pytest.approx(
            reasons.distance_N[row], abs=1e-6
        )
    for rank, row in enumerate(picks, start=1):
        earlier = taken + picks[: rank - 1]
        assert reasons.rank_N[row] == rank
        assert (reasons.nearest_N[row] in earlier) == bool(earlier)
        if earlier:
            nearest = apart[row, earlier].min()
            assert reasons.distance_N[row] == pytest.approx(nearest, abs=1e-6)


def test_without_embeddings_there_are_ranks_but_nothing_is_near() -> None:
    selection = select(SelectionProblem(1, [Weights(np.array([1.0, 2.0]))]))

    assert selection.reasons.rank_N.tolist() == [0, 1]
    assert selection.reasons.nearest_N.tolist() == [-1, -1]
    assert np.isnan(selection.reasons.distance_N).all()
    assert selection.coverage.mean_distance_G is None


def test_gains_are_in_the_units_of_their_inputs() -> None:
    table = on_a_circle(0, 90, 180)
    objectives: list[Objective] = [
        Diversity(),
        Weights(np.array([7.0, 5.0, 30.0])),
        Balance(np.array([0, 0, 1]), np.array([0.5, 0.5])),
    ]

    selection = select(SelectionProblem(2, objectives, embeddings=table))

    assert selection.picks.tolist() == [2, 0]
    assert selection.gains["WEIGHTS"].tolist() == [30.0, 7.0]
    assert selection.gains["DIVERSITY"][1] == pytest.approx(2.0)
    assert selection.gains["BALANCE"].tolist() == [1.0, 2.0]


def test_objectives_of_one_name_are_told_apart() -> None:
    values = np.array([1.0, 2.0])

    gains = select(SelectionProblem(1, [Weights(values), Weights(-values)])).gains

    assert {name: gain.tolist() for name, gain in gains.items()} == {
        "WEIGHTS": [1.0],
        "WEIGHTS (2)": [-1.0],
    }


@pytest.mark.parametrize("taken", [[], [3]])
def test_coverage_tells_for_every_size_how_far_the_candidates_are(taken: list[int]) -> None:
    table = embeddings(400)
    problem = SelectionProblem(30, [Diversity()], embeddings=table, preselected=taken)

    selection = select(problem)
    coverage = selection.coverage

    assert coverage.size_G.tolist() == list(range(1, 31))
    candidates = np.setdiff1d(np.arange(400), taken)
    apart = distances(unit(table)[candidates], unit(table))
    for place, size in enumerate(coverage.size_G):
        nearest = apart[:, [*taken, *selection.picks[:size]]].min(axis=1)
        assert coverage.mean_distance_G is not None
        assert coverage.largest_distance_G is not None
        assert coverage.mean_distance_G[place] == pytest.approx(nearest.mean(), abs=1e-6)
        assert coverage.largest_distance_G[place] == pytest.approx(nearest.max(), abs=1e-6)


def test_a_long_curve_has_a_hundred_points_and_the_last() -> None:
    selection = select(SelectionProblem(2_345, [Diversity()], embeddings=embeddings(5_000)))

    assert len(selection.coverage.size_G) == 100
    assert selection.coverage.size_G[[0, -1]].tolist() == [1, 2_345]


def test_the_knee_is_where_all_clusters_are_found() -> None:
    rng = np.random.default_rng(0)
    centres = np.eye(6)
    table = centres[rng.integers(0, 6, 3_000)] + 0.02 * rng.standard_normal((3_000, 6))

    selection = select(SelectionProblem(60, [Diversity()], embeddings=table))

    assert selection.coverage.knee == 6


def test_duplicates_among_the_picks_are_counted() -> None:
    table = np.repeat(on_a_circle(0, 90, 180, 270), 2, axis=0)[:7]

    selection = select(SelectionProblem(6, [Diversity()], embeddings=table))

    assert selection.coverage.duplicates_G is not None
    assert selection.coverage.duplicates_G.tolist() == [0, 0, 0, 0, 1, 2]


def test_the_balance_error_is_the_part_that_would_have_to_change() -> None:
    classes = np.array([0, 0, 0, 1])

    selection = select(SelectionProblem(4, [Weights(-classes), Balance(classes, np.full(2, 0.5))]))
    problem = SelectionProblem(3, [Balance(classes, np.full(2, 0.5))])

    assert selection.picks.tolist() == [0, 1, 2, 3]
    assert select(problem).coverage.balance_error["BALANCE"] == pytest.approx([0.5, 0, 1 / 6])
