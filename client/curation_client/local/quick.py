"""Manifests for a folder, for whoever does not want to write any YAML."""

import hashlib
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from curation_api import CurationRun, Datasource, problems_in
from curation_api.problems import InvalidConfigurationError
from curation_client.local.manifests import Manifests
from curation_client.rules import selection_config, training

VIDEO_SUFFIXES = {".mp4", ".mov", ".avi", ".mpg", ".mpeg", ".hevc", ".m4v", ".webm"}
OUTPUT_FOLDER = Path("curated")


@dataclass(frozen=True, slots=True)
class QuickRequest:
    """What can be asked for without YAML."""

    input_folder: Path
    output_folder: Path
    n_samples: int | None = None
    min_distance: float | None = None
    train_epochs: int | None = None
    untrained: bool = False
    name: str | None = None

    @property
    def claims(self) -> dict[str, Path]:
        """The folders by the names of the volume claims that stand for them."""
        return {claim_of(folder): folder for folder in (self.input_folder, self.output_folder)}


def claim_of(folder: Path) -> str:
    """A name for a folder that no other folder has, so that runs on two of them are two runs."""
    path = folder.resolve()
    return f"{slug(path.name)}-{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"


def quick_manifests(asked: QuickRequest) -> Manifests:
    """A Datasource over the two folders and a CurationRun on it."""
    if problem := next(_problems(asked), None):
        raise problem
    name = asked.name or slug(asked.input_folder.resolve().name)
    datasource = {
        "metadata": {"name": name},
        "spec": {
            "type": _kind(asked.input_folder),
            "input": {"local": {"claimName": claim_of(asked.input_folder)}},
            "lightly": {"local": {"claimName": claim_of(asked.output_folder)}},
        },
    }
    try:
        return Manifests(
            {name: Datasource.model_validate(datasource)},
            [CurationRun.model_validate({"metadata": {"name": name}, "spec": _spec(asked, name)})],
        )
    except ValidationError as error:
        raise InvalidConfigurationError(
            "\n".join(problems_in(error)), fix="Correct the option that says this"
        ) from error


def _problems(asked: QuickRequest) -> Iterator[InvalidConfigurationError]:
    if not asked.input_folder.is_dir():
        yield InvalidConfigurationError(
            f"There is no folder {asked.input_folder}", fix="Correct the path after --input"
        )
    if asked.input_folder.resolve() in asked.output_folder.resolve().parents:
        yield InvalidConfigurationError(
            f"The output {asked.output_folder} lies inside the input {asked.input_folder}:"
            " the next run would choose from the results of this one",
            fix="Name a folder outside of it after --output",
        )
    if asked.n_samples is None and asked.min_distance is None:
        yield InvalidConfigurationError(
            "It is not said how many samples to select",
            fix="Give --n-samples, or --min-distance for as many as are that far apart",
        )


def _spec(asked: QuickRequest, datasource: str) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "datasourceRef": {"name": datasource},
        "selectionConfig": selection_config(asked.n_samples, min_distance=asked.min_distance),
    }
    if asked.train_epochs is not None:
        spec |= training(asked.train_epochs)
    if asked.untrained:
        spec.setdefault("lightlyConfig", {})["preTrained"] = False
    return spec


def _kind(folder: Path) -> str:
    """Videos where there are any: their frames are what is chosen from."""
    has_video = any(path.suffix.lower() in VIDEO_SUFFIXES for path in folder.rglob("*"))
    return "VIDEOS" if has_video else "IMAGES"


def slug(text: str) -> str:
    """A name that Kubernetes takes, as close to the text as can be."""
    letters = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in text)
    return letters.lower().strip("-")[:36].strip("-") or "run"


def as_yaml(manifests: Manifests, folders: dict[str, Path]) -> str:
    """The manifests as one would write them, and how their claims become the folders."""
    objects = [*manifests.datasources.values(), *manifests.runs]
    text = yaml.safe_dump_all([entry.manifest() for entry in objects], sort_keys=False)
    return "\n".join([*_how_to_link(folders), text])


def _how_to_link(folders: dict[str, Path]) -> Iterator[str]:
    if folders:
        yield "# For `curate run --local -f`, a claim is a folder of --volumes. A link will do:"
    for claim, folder in folders.items():
        yield f"#   ln -s {shlex.quote(str(folder.resolve()))} volumes/{claim}"
