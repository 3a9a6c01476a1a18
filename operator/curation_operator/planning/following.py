"""A stage whose Job is there: how it is doing, and whether it is held back."""

from dataclasses import replace
from datetime import datetime, timedelta

from curation_api.curation_run import QueueStatus
from curation_api.problems import Reason
from curation_api.states import RunState, Stage
from curation_operator.planning.diagnosis import (
    stuck_pod,
    why_it_waits_in_kueue,
    why_no_pod_runs,
)
from curation_operator.planning.endings import (
    decided,
    limit_reached,
    next_deadline,
    working_seconds,
)
from curation_operator.planning.failures import last_failure
from curation_operator.planning.finishing import DRAIN_LOOK, decide, let_pods_go
from curation_operator.planning.jobs import AnyJob, LiveJob, Suspension
from curation_operator.planning.line import who_goes_first
from curation_operator.planning.plan import (
    Action,
    DeleteJob,
    LimitJob,
    ResumeJob,
    RunPlan,
    sooner,
)
from curation_operator.planning.progress import in_a_sentence, per_second_of, progress_of, step_of
from curation_operator.planning.recording import disruptions_of, stages_with, status_of
from curation_operator.planning.seen import RunSeen
from curation_operator.planning.stages import has_shards
from curation_operator.planning.standing import (
    Standing,
    queued,
    running,
    suspended,
    suspending,
    waiting,
)
from curation_operator.settings import OperatorSettings

# What holds a run back tells us when it lets go; these are for what gets lost.
LINE_LOOK = timedelta(minutes=5)
QUEUE_LOOK = timedelta(minutes=1)

# The clocks of Jobs count whole seconds.
DEADLINE_SLACK_SECONDS = 5


def follow(
    seen: RunSeen, stage: Stage, job: LiveJob, settings: OperatorSettings, now: datetime
) -> RunPlan:
    """A Job that was told to work."""
    if job.is_being_deleted:
        return _note(seen, _waits_to_start_over(job), stage, job, now, look_again=DRAIN_LOOK)
    if _is_in_another_queue(seen, job):
        standing = waiting(Reason.STARTING, f"Moving to LocalQueue {seen.options.queue_name}.")
        record = stages_with(seen, stage, job, RunState.SUSPENDED, now)
        status = status_of(seen, standing, now, stages=record)
        return RunPlan(status, (DeleteJob(job.name, job.uid),), look_again=DRAIN_LOOK)
    if (end := limit_reached(seen, job, disruptions_of(seen, stage, job)[0], now)) is not None:
        return decide(seen, end, stage, job, now)
    if job.suspension is Suspension.OF_OTHERS:
        return _held_by_others(seen, stage, job, now)

    standing = _standing(seen, stage, job, now)
    if standing.reason is Reason.POD_TEMPLATE_REJECTED:
        return decide(seen, decided(standing.reason, standing.message), stage, job, now)
    pause = timedelta(seconds=settings.progress_seconds)
    wait = sooner(pause, next_deadline(seen, job, now))
    plan = _note(seen, standing, stage, job, now, look_again=wait)
    return replace(plan, actions=_limit(seen, job, now) if standing.is_working else ())


def _standing(seen: RunSeen, stage: Stage, job: LiveJob, now: datetime) -> Standing:
    step = step_of(seen, stage)
    if any(pod.is_running and pod.gone_by is None for pod in seen.pods_of(job)):
        speed = 0.0 if has_shards(stage) else per_second_of(seen)
        return running(in_a_sentence(step, progress_of(seen, stage, job, now), speed), step)
    if _all_have_succeeded(seen, job):
        return running("The work is done; Kubernetes closes the Job.", step)
    return stuck_pod(seen, job, now) or why_no_pod_runs(seen, job)


def _all_have_succeeded(seen: RunSeen, job: LiveJob) -> bool:
    """A Job counts its Pods a moment after they have ended."""
    done = {pod.index for pod in seen.pods_of(job) if pod.phase == "Succeeded"}
    return len(done) >= job.shards


def _note(
    seen: RunSeen,
    standing: Standing,
    stage: Stage,
    job: AnyJob,
    now: datetime,
    *,
    look_again: timedelta | None,
) -> RunPlan:
    working = standing.is_working
    status = status_of(
        seen,
        standing,
        now,
        stages=stages_with(seen, stage, job, standing.state, now),
        last_failure=last_failure(seen, job, stage),
        progress=progress_of(seen, stage, job, now) if working else seen.status.progress,
        queue=_queue(seen, job),
    )
    return RunPlan(status, look_again=look_again)


def _waits_to_start_over(job: LiveJob) -> Standing:
    return waiting(Reason.STARTING, f"Job {job.name} is being deleted; it will be made again.")


def _is_in_another_queue(seen: RunSeen, job: LiveJob) -> bool:
    """Until it has started, a run may be moved to another queue."""
    return seen.status.start_time is None and job.queue_name != seen.options.queue_name


def _held_by_others(seen: RunSeen, stage: Stage, job: LiveJob, now: datetime) -> RunPlan:
    standing = why_it_waits_in_kueue(job, seen.workload)
    wait = sooner(QUEUE_LOOK, next_deadline(seen, job, now))
    return _note(seen, standing, stage, job, now, look_again=wait)


def _queue(seen: RunSeen, job: AnyJob) -> QueueStatus | None:
    if job.queue_name is None:
        return None
    workload = seen.workload
    return QueueStatus(
        local_queue=job.queue_name,
        workload=workload.name if workload else None,
        admitted_time=workload.admitted_at if workload else None,
    )


def _limit(seen: RunSeen, job: LiveJob, now: datetime) -> tuple[Action, ...]:
    """A run with a deadline ends in time even while no operator is there.

    The clock of a Job runs while its Pods are pending, ours does not; so it is set anew each time.
    """
    allowed = seen.spec.active_deadline_seconds
    if allowed is None or job.started_at is None:
        return ()
    left = allowed - working_seconds(seen, now)
    wanted = max(1, round((now - job.started_at).total_seconds() + left))
    known = job.deadline_seconds
    if known is not None and abs(known - wanted) <= DEADLINE_SLACK_SECONDS:
        return ()
    return (LimitJob(job.name, job.uid, wanted),)


def suspend(seen: RunSeen, stage: Stage, job: LiveJob | None, now: datetime) -> RunPlan:
    """Pause: no Pod is left, and what is done stays done."""
    if job is None or not (job.has_pods or job.is_being_deleted or let_pods_go(job)):
        standing = suspended("Suspended by spec.suspend; what is done stays done.")
        record = stages_with(seen, stage, job, standing.state, now) if job else seen.status.stages
        accepted = seen.status.plan is not None
        return RunPlan(status_of(seen, standing, now, accepted=accepted, stages=record))
    standing = stuck_pod(seen, job, now) or suspending("Suspending; workers are saving their work.")
    status = status_of(
        seen, standing, now, stages=stages_with(seen, stage, job, RunState.RUNNING, now)
    )
    return RunPlan(status, let_pods_go(job), look_again=DRAIN_LOOK)


def resume_or_wait(seen: RunSeen, stage: Stage, job: LiveJob, now: datetime) -> RunPlan:
    """A Job that we suspended goes on, once its Pods are gone and it is its turn."""
    if job.has_pods:
        standing = suspending("Resumed; the workers of before are still going.")
        return _note(seen, standing, stage, job, now, look_again=DRAIN_LOOK)
    if (first := who_goes_first(seen)) is not None:
        return _note(seen, waits_for(first.name), stage, job, now, look_again=LINE_LOOK)
    standing = waiting(Reason.AWAITING_PODS, "Resumed; its Pods are on their way.")
    plan = _note(seen, standing, stage, job, now, look_again=None)
    return replace(plan, actions=(ResumeJob(job.name, job.uid),))


def waits_for(run: str) -> Standing:
    """It is another run's turn."""
    return queued(
        Reason.AWAITING_EARLIER_RUN,
        f"Waiting for {run}: the runs of a Datasource work one after another.",
    )
