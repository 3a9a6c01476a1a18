"""How parts of a run, and the run itself, come to their end."""

from dataclasses import replace
from datetime import datetime, timedelta

from curation_api import JobConfig, RunReport
from curation_api.curation_run import Progress
from curation_api.datasource import TagSummary
from curation_api.problems import Reason
from curation_api.states import RunState, Stage
from curation_operator.planning.diagnosis import stuck_pod
from curation_operator.planning.failures import last_failure
from curation_operator.planning.job_manifest import job_manifest
from curation_operator.planning.jobs import FailedJob, LiveJob, SucceededJob, Suspension
from curation_operator.planning.plan import (
    AT_ONCE,
    Action,
    CreateJob,
    DeleteJob,
    RunPlan,
    SuspendJob,
    UpdateDatasource,
)
from curation_operator.planning.recording import stages_with, status_of
from curation_operator.planning.seen import RunSeen
from curation_operator.planning.standing import (
    Standing,
    between_stages,
    completed,
    stopping,
    waiting,
)
from curation_operator.planning.words import count
from curation_operator.settings import OperatorSettings

# Pods go within seconds; a Job event tells it, and this is for the one that gets lost.
DRAIN_LOOK = timedelta(seconds=5)

# As many as the status of a Datasource may hold.
NEWEST_TAGS = 32


def after_a_stage(
    seen: RunSeen, stage: Stage, job: SucceededJob | FailedJob, now: datetime
) -> RunPlan:
    """A part is done: write that down first, the next one starts from what is written."""
    following = seen.stages[seen.stages.index(stage) + 1 :]
    if not following:
        raise ValueError(f"nothing follows {stage}")
    standing = between_stages(f"Stage {stage} is done; {following[0]} comes next.")
    status = status_of(
        seen,
        standing,
        now,
        stages=stages_with(seen, stage, job, RunState.COMPLETED, now),
        last_failure=last_failure(seen, job, stage),
    )
    return RunPlan(status, look_again=AT_ONCE)


def words_are_lost(seen: RunSeen, job: SucceededJob) -> bool:
    """Whether its Pod is gone, and with it the last words that hold the result.

    What is done is done: a repeat of the Job finds everything in place and only says them again.
    """
    return _report(seen, job) is None and not job.is_repeat


def repeat(
    seen: RunSeen, stage: Stage, frozen: JobConfig, settings: OperatorSettings, now: datetime
) -> RunPlan:
    """Have the last words said again."""
    job = job_manifest(seen, stage, frozen, settings, is_repeat=True)
    standing = waiting(Reason.STARTING, "The work is done; asking again for its result.")
    return RunPlan(status_of(seen, standing, now), (CreateJob(job),))


def finish(seen: RunSeen, stage: Stage | None, job: SucceededJob | None, now: datetime) -> RunPlan:
    """Everything is done. The result comes from the last words of the worker."""
    report = _report(seen, job) if job else None
    result = report.result if report else None
    skipped = any(entry.shards and entry.shards.failed for entry in seen.status.stages or [])
    reason = Reason.SUCCEEDED_WITH_SKIPPED_SHARDS if skipped else Reason.ALL_STAGES_SUCCEEDED
    status = status_of(
        seen,
        completed(reason, _in_a_sentence(report)),
        now,
        stages=stages_with(seen, stage, job, RunState.COMPLETED, now)
        if stage
        else seen.status.stages,
        progress=_whole(seen.status.progress),
        result=result,
        artifacts=(report.artifacts or None) if report else None,
    )
    return RunPlan(status, _publish(seen, report), look_again=AT_ONCE)


def _report(seen: RunSeen, job: SucceededJob) -> RunReport | None:
    reports = (pod.ended.report for pod in seen.pods_of(job) if pod.ended)
    return next((report for report in reports if report is not None), None)


def _in_a_sentence(report: RunReport | None) -> str:
    result = report.result if report else None
    if result is None or result.selected is None:
        return "Done; what came of it lies in the LIGHTLY location."
    of_input = f" of {count(result.input)}" if result.input is not None else ""
    tag = f" as {result.tag}" if result.tag else ""
    return f"Selected {count(result.selected)}{of_input} samples{tag}."


def _whole(progress: Progress | None) -> Progress | None:
    return progress.model_copy(update={"percent": 100, "eta_seconds": None}) if progress else None


def _publish(seen: RunSeen, report: RunReport | None) -> tuple[Action, ...]:
    """Name the new tag at the Datasource, once."""
    datasource, result = seen.datasource, report.result if report else None
    if datasource is None or result is None or result.tag is None:
        return ()
    known = datasource.status.tags or []
    if any(tag.run == seen.key.name and tag.name == result.tag for tag in known):
        return ()
    tag = TagSummary(name=result.tag, samples=result.selected or 0, run=seen.key.name)
    status = datasource.status.model_copy(
        update={
            "tags": [tag, *known][:NEWEST_TAGS],
            "tag_count": (datasource.status.tag_count or 0) + 1,
            "samples": datasource.status.samples if result.input is None else result.input,
        }
    )
    return (UpdateDatasource(datasource.key.name, datasource.resource_version, status),)


def stop(seen: RunSeen, end: Standing, now: datetime) -> RunPlan:
    """Let the Pods go first, with time to save their work; then write down the end."""
    live = [job for job in seen.jobs if isinstance(job, LiveJob)]
    stage = seen.next_stage
    if not any(job.has_pods or job.is_being_deleted for job in live):
        job = seen.job_of(stage) if stage else None
        plan = write_the_end(seen, end, stage, job, now)
        deletions = tuple(DeleteJob(job.name, job.uid) for job in live)
        return replace(plan, actions=(*deletions, *plan.actions))
    stuck = next((found for job in live if (found := stuck_pod(seen, job, now))), None)
    standing = stuck or stopping(end.reason, f"Stopping. {end.message}")
    actions = tuple(action for job in live for action in let_pods_go(job))
    status = status_of(seen, standing, now, decided=end)
    return RunPlan(status, actions, look_again=DRAIN_LOOK)


def let_pods_go(job: LiveJob) -> tuple[Action, ...]:
    """End the Pods of a Job, unless that has been asked for already.

    A Job in a queue belongs to Kueue as far as suspending goes, so it is deleted instead: shards
    that are done are not done again.
    """
    if job.is_being_deleted or job.suspension is not Suspension.NONE:
        return ()
    if job.queue_name is not None:
        return (DeleteJob(job.name, job.uid),)
    return (SuspendJob(job.name, job.uid),)


def decide(seen: RunSeen, end: Standing, stage: Stage, job: LiveJob, now: datetime) -> RunPlan:
    """Write down that a run will end, before the Pods go that are the reason for it."""
    status = status_of(
        seen,
        stopping(end.reason, f"Stopping. {end.message}"),
        now,
        decided=end,
        stages=stages_with(seen, stage, job, RunState.RUNNING, now),
        last_failure=last_failure(seen, job, stage),
    )
    return RunPlan(status, look_again=AT_ONCE)


def write_the_end(
    seen: RunSeen,
    end: Standing,
    stage: Stage | None,
    job: LiveJob | SucceededJob | FailedJob | None,
    now: datetime,
) -> RunPlan:
    """It has ended without a result; what the stage had done so far is part of the record."""
    done = isinstance(job, SucceededJob)
    status = status_of(
        seen,
        end,
        now,
        stages=stages_with(seen, stage, job, RunState.COMPLETED if done else end.state, now)
        if stage and (job or seen.status.stages)
        else seen.status.stages,
        last_failure=last_failure(seen, job, stage) if stage and job else seen.status.last_failure,
    )
    return RunPlan(status, _look_at_rights_again(seen, end), look_again=AT_ONCE)


def _look_at_rights_again(seen: RunSeen, end: Standing) -> tuple[Action, ...]:
    """A worker was turned away: what we know about the Datasource's rights is out of date."""
    datasource = seen.datasource
    if end.reason is not Reason.DATASOURCE_ACCESS_DENIED or datasource is None:
        return ()
    status = datasource.status.model_copy(update={"probed_at": None})
    return (UpdateDatasource(datasource.key.name, datasource.resource_version, status),)
