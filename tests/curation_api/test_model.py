"""How objects are read: spelling, nulls, and complete reports of what is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from curation_api import CurationRun, Datasource, LightlyConfig, WorkerConfig, problems_in
from curation_api.names import API_VERSION, DEFAULT_THUMBNAIL_SUFFIX
from tests.curation_api.verdicts import A_DATASOURCE, A_RUN, GONE, run, source

SEEDS = json.loads((Path(__file__).parent / "seed_configurations.json").read_text())


def refusal(manifest: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(ValidationError) as error:
        (CurationRun if manifest["kind"] == "CurationRun" else Datasource).model_validate(manifest)
    return problems_in(error.value)


@pytest.mark.covers("R32", "R35", "R106", "C22")
@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"{seed['document']}:{seed['line']}")
def test_every_documented_configuration_is_a_run(seed: dict[str, Any]) -> None:
    run = CurationRun.model_validate(
        {
            "metadata": {"name": "documented"},
            "spec": {"datasource_ref": {"name": "farm"}, **seed["arguments"]},
        }
    )

    assert CurationRun.model_validate(run.manifest()) == run


@pytest.mark.covers("R35")
def test_snake_case_is_read_and_camel_case_is_written() -> None:
    worker = WorkerConfig.model_validate(
        {"enable_training": True, "memory_requirement_in_GB": 4, "object_level": {"padding": 0.1}}
    )

    assert worker.manifest() == {
        "enableTraining": True,
        "memoryRequirementInGB": 4.0,
        "objectLevel": {"padding": 0.1},
    }


@pytest.mark.covers("R33", "C23")
def test_a_misspelt_key_three_levels_deep_is_named_with_its_path_and_the_closest_name() -> None:
    strategies = [
        {"input": {"type": "EMBEDDINGS"}, "strategy": {"type": "DIVERSITY", "strenth": 2}}
    ]

    lines = refusal(run("", {"selectionConfig.strategies": strategies}).manifest)

    assert lines == (
        "spec.selectionConfig.strategies[0].strategy.strenth:"
        " unknown key 'strenth'; did you mean 'strength'?",
    )


def test_a_misspelt_key_in_snake_case_gets_its_answer_in_snake_case() -> None:
    lines = refusal(run("", {"worker_config": {"enable_corruptnes_check": True}}).manifest)

    assert lines == (
        "spec.workerConfig.enable_corruptnes_check:"
        " unknown key 'enable_corruptnes_check'; did you mean 'enable_corruptness_check'?",
    )


def test_a_key_like_no_other_is_answered_with_all_that_are_known() -> None:
    (line,) = refusal(run("", {"datasourceRef.qqqq": 1}).manifest)

    assert line == "spec.datasourceRef.qqqq: unknown key 'qqqq'; known here: name"


@pytest.mark.covers("R33", "R34")
def test_five_mistakes_in_one_object_give_five_lines() -> None:
    lines = refusal(
        run(
            "",
            {
                "workerConfig": {"enableTrainin": True, "nExampleImages": 7},
                "selectionConfig.proportionSamples": 0.5,
                "lightlyConfig": {"trainer": {"precision": 64}},
                "priority": "URGENT",
            },
        ).manifest
    )

    assert lines == (
        "spec.workerConfig.enableTrainin: unknown key 'enableTrainin';"
        " did you mean 'enableTraining'?",
        "spec.workerConfig.nExampleImages: must be an even number: the images are shown in pairs",
        "spec.selectionConfig: give either nSamples or proportionSamples",
        "spec.lightlyConfig.trainer.precision: 64 is not possible here, choose from 16, 32",
        "spec.priority: 'URGENT' is not possible here, choose from LOW, MID, HIGH, CRITICAL",
    )


def test_a_rule_between_fields_is_reported_beside_a_field_that_cannot_be_read() -> None:
    lines = refusal(run("", {"workerConfig": {"method": "coreset"}, "attempt": "two"}).manifest)

    assert "spec.attempt: must be a whole number" in lines
    assert any(line.startswith("spec: selectionConfig and the older keys") for line in lines)


def test_one_mistake_does_not_make_others_up() -> None:
    (line,) = refusal(run("", {"selectionConfig.nSamples": "50"}).manifest)

    assert line == "spec.selectionConfig.nSamples: must be a whole number"


def test_a_key_given_in_both_spellings_is_refused() -> None:
    (line,) = refusal(run("", {"worker_config": {}, "workerConfig": {}}).manifest)

    assert line == "spec.workerConfig: given twice, also as 'workerConfig'"


def test_a_null_means_not_given() -> None:
    with_nulls = run("", {"job": None, "selectionConfig.proportionSamples": None}).manifest

    assert CurationRun.model_validate(with_nulls) == CurationRun.model_validate(A_RUN)


@pytest.mark.covers("R22", "C16")
def test_a_null_thumbnail_suffix_means_no_thumbnails() -> None:
    without = Datasource.model_validate(source("", {"input.thumbnailSuffix": None}).manifest)
    default = Datasource.model_validate(A_DATASOURCE)

    assert without.spec.input_location.thumbnail_suffix is None
    assert without.manifest()["spec"]["input"]["thumbnailSuffix"] is None
    assert default.spec.input_location.thumbnail_suffix == DEFAULT_THUMBNAIL_SUFFIX


def test_a_datasource_says_what_it_lacks_before_anything_can_be_chosen() -> None:
    raw_only = source("", {"input.purpose": "INPUT"}).manifest
    without_input = Datasource.model_validate(source("", {"input": GONE}).manifest)

    assert "set spec.input" in without_input.spec.what_is_missing.lower()
    assert "no LIGHTLY" in Datasource.model_validate(raw_only).spec.what_is_missing
    assert Datasource.model_validate(A_DATASOURCE).spec.what_is_missing == ""


@pytest.mark.covers("C25")
def test_the_callers_dictionaries_stay_as_they_are() -> None:
    given = run("", {"worker_config": {"output_image_size": 480, "object_level": {"padding": 1}}})
    before, manifest = json.dumps(given.manifest), given.manifest

    CurationRun.model_validate(manifest)

    assert json.dumps(manifest) == before


def test_a_number_where_a_list_is_also_documented_becomes_a_list() -> None:
    worker = WorkerConfig.model_validate({"output_image_size": 480})
    lightly = LightlyConfig.model_validate({"collate": {"rr_degrees": 30.0}, "resize": -1})

    assert worker.output_image_size == [480]
    assert lightly.collate.rr_degrees == [30.0]
    assert lightly.resize == [-1]


@pytest.mark.covers("R44", "R52", "R53", "R105", "R107", "R110")
def test_documented_defaults_hold() -> None:
    worker, lightly = WorkerConfig(), LightlyConfig()

    assert (worker.enable_training, worker.normalize_embeddings) == (False, True)
    assert (worker.enable_corruptness_check, worker.remove_exact_duplicates) == (True, True)
    assert (worker.selected_sequence_length, worker.n_example_images) == (1, 6)
    assert (worker.output_image_size, worker.output_image_format) == ([-1], "png")
    assert (lightly.trainer.max_epochs, lightly.loader.num_workers) == (100, -1)
    assert (lightly.model.name, lightly.model.num_ftrs) == ("resnet-18", 32)
    assert (lightly.collate.input_size, lightly.collate.sigmas) == (64, [0.2, 2.0])
    assert (lightly.optimizer.lr, lightly.criterion.temperature, lightly.seed) == (1.0, 0.5, 1)


@pytest.mark.covers("R37")
def test_a_run_has_middle_priority_unless_it_says_otherwise() -> None:
    assert CurationRun.model_validate(A_RUN).spec.priority == "MID"


def test_what_the_api_server_adds_to_an_object_is_no_mistake() -> None:
    stored = {
        **A_RUN,
        "metadata": {"name": "farm-50", "uid": "1", "managedFields": [], "resourceVersion": "7"},
        "status": {"state": "Running", "conditions": []},
    }

    read = CurationRun.model_validate(stored)

    assert read.metadata.uid == "1"
    assert read.status is not None
    assert read.status.state == "Running"


def test_the_version_is_the_one_of_the_names() -> None:
    assert CurationRun.model_validate(A_RUN).api_version == API_VERSION
    assert Datasource.model_validate(A_DATASOURCE).api_version == API_VERSION


@pytest.mark.parametrize("model", [CurationRun, Datasource])
def test_an_object_of_another_kind_is_refused(model: Any) -> None:
    with pytest.raises(ValidationError) as error:
        model.model_validate({**A_RUN, "kind": "Dataset"})

    assert any(
        line.startswith("kind: 'Dataset' is not possible") for line in problems_in(error.value)
    )


def test_what_the_api_server_keeps_is_read_even_with_keys_of_a_newer_version() -> None:
    newer = run("", {"newerSection.key": [], "workerConfig.newerKey": 1, "suspend": True}).manifest

    assert CurationRun.stored(newer).spec.suspend
    assert len(refusal(newer)) == 2
