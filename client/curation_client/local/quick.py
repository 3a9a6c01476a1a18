"""Manifests for a folder, for whoever does not want to write any YAML."""

from pathlib import Path
from typing import Any

import yaml

from curation_api import CurationRun, Datasource
from curation_api.problems import InvalidConfigurationError
from curation_client.local.manifests import Manifests

VIDEO_SUFFIXES = {".mp4", ".mov", ".avi", ".mpg", ".mpeg", ".hevc", ".m4v", ".webm"}


def quick_manifests(
    input_folder: Path,
    output_folder: Path,
    *,
    n_samples: int | None,
    min_distance: float | None,
    train_epochs: int | None,
    untrained: bool,
    name: str | None,
) -> Manifests:
    """A Datasource over the two folders and a CurationRun on it."""
    if not input_folder.is_dir():
        raise InvalidConfigurationError(
            f"There is no folder {input_folder}", fix="Correct the path after --input"
        )
    if n_samples is None and min_distance is None:
        raise InvalidConfigurationError(
            "It is not said how many samples to select",
            fix="Give --n-samples, or --min-distance for as many as are that far apart",
        )
    run_name = name or _slug(input_folder.resolve().name)
    strategy: dict[str, Any] = {"type": "DIVERSITY"}
    if min_distance is not None:
        strategy["stoppingConditionMinimumDistance"] = min_distance
    size = {"proportionSamples": 1.0} if n_samples is None else {"nSamples": n_samples}
    spec: dict[str, Any] = {
        "datasourceRef": {"name": run_name},
        "selectionConfig": {
            **size,
            "strategies": [{"input": {"type": "EMBEDDINGS"}, "strategy": strategy}],
        },
    }
    if train_epochs is not None:
        spec["workerConfig"] = {"enableTraining": True}
        spec["lightlyConfig"] = {"trainer": {"maxEpochs": train_epochs}}
    if untrained:
        spec.setdefault("lightlyConfig", {})["preTrained"] = False
    datasource = Datasource.model_validate(
        {
            "metadata": {"name": run_name},
            "spec": {
                "type": _kind(input_folder),
                "input": {"local": {"claimName": "input"}},
                "lightly": {"local": {"claimName": "output"}},
            },
        }
    )
    run = CurationRun.model_validate({"metadata": {"name": run_name}, "spec": spec})
    output_folder.mkdir(parents=True, exist_ok=True)
    return Manifests({run_name: datasource}, [run])


def _kind(folder: Path) -> str:
    """Videos where there are any: their frames are what is chosen from."""
    has_video = any(path.suffix.lower() in VIDEO_SUFFIXES for path in folder.rglob("*"))
    return "VIDEOS" if has_video else "IMAGES"


def _slug(text: str) -> str:
    letters = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in text)
    return letters.lower().strip("-")[:36].strip("-") or "run"


def as_yaml(manifests: Manifests) -> str:
    """The manifests as one would write them."""
    objects = [*manifests.datasources.values(), *manifests.runs]
    return yaml.safe_dump_all([entry.manifest() for entry in objects], sort_keys=False)
