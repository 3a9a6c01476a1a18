"""What is written down about a run: its status, made from where it stands and what was seen."""

from datetime import datetime, timedelta
from typing import Any

from curation_api import CurationRunStatus
from curation_api.conditions import RunCondition
from curation_api.curation_run import JobReference, Shards, StageStatus
from curation_api.states import RunState, Stage
from curation_operator.planning.endings import working_seconds
from curation_operator.planning.failures import count_of_shards
from curation_operator.planning.jobs import AnyJob, LiveJob
from curation_operator.planning.seen import RunSeen
from curation_operator.planning.stages import has_shards
from curation_operator.planning.standing import Standing, run_conditions
from curation_operator.planning.words import quoted

LONGEST_RANGES = 200


def status_of(
    seen: RunSeen,
    standing: Standing,
    now: datetime,
    *,
    accepted: bool = True,
    decided: Standing | None = None,
    **more: Any,
) -> CurationRunStatus:
    """The whole status of a run. `decided` is the end of a run that is still stopping."""
    before = seen.status
    conditions = run_conditions(
        standing,
        before.conditions,
        accepted=accepted,
        decided=decided,
        generation=seen.generation,
        now=now,
    )
    return before.model_copy(
        update={
            "observed_generation": seen.generation,
            "state": standing.state,
            "step": standing.step or before.step,
            "message": standing.message,
            "conditions": conditions,
            "attempt": seen.attempt,
            "start_time": before.start_time or (now if standing.is_working else None),
            "completion_time": now if standing.state.is_final else None,
            "active_seconds": _banked(seen, standing, now),
            **more,
        }
    )


def _banked(seen: RunSeen, standing: Standing, now: datetime) -> int | None:
    """Work is counted when it pauses or ends; until then it is the time since it began."""
    if standing.is_working or not seen.is_true(RunCondition.RUNNING):
        return seen.status.active_seconds
    return round(working_seconds(seen, now))


def stages_with(
    seen: RunSeen, stage: Stage, job: AnyJob | None, state: RunState, now: datetime
) -> list[StageStatus]:
    """The record of all stages, with what was seen of this one."""
    record = _record(seen, stage, job, state, now)
    others = [entry for entry in seen.status.stages or [] if entry.name is not stage]
    order = list(Stage)
    return sorted([*others, record], key=lambda entry: order.index(entry.name))


def stage_record(seen: RunSeen, stage: Stage) -> StageStatus | None:
    """What was written down about a stage in this attempt."""
    return next(
        (
            entry
            for entry in seen.status.stages or []
            if (entry.name, entry.attempt) == (stage, seen.attempt)
        ),
        None,
    )


def _record(
    seen: RunSeen, stage: Stage, job: AnyJob | None, state: RunState, now: datetime
) -> StageStatus:
    before = stage_record(seen, stage) or StageStatus(name=stage, state=state, attempt=seen.attempt)
    if job is None:
        return before.model_copy(
            update={"state": state, "completion_time": now if state.is_final else None}
        )
    disruptions, last = disruptions_of(seen, stage, job)
    finished_at = None if isinstance(job, LiveJob) else job.finished_at
    return before.model_copy(
        update={
            "state": state,
            "job": JobReference(name=job.name, uid=job.uid),
            "start_time": before.start_time or job.started_at,
            "completion_time": (finished_at or now) if state.is_final else None,
            "retries": job.failures or before.retries,
            "disruptions": disruptions or None,
            "last_disruption_time": last,
            "shards": _shards(job) if has_shards(stage) else None,
        }
    )


def disruptions_of(seen: RunSeen, stage: Stage, job: AnyJob) -> tuple[int, datetime | None]:
    """How often workers of a stage were taken away, and when last.

    Kubernetes forgets Pods that were evicted, so each is counted once, when it is seen.
    """
    record = stage_record(seen, stage)
    counted, last = (record.disruptions or 0, record.last_disruption_time) if record else (0, None)
    moments = [
        pod.disrupted_at
        for pod in seen.pods_of(job)
        if pod.disrupted_at is not None and (last is None or pod.disrupted_at > last)
    ]
    return counted + len(moments), max([*moments, *([last] if last else [])], default=None)


def _shards(job: AnyJob) -> Shards:
    failed = quoted(job.failed_shards, LONGEST_RANGES)
    return Shards(
        total=job.shards,
        succeeded=job.done_shards,
        failed=count_of_shards(job.failed_shards),
        active=job.active if isinstance(job, LiveJob) else 0,
        failed_indexes=failed or None,
    )


def is_worth_writing(
    before: CurationRunStatus, after: CurationRunStatus, now: datetime, pause: timedelta
) -> bool:
    """Whether a status has to be written: numbers alone may wait, and nothing new is not news."""
    if before == after:
        return False
    if _what_matters(before) != _what_matters(after):
        return True
    seen_at = before.progress.observed_time if before.progress else None
    return seen_at is None or now - seen_at >= pause


def _what_matters(status: CurationRunStatus) -> object:
    return status.model_copy(
        update={
            "message": None,
            "progress": None,
            "conditions": [
                (condition.type, condition.status, condition.reason)
                for condition in status.conditions or []
            ],
            "stages": [(stage.name, stage.attempt, stage.state) for stage in status.stages or []],
        }
    )
