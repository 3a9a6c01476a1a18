"""What people ask of a run on its way: suspend, resume, cancel, another attempt, hands off."""

from dataclasses import replace
from typing import Any

import pytest

from curation_api.conditions import ConditionStatus
from curation_api.curation_run import LastFailure, StageStatus
from curation_api.problems import Reason
from curation_api.states import RunState, Stage, Step
from curation_operator.planning.curation_run import plan_curation_run, plan_unreadable_run
from curation_operator.planning.jobs import Suspension
from curation_operator.planning.plan import (
    CreateConfigMap,
    CreateJob,
    DeleteJob,
    ResumeJob,
    RunPlan,
    SuspendJob,
    Tell,
)
from curation_operator.planning.seen import RunSeen, SiblingSeen, UnreadableRun
from tests.curation_operator.builders import (
    NOON,
    RUN,
    SETTINGS,
    a_condition,
    a_failed_job,
    a_live_job,
    a_pod,
    a_run,
    a_started_run,
    a_succeeded_job,
    afterwards,
    an_ended_pod,
    last_words,
    minutes,
    ready,
    said,
)

SUSPEND = {"suspend": True}
CANCEL = {"cancel": True}
JOB = a_live_job()
DRAINED = a_live_job(active=0, suspension=Suspension.OURS)


def plan(seen: RunSeen) -> RunPlan:
    return plan_curation_run(seen, SETTINGS, NOON)


def reasons(planned: RunPlan) -> list[Tell]:
    return [event.reason for event in planned.events]


# -- suspend -------------------------------------------------------------------------------------


def test_suspending_lets_the_workers_save_their_work_first() -> None:
    planned = plan(a_started_run(SUSPEND, jobs=(JOB,), pods=(a_pod(),)))

    assert planned.actions == (SuspendJob(JOB.name, JOB.uid),)
    assert ready(planned).reason == Reason.SUSPENDING
    assert said(planned, "Suspended").status is ConditionStatus.FALSE


def test_a_run_is_suspended_when_its_last_pod_is_gone() -> None:
    leaving = replace(JOB, suspension=Suspension.OURS, active=0, terminating=1)

    still_going = plan(a_started_run(SUSPEND, jobs=(leaving,)))
    planned = plan(a_started_run(SUSPEND, jobs=(DRAINED,)))

    assert (still_going.actions, still_going.status.state) == ((), RunState.RUNNING)
    assert (planned.actions, planned.status.state) == ((), RunState.SUSPENDED)
    assert said(planned, "Suspended").status is ConditionStatus.TRUE
    assert planned.look_again is None
    assert Tell.SUSPENDED in reasons(planned)


def test_a_run_that_is_suspended_before_it_starts_creates_nothing() -> None:
    planned = plan(a_run(SUSPEND))

    assert (planned.actions, planned.status.state) == ((), RunState.SUSPENDED)


def test_work_that_was_finished_while_suspending_counts() -> None:
    done = a_started_run(
        SUSPEND, jobs=(a_succeeded_job(),), pods=(an_ended_pod(message=last_words()),)
    )

    assert plan(done).status.state is RunState.COMPLETED


def test_a_suspended_run_does_not_ask_for_lost_words_again() -> None:
    planned = plan(a_started_run(SUSPEND, jobs=(a_succeeded_job(),)))

    assert (planned.actions, planned.status.state) == ((), RunState.SUSPENDED)


def test_between_stages_a_suspended_run_starts_nothing() -> None:
    run = a_started_run(
        {**SUSPEND, "job": {"parallelism": 2}}, jobs=(a_succeeded_job(Stage.PREPARE),)
    )
    recorded = plan(run)

    planned = plan(afterwards(run, recorded))

    assert (planned.actions, planned.status.state) == ((), RunState.SUSPENDED)


def test_under_kueue_a_job_is_deleted_because_suspending_it_belongs_to_kueue() -> None:
    job = replace(JOB, queue_name="gpus")

    planned = plan(a_started_run({**SUSPEND, "job": {"queueName": "gpus"}}, jobs=(job,)))

    assert planned.actions == (DeleteJob(job.name, job.uid),)


def test_a_run_that_is_resumed_goes_on_with_the_same_job() -> None:
    run = a_started_run(SUSPEND, jobs=(DRAINED,))
    paused = plan(run)

    planned = plan(afterwards(a_started_run(), paused, jobs=(DRAINED,)))

    assert planned.actions == (ResumeJob(DRAINED.name, DRAINED.uid),)
    assert said(planned, "Suspended").reason == Reason.RESUMED
    assert Tell.RESUMED in reasons(planned)


def test_a_resumed_run_waits_while_another_one_of_its_datasource_works() -> None:
    other = SiblingSeen(name="urgent", created_at=NOON, is_at_work=True)

    planned = plan(a_started_run(jobs=(DRAINED,), siblings=(other,)))

    assert planned.actions == ()
    assert ready(planned).reason == Reason.AWAITING_EARLIER_RUN


def test_time_that_it_was_suspended_does_not_count_as_work() -> None:
    run = a_started_run(SUSPEND, jobs=(JOB,), pods=(a_pod(),))
    running = a_condition("Running", since=NOON - minutes(10))
    run = replace(run, status=run.status.model_copy(update={"conditions": [running]}))

    stopping = plan(run)
    much_later = plan_curation_run(
        afterwards(run, stopping, jobs=(DRAINED,), pods=()), SETTINGS, NOON + minutes(500)
    )

    assert stopping.status.active_seconds == 600
    assert much_later.status.active_seconds == 600


# -- cancel --------------------------------------------------------------------------------------


@pytest.mark.covers("R40", "C39")
def test_a_run_that_has_not_started_is_cancelled_at_once() -> None:
    planned = plan(a_run(CANCEL))

    assert planned.actions == ()
    assert (planned.status.state, planned.status.step) == (RunState.ABORTED, Step.ABORTED)
    assert ready(planned).reason == Reason.CANCELLED
    assert said(planned, "Failed").status is ConditionStatus.TRUE
    assert Tell.CANCELLED in reasons(planned)


@pytest.mark.covers("C39")
def test_cancelling_lets_the_workers_save_their_work_then_removes_the_job() -> None:
    run = a_started_run(CANCEL, jobs=(JOB,), pods=(a_pod(),), generation=2)

    first = plan(run)
    planned = plan(afterwards(run, first, jobs=(DRAINED,), pods=()))

    assert first.actions == (SuspendJob(JOB.name, JOB.uid),)
    assert said(first, "Failed").status is ConditionStatus.UNKNOWN
    assert Tell.CANCEL_REQUESTED in reasons(first)
    assert planned.actions == (DeleteJob(JOB.name, JOB.uid),)
    assert planned.status.state is RunState.ABORTED


def test_cancelling_after_the_last_job_has_succeeded_changes_nothing() -> None:
    done = a_started_run(
        CANCEL, jobs=(a_succeeded_job(),), pods=(an_ended_pod(message=last_words()),)
    )

    assert plan(done).status.state is RunState.COMPLETED


def test_cancel_wins_over_suspend() -> None:
    planned = plan(a_started_run({**CANCEL, **SUSPEND}, jobs=(DRAINED,)))

    assert planned.status.state is RunState.ABORTED


def test_a_job_that_is_already_going_is_waited_for() -> None:
    going = replace(JOB, is_being_deleted=True, terminating=1)

    planned = plan(a_started_run(CANCEL, jobs=(going,)))

    assert (planned.actions, planned.status.completion_time) == ((), None)


def test_what_the_stages_had_done_is_part_of_the_record() -> None:
    job = a_live_job(Stage.EMBED, active=0, suspension=Suspension.OURS, shards=4, done_shards=3)
    run = a_started_run({**CANCEL, "job": {"parallelism": 4}}, jobs=(job,))
    prepared = [StageStatus(name=Stage.PREPARE, state=RunState.COMPLETED)]
    run = replace(run, status=run.status.model_copy(update={"stages": prepared}))

    [prepare, embed] = plan(run).status.stages or []

    assert (prepare.state, embed.state) == (RunState.COMPLETED, RunState.ABORTED)
    assert embed.shards is not None
    assert embed.shards.succeeded == 3


# -- another attempt -----------------------------------------------------------------------------


def failed(spec: dict[str, Any], **status: Any) -> RunSeen:
    """A run in three parts that failed in the second one."""
    run = a_started_run({"job": {"parallelism": 2}, **spec}, jobs=(a_failed_job(Stage.EMBED),))
    stages = [
        StageStatus(name=Stage.PREPARE, state=RunState.COMPLETED),
        StageStatus(name=Stage.EMBED, state=RunState.FAILED),
    ]
    update = {"state": RunState.FAILED, "stages": stages, "completion_time": NOON, **status}
    return replace(run, frozen=None, status=run.status.model_copy(update=update))


def test_another_attempt_starts_with_the_first_part_that_has_not_succeeded() -> None:
    planned = plan(failed({"attempt": 2}))

    [create] = [action for action in planned.actions if isinstance(action, CreateJob)]
    assert create.manifest["metadata"]["name"].endswith("-embed-a2")
    assert planned.status.attempt == 2
    assert planned.status.completion_time is None
    assert said(planned, "Failed").status is ConditionStatus.FALSE


def test_another_attempt_sees_the_datasource_as_it_is_now() -> None:
    planned = plan(failed({"attempt": 2}))

    [keep] = [action for action in planned.actions if isinstance(action, CreateConfigMap)]
    assert keep.manifest["metadata"]["name"].endswith("-a2")


def test_another_attempt_avoids_the_node_whose_gpu_failed() -> None:
    failure = LastFailure(reason=Reason.GPU_HARDWARE, message="", node="node-7")

    planned = plan(failed({"attempt": 2}, last_failure=failure))

    [create] = [action for action in planned.actions if isinstance(action, CreateJob)]
    assert "node-7" in str(create.manifest["spec"]["template"]["spec"]["affinity"])


def test_while_an_attempt_is_at_work_the_next_one_has_to_wait_and_that_is_told_once() -> None:
    run = a_started_run({"attempt": 2}, jobs=(JOB,), pods=(a_pod(),), generation=2)

    planned = plan(run)
    again = plan(afterwards(run, planned))

    assert planned.status.attempt == 1
    assert Tell.ATTEMPT_IGNORED in reasons(planned)
    assert again.events == ()


@pytest.mark.parametrize("spec", [{"attempt": 2, "cancel": True}, {"attempt": 1}])
def test_a_cancelled_run_and_one_nobody_asks_for_stay_as_they_are(spec: dict[str, Any]) -> None:
    planned = plan(failed(spec))

    assert planned.status.state is RunState.FAILED


def test_a_completed_run_has_nothing_to_try_again() -> None:
    run = a_started_run({"attempt": 2})
    run = replace(run, status=run.status.model_copy(update={"state": RunState.COMPLETED}))

    assert plan(run).status.state is RunState.COMPLETED


# -- hands off -----------------------------------------------------------------------------------


def test_a_run_that_is_paused_is_left_alone_and_says_so() -> None:
    run = a_started_run(jobs=(JOB,), pods=(a_pod(),))

    planned = plan(replace(run, is_paused=True))

    assert planned.actions == ()
    assert ready(planned).status is ConditionStatus.UNKNOWN
    assert ready(planned).reason == Reason.RECONCILE_PAUSED
    assert said(planned, "Accepted").status is ConditionStatus.TRUE


def test_a_run_of_a_newer_version_is_left_alone_and_says_so() -> None:
    unreadable = UnreadableRun(
        key=RUN, generation=3, problems=("spec.priority: 'UTMOST' is not possible",)
    )

    planned = plan_unreadable_run(unreadable, NOON)

    assert said(planned, "Stalled").reason == Reason.OPERATOR_VERSION_UNSUPPORTED
    assert "UTMOST" in ready(planned).message
