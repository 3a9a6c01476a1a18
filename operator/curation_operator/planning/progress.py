"""How far a run is: from the Job, which is certain, and from its workers, which is more."""

from datetime import datetime

from curation_api.curation_run import Progress
from curation_api.states import Stage, Step
from curation_api.worker_progress import WorkerProgress
from curation_operator.planning.jobs import JobSeen
from curation_operator.planning.seen import RunSeen
from curation_operator.planning.stages import has_shards
from curation_operator.planning.words import count, duration

_ORDER = {step: place for place, step in enumerate(Step)}

# What a worker is busy with, as the beginning of a sentence.
_WORDS = {
    Step.STARTED: "Started",
    Step.INITIALIZING: "Getting ready",
    Step.LOADING_DATASET: "Listing the dataset",
    Step.LOADING_METADATA: "Loading metadata",
    Step.LOADING_PREDICTION: "Loading predictions",
    Step.CHECKING_CORRUPTNESS: "Checking files",
    Step.INITIALIZING_OBJECT_CROPS: "Cutting out objects",
    Step.COMPUTING_METADATA: "Computing metadata",
    Step.TRAINING: "Training",
    Step.EMBEDDING: "Embedding",
    Step.EMBEDDING_OBJECT_CROPS: "Embedding objects",
    Step.PRETAGGING: "Pretagging",
    Step.COMPUTING_ACTIVE_LEARNING_SCORES: "Computing scores",
    Step.SAMPLING: "Selecting",
    Step.EMBEDDING_FULL_IMAGES: "Embedding full images",
    Step.SAVING_RESULTS: "Saving results",
    Step.UPLOADING_DATASET: "Uploading the dataset",
    Step.GENERATING_REPORT: "Writing the report",
    Step.UPLOADING_REPORT: "Uploading the report",
    Step.UPLOADED_REPORT: "Uploaded the report",
    Step.UPLOADING_ARTIFACTS: "Uploading artifacts",
    Step.UPLOADED_ARTIFACTS: "Uploaded artifacts",
}

_STEP_OF_STAGE = {
    Stage.ALL: Step.STARTED,
    Stage.PREPARE: Step.LOADING_DATASET,
    Stage.TRAIN: Step.TRAINING,
    Stage.EMBED: Step.EMBEDDING,
    Stage.SELECT: Step.SAMPLING,
}


def step_of(seen: RunSeen, stage: Stage) -> Step:
    """What the workers are busy with: the one that is farthest behind decides.

    While none of them answers, they are where they were last.
    """
    steps = [answer.step for answer in seen.progress if answer.step in _WORDS]
    known = [step for step in (_STEP_OF_STAGE[stage], seen.status.step) if step in _WORDS]
    return min(steps or [max(known, key=_ORDER.__getitem__)], key=_ORDER.__getitem__)


def per_second_of(seen: RunSeen) -> float:
    """How fast the workers are, together."""
    return sum(answer.per_second or 0 for answer in seen.progress)


def progress_of(seen: RunSeen, stage: Stage, job: JobSeen, now: datetime) -> Progress | None:
    """How far the step at hand is. Within a step it never goes back, whoever starts over."""
    step = step_of(seen, stage)
    before = seen.status.progress if seen.status.step == step else None
    if has_shards(stage):
        current = _of_shards(seen, job, now)
    elif seen.progress:
        current = _of_one_worker(seen.progress[0], now)
    else:
        return before
    if before is None:
        return current
    merged = current.model_copy(update={"percent": max(current.percent, before.percent)})
    same = merged.model_copy(
        update={"observed_time": before.observed_time, "eta_seconds": before.eta_seconds}
    )
    return before if same == before else merged


def _of_one_worker(answer: WorkerProgress, now: datetime) -> Progress:
    return Progress(
        percent=int(100 * answer.share),
        processed=answer.processed,
        total=answer.total,
        unit=answer.unit,
        eta_seconds=answer.eta_seconds,
        observed_time=now,
    )


def _of_shards(seen: RunSeen, job: JobSeen, now: datetime) -> Progress:
    """Shards are of about the same size, so their shares add up."""
    begun = sum(answer.share for answer in seen.progress if answer.step is Step.EMBEDDING)
    etas = [answer.eta_seconds for answer in seen.progress if answer.eta_seconds is not None]
    return Progress(
        percent=min(100, int(100 * (job.done_shards + begun) / max(1, job.shards))),
        processed=job.done_shards,
        total=job.shards,
        unit="shards",
        eta_seconds=max(etas, default=None),
        observed_time=now,
    )


def in_a_sentence(step: Step, progress: Progress | None, per_second: float = 0) -> str:
    """What people read: Embedding: 420 000 of 1 000 000 samples, 1 910/s, about 5 min left."""
    words = _WORDS.get(step, str(step).capitalize())
    if progress is None or progress.processed is None:
        return f"{words}."
    of_total = f" of {count(progress.total)}" if progress.total else ""
    speed = f", {count(round(per_second))}/s" if per_second >= 1 else ""
    left = f", about {duration(progress.eta_seconds)} left" if progress.eta_seconds else ""
    return f"{words}: {count(progress.processed)}{of_total} {progress.unit}{speed}{left}."
