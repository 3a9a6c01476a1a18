"""Finds the weights of a network: a given checkpoint, or published ones from the nearest place."""

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit

import torch
from torch import nn

from curation_api import CurationError, ExitCode, LightlyConfig, Reason
from curation_api.lightly_config import Model
from curation_api.names import DERIVED
from curation_job.embedding.networks import (
    SimClr,
    is_torchvision,
    load_simclr,
    torchvision_backbone,
    torchvision_weights,
    untrained,
)

logger = logging.getLogger(__name__)

# Folders of the worker image and of mounted volumes that are looked into, in this order.
WEIGHT_FOLDERS = (Path("/opt/curation/weights"), Path("/models"))
WEIGHTS_IN_BUCKET = f"{DERIVED}/weights"

DOWNLOAD_FAILURES = (URLError, TimeoutError, ConnectionError)


class ModelMissingError(CurationError):
    """No weights for the network, in none of the places."""

    reason = Reason.MODEL_MISSING
    exit_code = ExitCode.MODEL_MISSING


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A network whose weights have been found and not been read yet: a run may need none."""

    source: str
    """Where the weights come from, for log and report."""

    digest: str
    """The same for the same network with the same weights."""

    load: Callable[[], nn.Module]
    """Makes the network, which takes seconds."""

    dimensions: int | None = None
    """How many numbers an embedding has, where that is known without the network."""

    is_untrained: bool = False


@dataclass(frozen=True, slots=True)
class Places:
    """Where weights may lie, nearest first."""

    read_from_bucket: Callable[[str], bytes | None]
    """Reads a file of the LIGHTLY bucket; None when it is not there."""

    scratch: Path
    """Where a file of the bucket or the hub is put."""

    folders: Sequence[Path] = WEIGHT_FOLDERS
    may_download: bool = True


def find_model(config: LightlyConfig, checkpoint: str, places: Places) -> FoundModel:
    """The configured network with weights from the checkpoint, or with published ones."""
    model = config.model
    if checkpoint:
        path = _checkpoint_file(checkpoint, places)
        return _simclr(config, path, source=checkpoint)
    if not config.pre_trained:
        logger.warning("The network is UNTRAINED (preTrained: false): embeddings mean little")
        return _untrained(config)
    if is_torchvision(model):
        path = _published_file(torchvision_weights(model).url, places)
        return FoundModel(path.name, _digest_of(path, model), partial(_torchvision, model, path))
    path = _published_file(_published_url(model), places)
    return _simclr(config, path, source=path.name)


def load_for_training(config: LightlyConfig, checkpoint: str, places: Places) -> SimClr:
    """The network that training starts from; without any weights to start from, a fresh one."""
    network = untrained(config.model, seed=config.seed)
    if checkpoint:
        path = _checkpoint_file(checkpoint, places)
        load_simclr(network, _read(path, checkpoint), source=checkpoint)
    elif config.pre_trained:
        try:
            url = _published_url(config.model)
            load_simclr(network, _read(_published_file(url, places), url), source=url)
        except ModelMissingError as error:
            logger.warning("Training starts from scratch: %s", error.problem.message)
    return network


def _published_url(model: Model) -> str:
    from lightly.models.zoo import ZOO  # It takes seconds.

    url = ZOO.get(f"{model.name}/simclr/d{model.num_ftrs}/w{float(model.width)}")
    if url is None:
        raise ModelMissingError(
            f"There are no published weights for {model.name} with numFtrs {model.num_ftrs}"
            f" and width {model.width}",
            fix=_WAYS_OUT,
        )
    return str(url)


_WAYS_OUT = (
    "Give workerConfig.checkpoint, or train with workerConfig.enableTraining: true,"
    " or use an untrained network with lightlyConfig.preTrained: false"
)


def _untrained(config: LightlyConfig) -> FoundModel:
    model, seed = config.model, config.seed

    def load() -> nn.Module:
        return untrained(model, seed=seed).backbone

    digest = _digest(f"seed {seed} of torch {torch.__version__}", model)
    return FoundModel("untrained, seeded", digest, load, model.num_ftrs, is_untrained=True)


def _simclr(config: LightlyConfig, path: Path, *, source: str) -> FoundModel:
    model = config.model

    def load() -> nn.Module:
        network = untrained(model, seed=config.seed)
        load_simclr(network, _read(path, source), source=source)
        return network.backbone

    return FoundModel(source, _digest_of(path, model), load, model.num_ftrs)


def _torchvision(model: Model, path: Path) -> nn.Module:
    backbone = torchvision_backbone(model)
    state = _read(path, path.name)
    kept = backbone.state_dict()
    backbone.load_state_dict({key: value for key, value in state.items() if key in kept})
    return backbone


def _read(path: Path, source: str) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever its readers meet
        raise ModelMissingError(
            f"{source} cannot be read as weights: {str(error).splitlines()[0]}",
            fix="Use a file that torch wrote and that holds weights only",
        ) from error


def _digest_of(path: Path, model: Model) -> str:
    with path.open("rb") as file:
        return _digest(hashlib.file_digest(file, "sha256").hexdigest(), model)


def _digest(weights: str, model: Model) -> str:
    return hashlib.sha256(f"{weights} {model.model_dump_json()}".encode()).hexdigest()[:16]


def _checkpoint_file(checkpoint: str, places: Places) -> Path:
    looked_at = []
    for path in _local_candidates(checkpoint, places):
        looked_at.append(str(path))
        if path.is_file():
            return path
    for key in dict.fromkeys([checkpoint, f"{WEIGHTS_IN_BUCKET}/{checkpoint}"]):
        if not key.startswith("/"):
            looked_at.append(f"{key} in the LIGHTLY bucket")
            if fetched := _fetched(key, places):
                return fetched
    raise ModelMissingError(
        f"The checkpoint {checkpoint!r} is nowhere: looked at {', '.join(looked_at)}",
        fix="Put the file there, or correct workerConfig.checkpoint",
    )


def _local_candidates(checkpoint: str, places: Places) -> Iterator[Path]:
    if checkpoint.startswith("/"):
        yield Path(checkpoint)
        return
    for folder in places.folders:
        yield folder / checkpoint


def _published_file(url: str, places: Places) -> Path:
    name = PurePosixPath(urlsplit(url).path).name
    for folder in (*places.folders, Path(torch.hub.get_dir()) / "checkpoints"):
        if (folder / name).is_file():
            return folder / name
    if fetched := _fetched(f"{WEIGHTS_IN_BUCKET}/{name}", places):
        return fetched
    if places.may_download:
        try:
            return _downloaded(url, places.scratch / name)
        except DOWNLOAD_FAILURES as error:
            logger.info("%s cannot be downloaded: %s", url, error)
    folders = ", ".join(str(folder) for folder in places.folders)
    raise ModelMissingError(
        f"The weights {name} are nowhere: looked into {folders},"
        f" {WEIGHTS_IN_BUCKET}/ of the LIGHTLY bucket, and at {urlsplit(url).netloc}",
        fix=f"Put the file into one of these places. {_WAYS_OUT}",
    )


def _downloaded(url: str, path: Path) -> Path:
    logger.info("Downloading %s", url)
    torch.hub.download_url_to_file(url, str(path), progress=False)
    return path


def _fetched(key: str, places: Places) -> Path | None:
    data = places.read_from_bucket(key)
    if data is None:
        return None
    path = places.scratch / PurePosixPath(key).name
    path.write_bytes(data)
    return path
