"""Every strategy alone and in any mix, against the plain loop of `reference.py`."""

import numpy as np
import pytest

from curation_job.selection import (
    Balance,
    Diversity,
    Objects,
    Operation,
    SelectionProblem,
    Similarity,
    Stop,
    Threshold,
    Typicality,
    Weights,
    select,
)
from curation_job.selection.problem import Objective
from tests.curation_job.selection.reference import (
    assert_is_the_greedy_selection,
    picks_without_near_ties,
)
from tests.curation_job.selection.samples import any_problem, embeddings, names, on_a_circle

SIZE = 1_500
TABLE = embeddings(SIZE, seed=1)
RNG = np.random.default_rng(2)
VALUES = RNG.random(SIZE)
CLASSES = RNG.integers(-1, 4, SIZE)
AMOUNTS = RNG.random((SIZE, 3)) * (RNG.random((SIZE, 3)) < 0.4)
OBJECTS = Objects(embeddings(2 * SIZE, seed=3), np.sort(RNG.integers(0, SIZE, 2 * SIZE)))

ALONE: dict[str, Objective] = {
    "diversity": Diversity(),
    "diversity with a minimum distance": Diversity(minimum_distance=0.9),
    "diversity of objects": Diversity(objects=OBJECTS),
    "the opposite of diversity": Diversity(strength=-1),
    "weights": Weights(VALUES),
    "small weights": Weights(VALUES, strength=-2),
    "negative values": Weights(VALUES - 0.5),
    "weights up to a sum": Weights(VALUES, max_sum=20.5),
    "weights with a sum in a range": Weights(VALUES, target_range=(12, 13)),
    "balance": Balance(CLASSES, np.array([0.5, 0.25, 0.125, 0.125])),
    "the opposite of balance": Balance(CLASSES, np.full(4, 0.25), strength=-1),
    "balance of amounts": Balance(AMOUNTS, np.array([0.6, 0.3, 0.1])),
    "similarity": Similarity(TABLE[:3]),
    "typicality": Typicality(neighbours=5),
    "typicality down to a minimum": Typicality(neighbours=5, minimum=0.86),
}


def selection_of(*objectives: Objective, count: int = 40, **more: object) -> SelectionProblem:
    return SelectionProblem(count, objectives, embeddings=TABLE, **more)  # type: ignore[arg-type]


@pytest.mark.covers("R80", "R84", "R89", "R91", "R93")
@pytest.mark.parametrize("objective", ALONE.values(), ids=ALONE)
def test_a_strategy_alone_makes_the_picks_of_the_plain_loop(objective: Objective) -> None:
    problem = selection_of(objective)

    picks = select(problem).picks.tolist()

    expected = picks_without_near_ties(problem)
    assert picks[: len(expected)] == expected
    assert_is_the_greedy_selection(problem, picks)


@pytest.mark.covers("R69", "R83", "R92", "R99")
@pytest.mark.parametrize("seed", range(300))
def test_strategies_together_make_the_picks_of_the_plain_loop(seed: int) -> None:
    problem = any_problem(seed)

    selection = select(problem)

    if selection.is_prefix or selection.gains:
        expected = picks_without_near_ties(problem)
        assert selection.picks[: len(expected)].tolist() == expected
        assert_is_the_greedy_selection(problem, selection.picks.tolist())


@pytest.mark.covers("R99")
def test_the_product_decides_not_one_strategy_after_the_other() -> None:
    one, other = Weights(np.array([21.0, 20.8, 20.5])), Weights(np.array([10.3, 10.8, 10.9]))

    selection = select(SelectionProblem(1, [one, other]))

    assert selection.picks.tolist() == [1]


@pytest.mark.covers("R92")
@pytest.mark.parametrize(("strength", "first"), [(0.9, 1), (1.1, 2)])
def test_strength_is_an_exponent(strength: float, first: int) -> None:
    one = Weights(np.array([1.0, 0.8, 0.4]))
    other = Weights(np.array([0.1, 0.5, 1.0]), strength=strength)

    assert select(SelectionProblem(1, [one, other])).picks.tolist() == [first]


@pytest.mark.covers("R92")
def test_a_strength_of_zero_leaves_a_strategy_without_influence() -> None:
    with_it = select(selection_of(Diversity(), Weights(VALUES, strength=0)))

    np.testing.assert_array_equal(with_it.picks, select(selection_of(Diversity())).picks)


def test_a_minimum_distance_holds_whatever_the_strength() -> None:
    selection = select(selection_of(Weights(VALUES), Diversity(0.5, strength=0), count=SIZE))

    assert selection.stop is Stop.MINIMUM_DISTANCE
    assert selection.gains["DIVERSITY"][1:].min() >= 0.5


@pytest.mark.covers("R82", "R83")
@pytest.mark.parametrize(
    ("operation", "passing"),
    [
        (Operation.SMALLER, [0]),
        (Operation.SMALLER_EQUAL, [0, 1]),
        (Operation.BIGGER, [2]),
        (Operation.BIGGER_EQUAL, [1, 2]),
    ],
)
def test_a_threshold_keeps_what_is_on_its_side(operation: Operation, passing: list[int]) -> None:
    values = np.array([1.0, 2.0, 3.0])

    selection = select(SelectionProblem(3, [Weights(values)], [Threshold(values, operation, 2.0)]))

    assert sorted(selection.picks.tolist()) == passing


@pytest.mark.covers("R83")
def test_all_thresholds_have_to_be_passed() -> None:
    values = np.arange(10.0)
    between = [Threshold(values, Operation.BIGGER, 3), Threshold(values, Operation.SMALLER, 6)]

    assert select(SelectionProblem(9, [Weights(values)], between)).picks.tolist() == [4, 5]


def test_balance_gives_seats_like_sainte_lague() -> None:
    votes = np.array([53_000, 24_000, 23_000])

    selection = select(SelectionProblem(7, [Balance(np.repeat([0, 1, 2], 7), votes / votes.sum())]))

    assert np.bincount(selection.picks // 7).tolist() == [3, 2, 2]


@pytest.mark.covers("R84", "R86")
def test_balance_reaches_its_target() -> None:
    target = np.array([0.1, 0.5, 0.4])
    classes = np.repeat([0, 1, 2], [600, 50, 850])

    picks = select(selection_of(Balance(classes, target), count=100)).picks

    assert np.bincount(classes[picks]).tolist() == [10, 50, 40]


@pytest.mark.covers("R101")
def test_a_class_that_runs_out_leaves_the_others_in_proportion() -> None:
    classes = np.repeat([0, 1, 2], [2, 700, 798])

    picks = select(selection_of(Balance(classes, np.array([0.5, 0.25, 0.25])), count=40)).picks

    assert np.bincount(classes[picks]).tolist() == [2, 19, 19]


@pytest.mark.covers("R85")
def test_objects_of_all_images_together_are_balanced() -> None:
    seen = np.array([[9.0, 0.0], [0.0, 3.0], [0.0, 3.0], [0.0, 3.0], [0.0, 0.0]])

    picks = select(SelectionProblem(4, [Balance(seen, np.array([0.5, 0.5]))])).picks

    assert picks.tolist() == [0, 1, 2, 3]


@pytest.mark.covers("R93")
def test_a_sum_of_values_is_never_exceeded() -> None:
    selection = select(selection_of(Diversity(), Weights(VALUES, max_sum=9), count=SIZE))

    assert selection.stop is Stop.MAX_SUM
    assert 8 < VALUES[selection.picks].sum() <= 9


@pytest.mark.covers("R93")
@pytest.mark.parametrize("low", [3, 10, 18])
def test_a_sum_of_values_ends_in_its_range(low: float) -> None:
    target = Weights(VALUES, target_range=(low, low + 0.5))

    selection = select(selection_of(target, count=20))

    assert low <= VALUES[selection.picks].sum() <= low + 0.5
    assert not selection.is_prefix


@pytest.mark.covers("R89")
def test_similarity_takes_the_nearest_to_any_query() -> None:
    table = on_a_circle(0, 5, 80, 91, 180)

    problem = SelectionProblem(3, [Similarity(on_a_circle(1, 90))], embeddings=table)

    assert select(problem).picks.tolist() == [0, 3, 1]


@pytest.mark.covers("R91")
def test_typicality_is_one_minus_half_the_mean_distance_to_the_neighbours() -> None:
    table = on_a_circle(0, 60, 120, 180, 350)

    selection = select(SelectionProblem(2, [Typicality(2)], embeddings=table))

    nearest = 2 * np.sin(np.radians([[10 / 2, 60 / 2], [10 / 2, 70 / 2]])).mean(axis=1)
    assert selection.picks.tolist() == [0, 4]
    np.testing.assert_allclose(selection.gains["TYPICALITY"], 1 - nearest / 2, rtol=1e-6)


@pytest.mark.covers("R95")
def test_an_image_is_as_new_as_its_objects_are_on_the_average() -> None:
    objects = Objects(on_a_circle(0, 0, 90, 180, 170), np.array([0, 1, 1, 2, 2]))

    selection = select(SelectionProblem(3, [Diversity(objects=objects)], names=names(4)))

    assert selection.picks.tolist() == [0, 2, 1]
    to_the_nearest = np.array([0.0, 2 * np.sin(np.radians(80 / 2))])
    np.testing.assert_allclose(selection.gains["DIVERSITY"][2], to_the_nearest.mean(), rtol=1e-6)


@pytest.mark.covers("R95")
def test_without_any_object_the_other_strategies_decide() -> None:
    nothing = Objects(np.empty((0, 4)), np.empty(0, int))
    problem = SelectionProblem(2, [Diversity(objects=nothing), Weights(np.array([1.0, 3.0, 2.0]))])

    assert select(problem).picks.tolist() == [1, 2]


@pytest.mark.covers("R75", "R100")
def test_with_room_for_everything_all_are_kept_by_name() -> None:
    problem = SelectionProblem(9, [Diversity()], embeddings=TABLE[:4], names=["d", "a", "c", "b"])

    selection = select(problem)

    assert selection.picks.tolist() == [1, 3, 2, 0]
    assert selection.stop is Stop.EVERYTHING
    assert not selection.is_prefix


@pytest.mark.covers("R90")
def test_equal_samples_are_picked_by_name() -> None:
    selection = select(SelectionProblem(2, [Weights(np.ones(3))], names=["c", "a", "b"]))

    assert selection.picks.tolist() == [1, 2]
