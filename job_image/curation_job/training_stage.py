"""The stage that trains the network on the files of the run, before they are embedded."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch

from curation_api import CurationError, ExitCode, Reason
from curation_api.names import RUNS
from curation_api.states import Stage, Step
from curation_job.buckets import LightlyBucket
from curation_job.embedding.weights import load_for_training
from curation_job.embedding_pass import Looks, units_of
from curation_job.embedding_stage import look_pool
from curation_job.looking.units import Unit
from curation_job.pixel_store import PixelStore, ReplayedLooks
from curation_job.preparing import Prepared
from curation_job.records import Sample
from curation_job.runtime.stopping import Stopped
from curation_job.stage_files import StageFiles
from curation_job.thumbnails import Thumbnails
from curation_job.workspace import Workspace

logger = logging.getLogger(__name__)

LAST_CHECKPOINT = "last.ckpt"
PIXEL_BUDGET_BYTES = 8 * 2**30


class TooFewImages(CurationError):  # noqa: N818  says what happened
    """Nothing to train on."""

    reason = Reason.DATA_UNUSABLE
    exit_code = ExitCode.DATA_UNUSABLE


@dataclass(frozen=True, slots=True)
class Trained:
    """What embedding goes on with."""

    checkpoint: str
    """Where the weights are, in the LIGHTLY bucket or as configured; empty for published ones."""
    losses: tuple[float, ...] = ()


def given_checkpoint(space: Workspace) -> str:
    """The checkpoint that the configuration names, or that another run has left."""
    worker = space.config.worker_config
    if worker.checkpoint_run_id is None:
        return worker.checkpoint
    folder = f"{RUNS}/{worker.checkpoint_run_id}/"
    found = [
        key for key in space.lightly.keys(folder) if key.endswith(".ckpt") and "/stages/" not in key
    ]
    if not found:
        raise CurationError(
            f"The run {worker.checkpoint_run_id!r} has left no checkpoint in {folder}",
            fix="Name a run that trained (workerConfig.enableTraining: true)",
            reason=Reason.MODEL_MISSING,
            exit_code=ExitCode.MODEL_MISSING,
        )
    return max(found)


def train_network(
    space: Workspace, prepared: Prepared, thumbnails: Thumbnails, pixels: PixelStore
) -> Trained:
    """Train, or go on from where an earlier attempt stopped; what was seen stays for embedding."""
    files = space.files(Stage.TRAIN)
    facts = files.facts()
    if facts is not None:
        return Trained(facts["checkpoint"], tuple(facts["losses"]))
    # They take seconds to import, and most runs do not train.
    from curation_job.training.processes import processes_for, train_in_processes
    from curation_job.training.simclr import Interrupted, TrainSettings

    config = space.config.lightly_config
    network = load_for_training(config, given_checkpoint(space), space.places())
    _look_at_everything(space, prepared, thumbnails, pixels)
    names = thumbnails.names()
    if not names:
        raise TooFewImages(
            "There is no usable image to train on",
            fix="Look at filenames/corrupt_filenames.txt of the run",
        )
    space.progress.begin(Step.TRAINING, unit="batches")
    checkpoints = _Checkpoints(files)
    on_gpu = torch.cuda.is_available() and space.config.gpus > 0
    settings = TrainSettings(
        device=torch.device("cuda" if on_gpu else "cpu"),
        workers=space.processes,
        must_stop=space.stop.is_asked,
        report=space.progress.reached,
    )
    images = [partial(_existing, thumbnails, name) for name in names]
    try:
        there = torch.cuda.device_count() if on_gpu else 1
        processes = processes_for(config.trainer.gpus, there, len(images))
        losses = train_in_processes(processes, network, images, config, checkpoints, settings)
    except Interrupted as error:
        raise Stopped("The run was told to stop. Training goes on from here.") from error
    checkpoint = f"{space.run_folder}/lightly_epoch_{max(0, len(losses) - 1)}.ckpt"
    _publish(space.lightly, files, checkpoint)
    files.complete({"checkpoint": checkpoint, "losses": losses})
    return Trained(checkpoint, tuple(losses))


def _existing(thumbnails: Thumbnails, name: str) -> bytes:
    return thumbnails.get(name) or b""


def _publish(bucket: LightlyBucket, files: StageFiles, checkpoint: str) -> None:
    content = files.read(LAST_CHECKPOINT)
    if content is not None:
        bucket.write(checkpoint, content)


def _look_at_everything(
    space: Workspace, prepared: Prepared, thumbnails: Thumbnails, pixels: PixelStore
) -> None:
    """Fetch and decode every file once; its thumbnail is trained on, its pixels are embedded."""
    batch_size = space.embed_settings(prepared.count).batch_size
    space.progress.begin(Step.CHECKING_CORRUPTNESS, total=prepared.count)
    seen = 0
    with look_pool(space, batch_size) as pool:
        for arrived in pool.look_at(_units(space, prepared, batch_size)):
            pixels.keep(arrived)
            batch = arrived.batch
            thumbnails.keep(seen, [_name(sample) for sample in batch.samples], batch.thumbnails)
            seen += len(batch.samples)
            if batch.is_last:
                space.progress.advance(len(arrived.unit.sources))
            space.stop.check()


def _name(sample: Sample) -> str:
    """A frame has its name only when its video has been seen to the end."""
    return sample.name if sample.frame is None else f"{sample.source}#{sample.frame.index:08}"


def _units(space: Workspace, prepared: Prepared, batch_size: int) -> Iterator[Unit]:
    start = 0
    for index in range(prepared.chunks):
        units = units_of(
            prepared.chunk(index).sources, batch_size, is_video=space.is_video, start=start
        )
        start += len(units)
        yield from units


class _Checkpoints:
    """The state of the training, in the LIGHTLY bucket."""

    def __init__(self, files: StageFiles) -> None:
        self._files = files

    def load(self) -> bytes | None:
        return self._files.read(LAST_CHECKPOINT)

    def save(self, state: bytes, *, finished_epoch: int | None) -> None:  # noqa: ARG002
        self._files.write(LAST_CHECKPOINT, state)


@contextmanager
def trained_looks(space: Workspace, pixels: PixelStore, batch_size: int) -> Iterator[Looks]:
    """What training has seen, to be embedded without another look."""
    with look_pool(space, batch_size) as pool:
        yield ReplayedLooks(pixels, pool)
