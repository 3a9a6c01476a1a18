"""Every configuration key in the documentation, of every generation, is accepted."""

from typing import Any

import pytest

from curation_api import CurationRun
from tests.curation_api.verdicts import A_RUN
from tools.control_plane.cluster import ControlPlane

# The documented spelling and a value that is not the default.
WORKER_KEYS: dict[str, Any] = {
    "token": "",
    "worker.worker_id": "w1",
    "worker.force_start": False,
    "sanity_check": True,
    "enable_corruptness_check": False,
    "corruptness_check.corruption_threshold": 0.2,
    "remove_exact_duplicates": False,
    "relevant_filenames_file": ".lightly/relevant_filenames.txt",
    "checkpoint": "checkpoint.ckpt",
    "checkpoint_run_id": "62a9e4f1c0ffee0123456789",
    "embeddings": "mine.csv",
    "enable_training": True,
    "training.task_name": "cars",
    "dump_dataset": True,
    "dump_sampled_embeddings": False,
    "output_image_size": [480, 640],
    "output_image_format": "jpg",
    "upload_dataset": True,
    "upload_report": False,
    "pretagging": True,
    "pretagging_debug": True,
    "pretagging_config": "minima.json",
    "pretagging_upload": True,
    "append_weak_labels": True,
    "normalize_embeddings": False,
    "method": "coral",
    "stopping_condition.n_samples": 0.3,
    "stopping_condition.min_distance": 0.1,
    "scorer": "object-frequency",
    "scorer_config.frequency_penalty": 0.5,
    "scorer_config.min_score": 0.5,
    "active_learning.task_name": "cars",
    "active_learning.score_name": "uncertainty_entropy",
    "active_learning_score_column_name": "al_score",
    "object_level.task_name": "cars",
    "object_level.crop_dataset_name": "car crops",
    "object_level.padding": 0.1,
    "crops.enable_upload": False,
    "crops.enable_upload_for_tasks": ["cars"],
    "selected_sequence_length": 10,
    "datapool.name": "pool",
    "datapool.keep_history": False,
    "datapool.dataset_id": "62a9e4f1c0ffee0123456789",
    "use_datapool": True,
    "datasource.dataset_id": "62a9e4f1c0ffee0123456789",
    "datasource.process_all": True,
    "datasource.enable_datapool_update": False,
    "datasource.use_frame_count_metadata": True,
    "datasource.use_redirected_read_url": True,
    "datasource.bypass_verify": True,
    "datasource.input_expiration": {"min_days_to_expiration": 7, "handling_strategy": "ABORT"},
    "n_example_images": 12,
    "memory_requirement_in_GB": 4,
    "show_video_sampling_timeline": False,
    "run_directory": "first",
    "num_processes": 4,
    "num_threads": 4,
    "shutdown_when_job_finished": True,
    "cache_size": 1_000_000_000,
}
LIGHTLY_KEYS: dict[str, Any] = {
    "loader.batch_size": 64,
    "loader.shuffle": False,
    "loader.num_workers": 8,
    "loader.drop_last": False,
    "model.name": "resnet-34",
    "model.out_dim": 64,
    "model.num_ftrs": 16,
    "model.width": 2,
    "trainer.gpus": 2,
    "trainer.max_epochs": 7,
    "trainer.precision": 16,
    "trainer.enable_model_summary": False,
    "trainer.weights_summary": "top",
    "criterion.temperature": 0.1,
    "criterion.memory_bank_size": 4096,
    "optimizer.lr": 0.5,
    "optimizer.weight_decay": 0.001,
    "collate.input_size": 224,
    "collate.cj_prob": 0.1,
    "collate.cj_bright": 0.1,
    "collate.cj_contrast": 0.1,
    "collate.cj_sat": 0.1,
    "collate.cj_hue": 0.1,
    "collate.min_scale": 0.5,
    "collate.random_gray_scale": 0.1,
    "collate.gaussian_blur": 0.1,
    "collate.kernel_size": 0.1,
    "collate.sigmas": [0.1, 1],
    "collate.vf_prob": 0.5,
    "collate.hf_prob": 0,
    "collate.rr_prob": 0.5,
    "collate.rr_degrees": [-30, 30],
    "checkpoint_callback.save_last": False,
    "checkpoint_callback.save_top_k": 3,
    "checkpoint_callback.dirpath": "here",
    "summary_callback.max_depth": 2,
    "seed": 7,
    "pre_trained": False,
    "resize": [64, 64],
    "upload": "none",
    "append": True,
    "embedding_name": "mine",
    "emb_upload_bsz": 16,
    "tag_name": "mine",
    "exclude_parent_tag": True,
    "crop_padding": 0.2,
    "input_dir": "in",
    "output_dir": "out",
    "embeddings": "mine.csv",
    "checkpoint": "mine.ckpt",
    "label_dir": "labels",
    "label_names_file": "names.yaml",
    "custom_metadata": "metadata.json",
    "token": "",
    "dataset_id": "62a9e4f1c0ffee0123456789",
    "new_dataset_name": "mine",
    "environment_variable_names.lightly_last_checkpoint_path": "A",
    "environment_variable_names.lightly_last_embedding_path": "B",
    "environment_variable_names.lightly_last_dataset_id": "C",
}

# What some of the older keys need beside them.
COMPANIONS: dict[str, dict[str, Any]] = {
    "method": {"active_learning": {"task_name": "cars"}},
    "active_learning.task_name": {"method": "active_learning"},
    "pretagging_config": {"pretagging": True},
}
OLDER = {
    "method", "stopping_condition", "scorer", "scorer_config", "active_learning",
    "pretagging_config",
}  # fmt: skip


def nested(path: str, value: Any) -> dict[str, Any]:
    key, _, rest = path.partition(".")
    return {key: nested(rest, value) if rest else value}


def a_run_with(block: str, path: str, value: Any) -> CurationRun:
    """A run with this key, in the style that the key belongs to."""
    config = {**nested(path, value), **COMPANIONS.get(path, {})}
    spec = {**A_RUN["spec"], block: config}
    in_older_style = path.split(".")[0] in OLDER or path == "object_level.task_name"
    if block == "worker_config" and in_older_style:
        del spec["selectionConfig"]
        config.setdefault("stopping_condition", {"n_samples": 0.1})
    return CurationRun.model_validate({"metadata": {"name": "documented"}, "spec": spec})


KEYS = [
    *(("worker_config", path) for path in WORKER_KEYS),
    *(("lightly_config", path) for path in LIGHTLY_KEYS),
]


@pytest.mark.usefixtures("crds")
@pytest.mark.covers("R60", "R61", "R62", "R63", "R64", "R65", "R66", "R70", "R71", "R72")
@pytest.mark.covers("R105", "R106", "R107", "R108")
@pytest.mark.parametrize(("block", "path"), KEYS, ids=lambda part: part)
def test_a_documented_key_is_accepted(block: str, path: str, control_plane: ControlPlane) -> None:
    value = {"worker_config": WORKER_KEYS, "lightly_config": LIGHTLY_KEYS}[block][path]
    run = a_run_with(block, path, value)

    answer = control_plane.api.post(
        "/apis/curation.dev/v1alpha1/namespaces/default/curationruns"
        "?dryRun=All&fieldValidation=Strict",
        run.manifest(),
    )

    assert answer.status == 201, answer.body["message"]
    assert CurationRun.model_validate(answer.body).spec == run.spec
