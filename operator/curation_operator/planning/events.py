"""What is told about a run: each change of its status that a person would want to hear of."""

from collections.abc import Iterator

from curation_api import CurationRunStatus
from curation_api.curation_run import StageStatus
from curation_api.problems import Reason
from curation_api.states import RunState, Stage
from curation_operator.planning.plan import CreateJob, Event, RunPlan, Tell
from curation_operator.planning.seen import RunSeen, ready_in


def events_of_run(seen: RunSeen, plan: RunPlan) -> tuple[Event, ...]:
    """What happened between the status that was written last and the one that comes now."""
    before, after = seen.status, plan.status
    return (
        *_of_actions(seen, plan),
        *_of_stages(before, after),
        *_of_state(seen, before, after),
        *_of_control(seen, before),
    )


def _of_actions(seen: RunSeen, plan: RunPlan) -> Iterator[Event]:
    if seen.status.plan is None and plan.status.plan is not None:
        frozen = plan.status.plan
        yield Event(Tell.PLAN_FROZEN, f"Configuration frozen in ConfigMap {frozen.config_map}")
    for action in plan.actions:
        if isinstance(action, CreateJob):
            yield Event(Tell.JOB_CREATED, f"Created Job {action.manifest['metadata']['name']}")


def _of_stages(before: CurationRunStatus, after: CurationRunStatus) -> Iterator[Event]:
    known = {(stage.name, stage.attempt): stage for stage in before.stages or []}
    for stage in after.stages or []:
        yield from _of_stage(known.get((stage.name, stage.attempt)), stage)


def _of_stage(was: StageStatus | None, stage: StageStatus) -> Iterator[Event]:
    name = "The run" if stage.name is Stage.ALL else f"Stage {stage.name}"
    if was is not None:
        failed = (stage.shards.failed if stage.shards else 0) - (
            was.shards.failed if was.shards else 0
        )
        if failed > 0:
            yield Event(Tell.SHARD_FAILED, f"{failed} more shards failed", is_warning=True)
        taken = (stage.disruptions or 0) - (was.disruptions or 0)
        if taken > 0:
            note = f"{name}: {taken} workers were taken away; they are started again elsewhere"
            yield Event(Tell.POD_DISRUPTED, note, is_warning=True)
    if was is not None and was.state is stage.state:
        return
    match stage.state:
        case RunState.RUNNING:
            yield Event(Tell.STAGE_STARTED, f"{name} is at work")
        case RunState.COMPLETED:
            yield Event(Tell.STAGE_SUCCEEDED, f"{name} is done")
        case RunState.FAILED | RunState.CRASHED:
            yield Event(Tell.STAGE_FAILED, f"{name} failed", is_warning=True)
        case _:
            pass


def _of_state(
    seen: RunSeen, before: CurationRunStatus, after: CurationRunStatus
) -> Iterator[Event]:
    reason_before, reason = _reason(before), _reason(after)
    message = after.message or ""
    if reason != reason_before:
        if reason == Reason.UNSCHEDULABLE:
            yield Event(Tell.UNSCHEDULABLE, message, is_warning=True)
        if reason in {Reason.EVICTED, Reason.PREEMPTED}:
            yield Event(Tell.QUEUE_EVICTED, message, is_warning=True)
    if before.state is after.state:
        return
    if before.state is RunState.SUSPENDED and after.state and not after.state.is_final:
        yield Event(Tell.RESUMED, f"{seen.key.name} goes on")
    match after.state:
        case RunState.SUSPENDED:
            yield Event(Tell.SUSPENDED, message)
        case RunState.COMPLETED:
            yield Event(Tell.COMPLETED, message)
        case RunState.ABORTED if reason == Reason.CANCELLED:
            yield Event(Tell.CANCELLED, message)
        case RunState.FAILED if reason == Reason.NAME_CONFLICT:
            yield Event(Tell.NAME_CONFLICT, message, is_warning=True)
        case RunState.FAILED | RunState.CRASHED | RunState.ABORTED:
            yield Event(Tell.RUN_FAILED, message, is_warning=True)
        case _:
            pass


def _of_control(seen: RunSeen, before: CurationRunStatus) -> Iterator[Event]:
    """Wishes are noted once, when the generation that brings them is seen first."""
    if before.observed_generation in {None, seen.generation} or seen.is_finished:
        return
    if seen.spec.cancel and not seen.state.is_final:
        yield Event(Tell.CANCEL_REQUESTED, "Cancelling: workers get time to save their work")
    if seen.spec.attempt > seen.attempt and not seen.state.is_final:
        note = f"spec.attempt {seen.spec.attempt} takes effect when this attempt has ended"
        yield Event(Tell.ATTEMPT_IGNORED, note, is_warning=True)


def _reason(status: CurationRunStatus) -> str | None:
    ready = ready_in(status)
    return ready.reason if ready else None
