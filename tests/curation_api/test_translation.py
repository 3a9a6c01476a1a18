"""The older style is read as today's, by the documented mapping."""

from typing import Any

import pytest

from curation_api import CurationRun
from curation_api.translation import Translated, thresholds_of, translate
from tests.curation_api.verdicts import older, run

EMBEDDINGS_DIVERSITY = {"input": {"type": "EMBEDDINGS"}, "strategy": {"type": "DIVERSITY"}}


def translated(**keys: Any) -> Translated:
    return translate(CurationRun.model_validate(older(**keys).manifest).spec)


def strategies(**keys: Any) -> list[dict[str, Any]]:
    return [given(entry) for entry in translated(**keys).selection.complete()["strategies"]]


def given(value: Any) -> Any:
    """Without what is not set."""
    if isinstance(value, dict):
        return {key: given(part) for key, part in value.items() if part is not None}
    return value


def scores(task: str, score: str) -> dict[str, Any]:
    return {
        "input": {"type": "SCORES", "task": task, "score": score},
        "strategy": {"type": "WEIGHTS"},
    }


@pytest.mark.covers("R66", "R67")
def test_coreset_is_diversity_of_embeddings() -> None:
    assert strategies(method="coreset") == [EMBEDDINGS_DIVERSITY]
    assert strategies() == [EMBEDDINGS_DIVERSITY]


@pytest.mark.covers("R68")
def test_random_is_weights_of_random_numbers() -> None:
    assert strategies(method="random") == [
        {"input": {"type": "RANDOM"}, "strategy": {"type": "WEIGHTS"}}
    ]


@pytest.mark.covers("R69")
def test_active_learning_is_weights_of_scores_and_coral_adds_diversity() -> None:
    scored = {"taskName": "cars", "scoreName": "uncertainty_entropy"}

    assert strategies(method="active_learning", activeLearning=scored) == [
        scores("cars", "uncertainty_entropy")
    ]
    assert strategies(method="coral", activeLearning=scored) == [
        EMBEDDINGS_DIVERSITY,
        scores("cars", "uncertainty_entropy"),
    ]


def test_a_scorer_scores_the_built_in_predictions_where_there_are_any() -> None:
    built_in = scores("lightly_pretagging", "object_frequency")

    assert strategies(scorer="object-frequency") == [EMBEDDINGS_DIVERSITY]
    assert strategies(scorer="object-frequency", pretagging=True) == [
        EMBEDDINGS_DIVERSITY,
        built_in,
    ]
    assert strategies(scorer="", pretagging=True) == [EMBEDDINGS_DIVERSITY]
    assert strategies(method="active_learning", pretagging=True) == [built_in]


def test_object_level_is_diversity_of_the_objects() -> None:
    (entry,) = strategies(objectLevel={"taskName": "cars", "padding": 0.1})

    assert entry["input"] == {"type": "EMBEDDINGS", "task": "cars"}


def test_what_is_said_of_crops_survives() -> None:
    level = translated(objectLevel={"taskName": "cars", "padding": 0.1}).worker.object_level

    assert level is not None
    assert (level.task_name, level.padding) == ("", 0.1)


@pytest.mark.covers("R70", "R72")
@pytest.mark.parametrize(
    ("stop", "n_samples", "proportion"),
    [
        ({"nSamples": 0.1}, None, 0.1),
        ({"nSamples": 100}, 100, None),
        ({"nSamples": 100.0}, 100, None),
        ({"nSamples": -1, "minDistance": 0.2}, None, 1.0),
        ({"minDistance": 0.2}, None, 1.0),
    ],
)
def test_the_older_stop_is_a_count_or_a_share(
    stop: dict[str, Any], n_samples: int | None, proportion: float | None
) -> None:
    selection = translated(stoppingCondition=stop).selection

    assert (selection.n_samples, selection.proportion_samples) == (n_samples, proportion)


@pytest.mark.covers("R71", "R72")
def test_a_minimum_distance_belongs_to_diversity_and_minus_one_switches_it_off() -> None:
    (with_distance,) = strategies(stoppingCondition={"nSamples": 0.5, "minDistance": 0.2})
    (without,) = strategies(stoppingCondition={"nSamples": 0.5, "minDistance": -1})

    assert with_distance["strategy"]["stoppingConditionMinimumDistance"] == 0.2
    assert without == EMBEDDINGS_DIVERSITY


@pytest.mark.covers("R51")
def test_minima_become_one_threshold_for_each_class() -> None:
    person, car = thresholds_of({"person": 1, "car": 2})[::-1]

    assert (car.input.categories, car.strategy.threshold) == (["car"], 2)
    assert (person.input.categories, person.strategy.threshold) == (["person"], 1)
    assert car.strategy.operation == "BIGGER_EQUAL"


def test_parameters_without_a_place_in_todays_style_are_carried_along() -> None:
    result = translated(scorerConfig={"frequencyPenalty": 0.5}, pretaggingConfig="minima.json")

    assert result.object_frequency.frequency_penalty == 0.5
    assert result.pretagging_minima_file == "minima.json"


def test_the_result_says_nothing_in_the_older_style() -> None:
    result = translated(method="coral", activeLearning={"taskName": "cars"}, scorer="")
    again = CurationRun.model_validate(
        {
            "metadata": {"name": "again"},
            "spec": {
                "datasourceRef": {"name": "farm"},
                "workerConfig": result.worker.complete(),
                "selectionConfig": result.selection.complete(),
            },
        }
    )

    assert translate(again.spec).selection == result.selection


def test_a_run_in_todays_style_comes_back_as_it_is() -> None:
    spec = CurationRun.model_validate(run("", {}).manifest).spec

    result = translate(spec)

    assert (result.worker, result.selection) == (spec.worker_config, spec.selection_config)
    assert result.notes == ()


def test_reading_the_older_style_is_noted() -> None:
    (note,) = translated(method="random").notes

    assert "older style (method random)" in note


def test_a_pool_by_name_switches_the_datapool_on() -> None:
    spec = CurationRun.model_validate(
        run("", {"workerConfig.datapool": {"name": "p"}}).manifest
    ).spec

    assert translate(spec).worker.use_datapool


def test_keys_without_effect_are_noted_with_what_does_their_work() -> None:
    spec = CurationRun.model_validate(
        run(
            "",
            {
                "workerConfig": {"shutdownWhenJobFinished": True},
                "lightlyConfig": {"collate": {"kernelSize": 0.1}},
            },
        ).manifest
    ).spec

    assert translate(spec).notes == (
        "spec.workerConfig.shutdownWhenJobFinished has no effect any more."
        " A worker lives for one run.",
        "spec.lightlyConfig.collate.kernelSize has no effect any more. Use sigmas.",
    )
