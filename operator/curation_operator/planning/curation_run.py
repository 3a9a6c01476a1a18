"""The whole life of a run: what it needs next, given what was seen."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from curation_api.conditions import ConditionStatus, RunCondition
from curation_api.problems import Reason
from curation_api.states import RunState, Stage
from curation_operator.planning.endings import cancelled, decided, decided_before, overdue
from curation_operator.planning.events import events_of_run
from curation_operator.planning.failures import end_of_failed_job, is_good_enough
from curation_operator.planning.finishing import (
    after_a_stage,
    finish,
    repeat,
    stop,
    words_are_lost,
    write_the_end,
)
from curation_operator.planning.following import follow, resume_or_wait, suspend
from curation_operator.planning.jobs import FailedJob, LiveJob, SucceededJob, Suspension
from curation_operator.planning.plan import Refusal, RunPlan
from curation_operator.planning.recording import status_of
from curation_operator.planning.seen import RunSeen, UnreadableRun
from curation_operator.planning.stages import leaves_the_result
from curation_operator.planning.standing import Standing, dated
from curation_operator.planning.starting import start
from curation_operator.planning.tidying import tidy_up
from curation_operator.planning.words import quoted
from curation_operator.settings import OperatorSettings


def plan_curation_run(seen: RunSeen, settings: OperatorSettings, now: datetime) -> RunPlan:
    """Decide what this run needs next, and what to tell about it."""
    plan = _plan(seen, settings, now)
    return replace(plan, events=(*plan.events, *events_of_run(seen, plan)))


def _plan(seen: RunSeen, settings: OperatorSettings, now: datetime) -> RunPlan:
    if seen.is_paused:
        return _paused(seen, now)
    if seen.is_finished:
        return _leave_finished(seen)
    if seen.wants_another_attempt:
        seen = seen.in_its_next_attempt()
    if not seen.frozen_is_readable:
        return _leave_to_a_newer_operator(seen, now)

    stage = seen.next_stage
    if stage is None:
        return finish(seen, None, None, now)
    job = seen.job_of(stage)
    if isinstance(job, SucceededJob) and leaves_the_result(stage):
        return _end_well(seen, stage, job, settings, now)
    if (end := _end_that_is_wanted(seen, now)) is not None:
        return stop(seen, end, now)

    match job:
        case SucceededJob():
            return after_a_stage(seen, stage, job, now)
        case FailedJob() if is_good_enough(seen, job):
            return after_a_stage(seen, stage, job, now)
        case FailedJob():
            return write_the_end(seen, end_of_failed_job(seen, job, stage), stage, job, now)
        case _ if seen.spec.suspend:
            return suspend(seen, stage, job, now)
        case None:
            return start(seen, stage, settings, now)
        case LiveJob(suspension=Suspension.OURS):
            return resume_or_wait(seen, stage, job, now)
        case LiveJob():
            return follow(seen, stage, job, settings, now)
        case unreachable:
            assert_never(unreachable)


def _end_well(
    seen: RunSeen, stage: Stage, job: SucceededJob, settings: OperatorSettings, now: datetime
) -> RunPlan:
    if seen.frozen is None or seen.spec.cancel or not words_are_lost(seen, job):
        return finish(seen, stage, job, now)
    if seen.spec.suspend:
        return suspend(seen, stage, None, now)
    return repeat(seen, stage, seen.frozen, settings, now)


def _end_that_is_wanted(seen: RunSeen, now: datetime) -> Standing | None:
    if seen.spec.cancel:
        return cancelled(seen)
    return decided_before(seen) or overdue(seen, now)


def _leave_finished(seen: RunSeen) -> RunPlan:
    """Nothing may go on; a change that comes too late is noted and has no effect."""
    status = seen.status.model_copy(update={"observed_generation": seen.generation})
    return RunPlan(status, tidy_up(seen))


def _paused(seen: RunSeen, now: datetime) -> RunPlan:
    """Somebody asked us to keep our hands off."""
    said = (
        RunCondition.READY,
        ConditionStatus.UNKNOWN,
        Reason.RECONCILE_PAUSED,
        "The annotation curation.dev/reconcile says disabled: nothing is done about this run.",
    )
    ready = dated(said, seen.condition(RunCondition.READY), generation=seen.generation, now=now)
    others = [entry for entry in seen.status.conditions or [] if entry.type != RunCondition.READY]
    status = seen.status.model_copy(update={"conditions": [*others, ready]})
    return RunPlan(status)


def _leave_to_a_newer_operator(seen: RunSeen, now: datetime) -> RunPlan:
    """A newer operator started it in a form that we do not know; its Jobs go on."""
    standing = Standing(
        seen.state,
        Reason.OPERATOR_VERSION_UNSUPPORTED,
        "A newer operator started this run. To fix it: run that operator again.",
        seen.status.step,
    )
    return RunPlan(status_of(seen, standing, now))


def plan_unreadable_run(seen: UnreadableRun, now: datetime) -> RunPlan:
    """A run that uses what only a newer operator knows."""
    message = (
        f"This operator does not understand the run: {'; '.join(seen.problems)[:2000]}."
        " To fix it: upgrade the operator."
    )
    was = {entry.type: entry for entry in seen.status.conditions or []}
    for kind, status in (
        (RunCondition.READY, ConditionStatus.FALSE),
        (RunCondition.STALLED, ConditionStatus.TRUE),
    ):
        said = (kind, status, Reason.OPERATOR_VERSION_UNSUPPORTED, message)
        was[kind] = dated(said, was.get(kind), generation=seen.generation, now=now)
    update = {"observed_generation": seen.generation, "conditions": list(was.values())}
    return RunPlan(seen.status.model_copy(update=update))


# Somebody may restore our rights or a quota at any time, and no event of ours tells of it.
REFUSED_RETRY = timedelta(seconds=30)


def plan_refused_run(seen: RunSeen, refusal: Refusal, now: datetime) -> RunPlan:
    """What follows when the API server refuses what the plan wanted."""
    if refusal.reason in {Reason.OPERATOR_FORBIDDEN, Reason.QUOTA_EXCEEDED}:
        is_quota = refusal.reason is Reason.QUOTA_EXCEEDED
        state = RunState.QUEUED if is_quota else seen.state
        standing = Standing(state, refusal.reason, quoted(refusal.message), seen.status.step)
        status = status_of(
            seen,
            standing,
            now,
            accepted=seen.is_true(RunCondition.ACCEPTED),
            decided=decided_before(seen),
        )
        return RunPlan(status, look_again=REFUSED_RETRY)
    end = decided(refusal.reason, quoted(refusal.message))
    plan = write_the_end(seen, end, seen.next_stage, None, now)
    return replace(plan, events=events_of_run(seen, plan))
