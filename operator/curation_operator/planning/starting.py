"""From a run that somebody has created to the first Job, and from one stage to the next."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from curation_api import JobConfig
from curation_api.conditions import DatasourceCondition, RunCondition
from curation_api.datasource import DatasourceType
from curation_api.problems import Reason
from curation_api.states import RunState, Stage
from curation_operator.planning.digest import digest
from curation_operator.planning.endings import decided
from curation_operator.planning.finishing import write_the_end
from curation_operator.planning.following import LINE_LOOK, waits_for
from curation_operator.planning.freezing import freeze, frozen_plan, plan_manifest
from curation_operator.planning.job_manifest import job_manifest
from curation_operator.planning.line import who_goes_first
from curation_operator.planning.plan import (
    Action,
    CreateConfigMap,
    CreateJob,
    Event,
    RunPlan,
    Tell,
    TryJob,
)
from curation_operator.planning.recording import stage_record, stages_with, status_of
from curation_operator.planning.seen import DatasourceSeen, RunSeen
from curation_operator.planning.standing import Standing, waiting
from curation_operator.settings import OperatorSettings

# A Datasource tells us when it changes; this is for what gets lost.
DATASOURCE_LOOK = timedelta(minutes=5)


def start(seen: RunSeen, stage: Stage, settings: OperatorSettings, now: datetime) -> RunPlan:
    """Create the Job of a stage, once everything it needs is there and it is its turn."""
    frozen = seen.frozen
    if frozen is not None:
        return _start_in_turn(seen, stage, frozen, (), settings, now)
    datasource = seen.datasource
    if datasource is None:
        return _wait_for(_no_datasource(seen), seen, now)
    if (obstacle := _obstacle(seen, datasource, settings)) is not None:
        return _wait_for(obstacle, seen, now)
    frozen = freeze(seen, datasource)
    if _is_another_than_before(seen, frozen):
        lost = decided(Reason.PLAN_LOST, _plan_lost(seen))
        return write_the_end(seen, lost, stage, None, now)
    keep = CreateConfigMap(plan_manifest(seen, frozen))
    return _start_in_turn(seen, stage, frozen, (keep,), settings, now)


def _start_in_turn(
    seen: RunSeen,
    stage: Stage,
    frozen: JobConfig,
    keep: tuple[Action, ...],
    settings: OperatorSettings,
    now: datetime,
) -> RunPlan:
    notes = frozen.notes or None
    if (first := who_goes_first(seen)) is not None:
        status = status_of(seen, waits_for(first.name), now, notes=notes)
        return RunPlan(status, _tries(seen, seen.stages, frozen, settings), look_again=LINE_LOOK)
    create = CreateJob(job_manifest(seen, stage, frozen, settings))
    others = [other for other in seen.stages if other is not stage]
    tries = _tries(seen, others, frozen, settings)
    standing = waiting(Reason.STARTING, f"Starting{'' if stage is Stage.ALL else f' {stage}'}.")
    status = status_of(
        seen,
        standing,
        now,
        notes=notes,
        plan=seen.status.plan or frozen_plan(seen, frozen, settings),
        stages=stages_with(seen, stage, None, RunState.PENDING, now),
    )
    pause = timedelta(seconds=settings.progress_seconds)
    plan = RunPlan(status, (*tries, *keep, create), look_again=pause)
    return replace(plan, events=_told_of_a_vanished_job(seen, stage))


def _tries(
    seen: RunSeen, stages: Sequence[Stage], frozen: JobConfig, settings: OperatorSettings
) -> tuple[TryJob, ...]:
    """What a cluster would refuse of a later stage is better known before the first one works."""
    if seen.is_true(RunCondition.ACCEPTED):
        return ()
    return tuple(TryJob(job_manifest(seen, stage, frozen, settings)) for stage in stages)


def _wait_for(standing: Standing, seen: RunSeen, now: datetime) -> RunPlan:
    status = status_of(seen, standing, now, accepted=False)
    return RunPlan(status, look_again=DATASOURCE_LOOK)


def _no_datasource(seen: RunSeen) -> Standing:
    name = seen.spec.datasource_ref.name
    return waiting(
        Reason.DATASOURCE_NOT_FOUND,
        f"There is no Datasource {name!r} in namespace {seen.key.namespace}."
        " To fix it: create it; the run starts by itself.",
    )


def _obstacle(
    seen: RunSeen, datasource: DatasourceSeen, settings: OperatorSettings
) -> Standing | None:
    """What keeps a run from being accepted and may be mended without touching the run."""
    worker, name = seen.spec.worker_config, datasource.key.name
    if worker.selected_sequence_length > 1 and datasource.spec.type is not DatasourceType.VIDEOS:
        return waiting(
            Reason.PURPOSE_MISMATCH,
            f"workerConfig.selectedSequenceLength selects sequences of frames, and Datasource"
            f" {name!r} holds {datasource.spec.type}. To fix it: choose a Datasource of VIDEOS.",
        )
    if seen.options.image not in {None, settings.job.image} and not settings.custom_images_allowed:
        return waiting(
            Reason.INVALID_REFERENCE,
            f"job.image names {seen.options.image}, and this operator allows no images but its own"
            f" ({settings.worker_image}).",
        )
    if datasource.spec.what_is_missing:
        return _not_ready(datasource)
    bypasses = worker.datasource is not None and worker.datasource.bypass_verify
    return None if bypasses or datasource.is_ready else _not_ready(datasource)


def _not_ready(datasource: DatasourceSeen) -> Standing:
    ready = datasource.condition(DatasourceCondition.READY)
    is_current = datasource.status.observed_generation == datasource.generation
    said = f": {ready.message}" if ready and ready.message and is_current else " yet."
    return waiting(
        Reason.DATASOURCE_NOT_READY, f"Datasource {datasource.key.name!r} is not ready{said}"
    )


def _is_another_than_before(seen: RunSeen, frozen: JobConfig) -> bool:
    """Whether what the run was started with is gone and cannot be made again."""
    plan = seen.status.plan
    return plan is not None and plan.spec_hash != digest(frozen.complete())


def _plan_lost(seen: RunSeen) -> str:
    name = seen.status.plan.config_map if seen.status.plan else ""
    return (
        f"ConfigMap {name}, which says what the run was started with, was deleted, and the"
        " Datasource has changed since. To fix it: raise spec.attempt, or create another run."
    )


def _told_of_a_vanished_job(seen: RunSeen, stage: Stage) -> tuple[Event, ...]:
    record = stage_record(seen, stage)
    if record is None or record.job is None or record.state is RunState.SUSPENDED:
        return ()
    note = f"Job {record.job.name} was deleted; it is made again, and what is done is kept."
    return (Event(Tell.JOB_DELETED_EXTERNALLY, note, is_warning=True),)
