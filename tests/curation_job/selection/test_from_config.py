"""From `selectionConfig` and data to a selection problem."""

from typing import Any

import numpy as np
import pytest

from curation_api import CurationError, SelectionConfig
from curation_job.selection import (
    Balance,
    Diversity,
    Objects,
    SelectionProblem,
    Similarity,
    Typicality,
    Weights,
    select,
)
from curation_job.selection.from_config import problem_from
from curation_job.selection.inputs import Predictions, SampleInputs, random_numbers
from tests.curation_job.selection.samples import embeddings, names

SIZE = 20
RNG = np.random.default_rng(0)
WEATHER = ["sunny", "rainy", "cloudy", "sunny"] * 5
INPUTS = SampleInputs(
    names=names(SIZE),
    embeddings=embeddings(SIZE),
    objects={"cars": Objects(embeddings(SIZE), np.arange(SIZE))},
    scores={"cars": {"object_frequency": RNG.random(SIZE), "uncertainty_margin": RNG.random(SIZE)}},
    predictions={
        "cars": Predictions(["car", "bus", "van"], RNG.random((SIZE, 3)), np.eye(SIZE)[:, :3] * 2),
        "weather": Predictions(["sunny", "rainy"], RNG.random((SIZE, 2))),
    },
    metadata={
        "weather.description": WEATHER,
        "weather.temperature": np.linspace(-5, 14, SIZE).tolist(),
        "lightly.sharpness": RNG.random(SIZE),
        "crowd": [3, 4] * 10,
        "indoors": [True, False] * 10,
        "lens": [None, "wide"] * 10,
    },
    queries={("farm", "initial-tag"): embeddings(3, seed=5)},
)

DIVERSITY = {"input": {"type": "EMBEDDINGS"}, "strategy": {"type": "DIVERSITY"}}


def entry(strategy: str, more: dict[str, Any] | None = None, **seen: Any) -> dict[str, Any]:
    return {"input": seen, "strategy": {"type": strategy, **(more or {})}}


def problem_of(
    *strategies: dict[str, Any], inputs: SampleInputs = INPUTS, **more: Any
) -> SelectionProblem:
    config = {"n_samples": 5, **more.pop("config", {}), "strategies": list(strategies)}
    return problem_from(SelectionConfig.model_validate(config), inputs, **more)


def complaint(*strategies: dict[str, Any]) -> str:
    with pytest.raises(CurationError) as error:
        problem_of(*strategies)
    return error.value.problem.message


@pytest.mark.covers("R68", "R90", "R94", "R95")
@pytest.mark.parametrize(
    ("strategy", "kind", "name"),
    [
        (DIVERSITY, Diversity, "DIVERSITY of EMBEDDINGS"),
        (
            entry("DIVERSITY", type="EMBEDDINGS", task="cars"),
            Diversity,
            "DIVERSITY of EMBEDDINGS cars",
        ),
        (
            entry("WEIGHTS", type="SCORES", task="cars", score="uncertainty_margin"),
            Weights,
            "WEIGHTS of SCORES cars/uncertainty_margin",
        ),
        (
            entry("WEIGHTS", type="METADATA", key="weather.temperature"),
            Weights,
            "WEIGHTS of METADATA weather.temperature",
        ),
        (
            entry(
                "WEIGHTS",
                type="PREDICTIONS",
                task="cars",
                name="CATEGORY_COUNT",
                categories=["bus"],
            ),
            Weights,
            "WEIGHTS of PREDICTIONS cars",
        ),
        (entry("WEIGHTS", type="RANDOM", random_seed=42), Weights, "WEIGHTS of RANDOM"),
        (
            entry(
                "BALANCE", {"target": {"sunny": 0.5}}, type="METADATA", key="weather.description"
            ),
            Balance,
            "BALANCE of METADATA weather.description",
        ),
        (
            entry("SIMILARITY", type="EMBEDDINGS", dataset_id="farm", tag_name="initial-tag"),
            Similarity,
            "SIMILARITY of EMBEDDINGS initial-tag",
        ),
        (entry("TYPICALITY", type="EMBEDDINGS"), Typicality, "TYPICALITY of EMBEDDINGS"),
    ],
)
def test_every_input_finds_its_values(strategy: dict[str, Any], kind: type, name: str) -> None:
    problem = problem_of(strategy)

    [objective] = problem.objectives
    assert isinstance(objective, kind)
    assert objective.name == name
    assert len(select(problem).picks) == 5


def test_parameters_are_passed_on() -> None:
    [rule, weights, typicality] = problem_of(
        entry("DIVERSITY", {"stopping_condition_minimum_distance": 0.2}, type="EMBEDDINGS"),
        entry(
            "WEIGHTS",
            {
                "strength": -2,
                "stopping_condition_max_sum": 7,
                "target_range": {"min_sum": 1, "max_sum": 2},
            },
            type="METADATA",
            key="crowd",
        ),
        entry(
            "TYPICALITY",
            {"num_nearest_neighbors": 3, "stopping_condition_minimum_typicality": 0.4},
            type="EMBEDDINGS",
        ),
    ).objectives

    assert isinstance(rule, Diversity)
    assert isinstance(weights, Weights)
    assert isinstance(typicality, Typicality)
    assert (rule.minimum_distance, rule.strength) == (0.2, 1.0)
    assert (weights.strength, weights.max_sum, weights.target_range) == (-2, 7, (1, 2))
    assert (typicality.neighbours, typicality.minimum) == (3, 0.4)


@pytest.mark.covers("R82")
def test_a_threshold_says_what_it_demands() -> None:
    more = {"threshold": 20, "operation": "BIGGER"}

    problem = problem_of(
        DIVERSITY, entry("THRESHOLD", more, type="METADATA", key="lightly.sharpness")
    )

    assert [rule.name for rule in problem.thresholds] == ["METADATA lightly.sharpness BIGGER 20"]


def test_with_thresholds_alone_chance_decides() -> None:
    more = {"threshold": 5, "operation": "SMALLER"}

    problem = problem_of(entry("THRESHOLD", more, type="METADATA", key="crowd"))

    assert [rule.name for rule in problem.objectives] == ["RANDOM"]


@pytest.mark.covers("R86", "R87")
@pytest.mark.parametrize(
    ("more", "target"),
    [
        ({"target": {"rainy": 0.4, "sunny": 0.1}}, [0.4, 0.1, 0.5]),
        ({"distribution": "UNIFORM"}, [1 / 3, 1 / 3, 1 / 3, 0]),
        ({"distribution": "INPUT"}, [0.5, 0.25, 0.25, 0]),
    ],
)
def test_a_target_can_be_given_in_three_ways(more: dict[str, Any], target: list[float]) -> None:
    [rule] = problem_of(
        entry("BALANCE", more, type="METADATA", key="weather.description")
    ).objectives

    assert isinstance(rule, Balance)
    assert rule.target == pytest.approx(target)


@pytest.mark.covers("R85", "R86")
def test_categories_a_target_does_not_name_are_one_class_together() -> None:
    seen = {"type": "PREDICTIONS", "task": "cars", "name": "CLASS_DISTRIBUTION"}

    [rule] = problem_of(entry("BALANCE", {"target": {"van": 0.3}}, **seen)).objectives

    assert isinstance(rule, Balance)
    shown = INPUTS.predictions["cars"].distribution_NK
    np.testing.assert_allclose(
        rule.classes, np.column_stack([shown[:, 2], shown[:, :2].sum(axis=1)])
    )
    assert rule.target == pytest.approx([0.3, 0.7])


@pytest.mark.parametrize("key", ["crowd", "indoors"])
def test_whole_numbers_and_yes_or_no_can_be_balanced(key: str) -> None:
    [rule] = problem_of(
        entry("BALANCE", {"distribution": "UNIFORM"}, type="METADATA", key=key)
    ).objectives

    assert isinstance(rule, Balance)
    assert set(rule.classes.tolist()) == {0, 1}


@pytest.mark.covers("R81", "R88", "R97", "R102")
@pytest.mark.parametrize(
    ("strategy", "words"),
    [
        (
            entry("WEIGHTS", type="SCORES", task="carss", score="x"),
            "no task with scores called 'carss'; did you mean 'cars'? There is: cars",
        ),
        (
            entry("WEIGHTS", type="SCORES", task="cars", score="objectfrequency"),
            "no score of task cars called 'objectfrequency'; did you mean 'object_frequency'?"
            " There is: object_frequency, uncertainty_margin",
        ),
        (
            entry("DIVERSITY", type="EMBEDDINGS", task="vans"),
            "no task with embeddings called 'vans'",
        ),
        (entry("WEIGHTS", type="METADATA", key="lens.type"), "no metadata called 'lens.type'"),
        (
            entry("WEIGHTS", type="METADATA", key="weather.description"),
            "metadata 'weather.description' are categories such as 'sunny',"
            " numbers are needed here; BALANCE works with categories",
        ),
        (
            entry(
                "BALANCE", {"distribution": "UNIFORM"}, type="METADATA", key="weather.temperature"
            ),
            "metadata 'weather.temperature' are numbers such as -5, BALANCE needs categories",
        ),
        (
            entry("BALANCE", {"target": {"suny": 1}}, type="METADATA", key="weather.description"),
            "no value of metadata weather.description called 'suny'; did you mean 'sunny'?",
        ),
        (
            entry(
                "BALANCE",
                {"target": {"truck": 1}},
                type="PREDICTIONS",
                task="cars",
                name="CLASS_DISTRIBUTION",
            ),
            "no category of task cars called 'truck'. There is: bus, car, van",
        ),
        (
            entry(
                "WEIGHTS",
                type="PREDICTIONS",
                task="weather",
                name="CATEGORY_COUNT",
                categories=["sunny"],
            ),
            "task 'weather' predicts no objects that could be counted",
        ),
        (
            entry("SIMILARITY", type="EMBEDDINGS", dataset_id="farm", tag_name="initial"),
            "no tag with embeddings in Datasource farm called 'initial';"
            " did you mean 'initial-tag'?",
        ),
        (
            entry("WEIGHTS", type="METADATA", key="lens"),
            "10 samples have no metadata 'lens': 'image-00000.jpg', 'image-00002.jpg'",
        ),
    ],
)
def test_what_is_not_there_is_refused_with_what_there_is(
    strategy: dict[str, Any], words: str
) -> None:
    message = complaint(DIVERSITY, strategy)

    assert message.startswith("strategies[1]: ")
    assert words in message


@pytest.mark.covers("R102")
def test_everything_that_is_wrong_is_named_at_once() -> None:
    message = complaint(
        entry("WEIGHTS", type="METADATA", key="a"), entry("WEIGHTS", type="METADATA", key="b")
    )

    assert "strategies[0]: there is no metadata called 'a'" in message
    assert "strategies[1]: there is no metadata called 'b'" in message


@pytest.mark.covers("R70", "R76")
@pytest.mark.parametrize(
    ("share", "input_size", "length", "count"),
    [
        (0.5, None, 1, 10),
        (0.29, 100, 1, 29),
        (0.07, 100, 1, 7),
        (0.5, 50, 10, 20),
        (1.0, None, 1, 20),
    ],
)
def test_a_share_is_of_the_whole_input_and_rounded_down(
    share: float, input_size: int | None, length: int, count: int
) -> None:
    inputs = SampleInputs(INPUTS.names, INPUTS.embeddings, input_size=input_size)

    problem = problem_of(
        DIVERSITY,
        inputs=inputs,
        config={"n_samples": None, "proportion_samples": share},
        sequence_length=length,
    )

    assert problem.count == count


@pytest.mark.covers("R90")
def test_a_random_number_belongs_to_its_name() -> None:
    all_names = names(1_000)

    numbers = random_numbers(all_names, 42)

    np.testing.assert_array_equal(random_numbers(all_names[500:600], 42), numbers[500:600])
    assert not np.any(random_numbers(all_names, 43) == numbers)
    assert 0.45 < numbers.mean() < 0.55
    assert 0 < numbers.min() < 0.01 < 0.99 < numbers.max() < 1
