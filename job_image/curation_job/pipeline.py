"""The whole of a run: list, train if asked to, look and embed, select, report, publish.

Each stage leaves what it found in the LIGHTLY bucket and is skipped when it is there. So the same
run, started again after a kill or split up over many workers, ends in the same result.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from curation_api import RunReport
from curation_api.run_report import Artifact
from curation_api.states import ArtifactType, Stage, Step
from curation_job.embedding_stage import embed, open_thumbnails
from curation_job.finishing import finish, upload
from curation_job.pixel_store import PixelStore
from curation_job.preparing import Prepared, prepare
from curation_job.refusals import refuse_what_is_not_there_yet
from curation_job.thumbnails import Thumbnails
from curation_job.training_stage import (
    PIXEL_BUDGET_BYTES,
    Trained,
    given_checkpoint,
    train_network,
    trained_looks,
)
from curation_job.workspace import Workspace


def curate(space: Workspace, stage: Stage = Stage.ALL, *, shard: int = 0) -> RunReport:
    """Do one stage of the run, or all of them in this process."""
    refuse_what_is_not_there_yet(space.config)
    space.limit_threads()
    space.progress.begin(Step.INITIALIZING)
    started = time.monotonic()
    prepared = prepare(space)
    with _thumbnails(space, prepared) as thumbnails:
        match stage:
            case Stage.PREPARE:
                return RunReport(stage=stage, ok=True, facts={"samples": prepared.count})
            case Stage.TRAIN:
                _train(space, prepared, thumbnails)
                return RunReport(stage=stage, ok=True)
            case Stage.EMBED:
                checkpoint = _trained_before(space).checkpoint
                shards = space.config.shards
                embed(space, prepared, checkpoint, shard=shard, shards=shards)
                return RunReport(stage=stage, ok=True)
            case Stage.SELECT:
                return _select(space, prepared, thumbnails, _trained_before(space), started)
            case Stage.ALL:
                trained = _train_and_embed(space, prepared, thumbnails)
                return _select(space, prepared, thumbnails, trained, started)


@contextmanager
def _thumbnails(space: Workspace, prepared: Prepared) -> Iterator[Thumbnails]:
    thumbnails = open_thumbnails(space, prepared)
    try:
        yield thumbnails
    finally:
        thumbnails.close()


def _train_and_embed(space: Workspace, prepared: Prepared, thumbnails: Thumbnails) -> Trained:
    """In one process, what training has seen need not be looked at again to be embedded."""
    if not space.config.worker_config.enable_training:
        checkpoint = given_checkpoint(space)
        embed(space, prepared, checkpoint, thumbnails=thumbnails)
        return Trained(checkpoint)
    pixels = PixelStore(space.scratch / "pixels", budget_bytes=PIXEL_BUDGET_BYTES)
    trained = train_network(space, prepared, thumbnails, pixels)
    batch_size = space.embed_settings(prepared.count).batch_size
    with trained_looks(space, pixels, batch_size) as looks:
        embed(space, prepared, trained.checkpoint, looks=looks, thumbnails=thumbnails)
    return trained


def _train(space: Workspace, prepared: Prepared, thumbnails: Thumbnails) -> Trained:
    if not space.config.worker_config.enable_training:
        return Trained(given_checkpoint(space))
    return train_network(
        space, prepared, thumbnails, PixelStore(space.scratch / "pixels", budget_bytes=0)
    )


def _trained_before(space: Workspace) -> Trained:
    """The network that the training stage of this run has left."""
    if not space.config.worker_config.enable_training:
        return Trained(given_checkpoint(space))
    facts = space.files(Stage.TRAIN).facts()
    if facts is None:
        raise RuntimeError("embedding was started before training was complete")
    return Trained(facts["checkpoint"], tuple(facts["losses"]))


def _select(
    space: Workspace,
    prepared: Prepared,
    thumbnails: Thumbnails,
    trained: Trained,
    started: float,
) -> RunReport:
    """Select and publish, unless this run has done so before."""
    files = space.files(Stage.SELECT)
    if (done := files.read("report.json")) is not None and files.facts() is not None:
        return RunReport.model_validate_json(done)
    result = finish(space, prepared, thumbnails, trained.losses, started)
    space.progress.begin(Step.UPLOADING_ARTIFACTS)
    artifacts = [*upload(space), *_checkpoint(space, trained)]
    report = RunReport(stage=Stage.ALL, ok=True, result=result, artifacts=artifacts)
    files.write("report.json", report.model_dump_json(by_alias=True).encode())
    files.complete({"tag": result.tag, "digest": result.digest})
    space.progress.begin(Step.COMPLETED)
    return report


def _checkpoint(space: Workspace, trained: Trained) -> list[Artifact]:
    """The weights that this run has trained; they lie in its folder since training ended."""
    if not space.config.worker_config.enable_training:
        return []
    size = len(space.lightly.read(trained.checkpoint) or b"")
    return [Artifact(type=ArtifactType.CHECKPOINT, key=trained.checkpoint, size_bytes=size)]
