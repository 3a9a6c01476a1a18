"""A run at work: what its status says, and what holds it back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from curation_api.conditions import ConditionStatus
from curation_api.problems import Reason
from curation_api.states import RunState, Stage, Step
from curation_api.worker_progress import WorkerProgress
from curation_operator.planning.curation_run import plan_curation_run
from curation_operator.planning.jobs import PodSeen, Remark, Suspension
from curation_operator.planning.plan import DeleteJob, LimitJob, RunPlan, Tell
from curation_operator.planning.seen import RunSeen
from tests.curation_operator.builders import (
    NOON,
    SETTINGS,
    a_condition,
    a_live_job,
    a_pending_pod,
    a_pod,
    a_started_run,
    a_workload,
    afterwards,
    an_ended_pod,
    minutes,
    ready,
    said,
)

SPLIT_UP = {"job": {"parallelism": 4}}


def plan(seen: RunSeen) -> RunPlan:
    return plan_curation_run(seen, SETTINGS, NOON)


def at_work(**seen: Any) -> RunSeen:
    return a_started_run(**{"jobs": (a_live_job(),), "pods": (a_pod(),), **seen})


def embedding(processed: int, total: int = 1_000_000, eta: int | None = 300) -> WorkerProgress:
    return WorkerProgress(
        step=Step.EMBEDDING, processed=processed, total=total, eta_seconds=eta, per_second=1910.4
    )


def test_while_its_job_runs_it_leaves_everything_alone() -> None:
    planned = plan(at_work())

    assert planned.actions == ()
    assert planned.status.state is RunState.RUNNING
    assert said(planned, "Running").status is ConditionStatus.TRUE
    assert planned.status.start_time == NOON
    assert planned.look_again == timedelta(seconds=SETTINGS.progress_seconds)


@pytest.mark.covers("R154")
def test_the_status_tells_how_far_it_is_with_numbers() -> None:
    planned = plan(at_work(progress=(embedding(420_000),)))

    assert planned.status.step is Step.EMBEDDING
    assert planned.status.progress is not None
    assert planned.status.progress.percent == 42
    assert planned.status.message == (
        "Embedding: 420 000 of 1 000 000 samples, 1 910/s, about 5 min left."
    )


def test_while_its_worker_does_not_answer_it_is_where_it_was_last() -> None:
    run = at_work(progress=(embedding(420_000),))

    planned = plan(afterwards(run, plan(run), progress=()))

    assert planned.status.step is Step.EMBEDDING
    assert (planned.status.message or "").startswith("Embedding: 420 000")


def test_between_the_end_of_its_last_pod_and_that_of_its_job_it_does_not_fall_back() -> None:
    planned = plan(at_work(pods=(an_ended_pod(),)))

    assert planned.status.state is RunState.RUNNING
    assert planned.status.message == "The work is done; Kubernetes closes the Job."


def test_a_worker_that_starts_over_does_not_set_progress_back() -> None:
    run = at_work(progress=(embedding(420_000),))

    planned = plan(afterwards(run, plan(run), progress=(embedding(1000),)))

    assert planned.status.progress is not None
    assert planned.status.progress.percent == 42


def test_a_worker_that_cannot_be_reached_costs_detail_and_nothing_else() -> None:
    run = at_work(progress=(embedding(420_000),))
    before = plan(run)

    planned = plan(afterwards(run, before, progress=()))

    assert planned.status.state is RunState.RUNNING
    assert planned.actions == ()


def test_shards_are_counted_by_kubernetes_and_refined_by_their_workers() -> None:
    job = a_live_job(Stage.EMBED, shards=4, done_shards=1, active=2)
    run = embed_stage(jobs=(job,), pods=(a_pod(Stage.EMBED),), progress=(embedding(50, 100),))

    planned = plan(run)

    progress, [*_, embed] = planned.status.progress, planned.status.stages or []
    assert progress is not None
    assert (progress.percent, progress.processed, progress.total) == (37, 1, 4)
    assert embed.shards is not None
    assert (embed.shards.succeeded, embed.shards.active, embed.shards.total) == (1, 2, 4)


def embed_stage(**seen: Any) -> RunSeen:
    """A run that is split up, whose files have been listed."""
    run = a_started_run(SPLIT_UP)
    prepared = [
        stage.model_copy(update={"state": RunState.COMPLETED}) for stage in run.status.stages or []
    ]
    status = run.status.model_copy(update={"stages": prepared, "start_time": NOON})
    return replace(run, status=status, **seen)


# -- why nothing runs yet ------------------------------------------------------------------------

ABOUT_POD = Remark(about_uid="pod-1", reason="FailedMount", message="", at=NOON)
ABOUT_JOB = Remark(about_uid="job-run", reason="FailedCreate", message="", at=NOON)


@pytest.mark.parametrize(
    ("pod", "remark", "reason", "words"),
    [
        (
            a_pending_pod(unschedulable="0/3 nodes are available: 3 Insufficient nvidia.com/gpu."),
            None,
            Reason.UNSCHEDULABLE,
            "Insufficient nvidia.com/gpu",
        ),
        (
            a_pending_pod(waiting_reason="ImagePullBackOff", waiting_message="no such image"),
            None,
            Reason.IMAGE_PULL_ERROR,
            "no such image",
        ),
        (
            a_pending_pod(
                waiting_reason="CreateContainerConfigError",
                waiting_message='secret "farm-reader" not found',
            ),
            None,
            Reason.SECRET_MISSING,
            "Secret farm-reader",
        ),
        (
            a_pending_pod(),
            replace(ABOUT_POD, message='MountVolume.SetUp failed: secret "farm-writer" not found'),
            Reason.SECRET_MISSING,
            "Secret farm-writer",
        ),
        (
            a_pending_pod(),
            replace(ABOUT_POD, message="references non-existent secret key: accessKeyId"),
            Reason.SECRET_KEY_MISSING,
            "accessKeyId",
        ),
        (
            a_pending_pod(waiting_reason="CreateContainerError", waiting_message="no space left"),
            None,
            Reason.CONTAINER_CONFIG_ERROR,
            "no space left",
        ),
        (
            None,
            replace(ABOUT_JOB, message='pods "x" is forbidden: exceeded quota: gpus'),
            Reason.QUOTA_EXCEEDED,
            "exceeded quota: gpus",
        ),
        (None, None, Reason.AWAITING_PODS, "on their way"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_keeps_pods_from_running_is_said_in_plain_words(
    pod: PodSeen | None, remark: Remark | None, reason: Reason, words: str
) -> None:
    planned = plan(at_work(pods=(pod,) if pod else (), remarks=(remark,) if remark else ()))

    assert (ready(planned).reason, planned.actions) == (reason, ())
    assert words in ready(planned).message
    assert planned.look_again is not None


def test_a_quota_that_is_used_up_is_a_queue() -> None:
    remark = replace(ABOUT_JOB, message='pods "x" is forbidden: exceeded quota: gpus')

    planned = plan(at_work(pods=(), remarks=(remark,)))

    assert planned.status.state is RunState.QUEUED
    assert said(planned, "Queued").reason == Reason.QUOTA_EXCEEDED


def test_pods_that_the_cluster_never_takes_end_the_run_and_remove_the_job() -> None:
    words = 'pods "x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot'
    run = at_work(
        jobs=(a_live_job(active=0),), pods=(), remarks=(replace(ABOUT_JOB, message=words),)
    )

    decided = plan(run)
    planned = plan(afterwards(run, decided))

    assert (decided.actions, decided.status.state) == ((), RunState.RUNNING)
    assert [type(action) for action in planned.actions] == [DeleteJob]
    assert planned.status.state is RunState.FAILED
    assert ready(planned).reason == Reason.POD_TEMPLATE_REJECTED
    assert "runAsNonRoot" in ready(planned).message


def test_a_worker_that_failed_and_is_started_again_is_mentioned() -> None:
    failed = an_ended_pod(exit_code=75, uid="pod-0")

    planned = plan(at_work(jobs=(a_live_job(active=0, failures=1),), pods=(failed,)))

    assert "start it again" in ready(planned).message
    assert planned.status.last_failure is not None
    assert planned.status.last_failure.exit_code == 75


def test_a_pod_that_does_not_go_is_reported_with_its_node_and_not_forced() -> None:
    stuck = a_pod(gone_by=NOON - minutes(12))

    planned = plan(at_work(pods=(stuck,)))

    assert planned.actions == ()
    assert said(planned, "Stalled").reason == Reason.POD_STUCK_TERMINATING
    assert "node-1" in ready(planned).message


# -- Kueue ---------------------------------------------------------------------------------------

QUEUED = {"job": {"queueName": "gpus"}}


def held(**seen: Any) -> RunSeen:
    job = a_live_job(queue_name="gpus", suspension=Suspension.OF_OTHERS, active=0)
    return a_started_run(QUEUED, **{"jobs": (job,), **seen})


def test_a_job_that_kueue_holds_back_is_queued_and_not_touched() -> None:
    planned = plan(held())

    assert planned.actions == ()
    assert planned.status.state is RunState.QUEUED
    assert ready(planned).reason == Reason.AWAITING_ADMISSION
    assert planned.status.queue is not None
    assert planned.status.queue.local_queue == "gpus"


@pytest.mark.parametrize(
    ("workload", "reason"),
    [
        (a_workload(reason="Preempted", message="for a HIGH run"), Reason.PREEMPTED),
        (a_workload(reason="EvictedDueToPodsReadyTimeout"), Reason.EVICTED),
        (
            a_workload(reason="Inadmissible", message="LocalQueue gpus not found"),
            Reason.NO_LOCAL_QUEUE,
        ),
        (a_workload(reason="Pending", message="insufficient quota"), Reason.AWAITING_ADMISSION),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_why_it_waits_is_what_kueue_says(workload: object, reason: Reason) -> None:
    planned = plan(held(workload=workload))

    assert ready(planned).reason == reason


def test_losing_its_place_again_is_told() -> None:
    run = held()
    waiting = plan(run)

    planned = plan(afterwards(run, waiting, workload=a_workload(reason="Preempted")))

    assert Tell.QUEUE_EVICTED in [event.reason for event in planned.events]


def test_a_job_that_is_held_back_without_a_queue_needs_one() -> None:
    job = a_live_job(suspension=Suspension.OF_OTHERS, active=0)

    planned = plan(a_started_run(jobs=(job,)))

    assert (ready(planned).reason, planned.actions) == (Reason.NO_LOCAL_QUEUE, ())


def test_before_it_has_started_it_can_be_moved_to_another_queue() -> None:
    job = a_live_job(queue_name="elsewhere", suspension=Suspension.OF_OTHERS, active=0)

    planned = plan(a_started_run(QUEUED, jobs=(job,)))

    assert planned.actions == (DeleteJob(job.name, job.uid),)
    again = plan(a_started_run(QUEUED, status=planned.status))
    assert Tell.JOB_DELETED_EXTERNALLY not in [event.reason for event in again.events]


# -- limits --------------------------------------------------------------------------------------


def since(start: float, **spec: Any) -> RunSeen:
    """A run that has worked since so many minutes ago."""
    run = a_started_run(dict(spec))
    running = a_condition("Running", since=NOON - minutes(start))
    status = run.status.model_copy(
        update={"conditions": [running], "state": RunState.RUNNING, "start_time": NOON}
    )
    return replace(run, status=status, jobs=(a_live_job(),), pods=(a_pod(),))


def ending(run: RunSeen) -> RunPlan:
    """What follows when the decision was written and its Pods are gone."""
    decided = plan(run)
    assert decided.status.completion_time is None
    return plan(afterwards(run, decided, jobs=(a_live_job(active=0),), pods=()))


def test_a_run_that_has_worked_for_as_long_as_it_may_is_stopped() -> None:
    planned = ending(since(61, activeDeadlineSeconds=3600))

    assert planned.status.state is RunState.ABORTED
    assert ready(planned).reason == Reason.DEADLINE_EXCEEDED
    assert planned.status.active_seconds == 61 * 60


def test_the_job_itself_has_the_deadline_for_the_time_when_nobody_looks() -> None:
    job = a_live_job(started_at=NOON - minutes(20))  # Pending for ten of them.
    run = replace(since(10, activeDeadlineSeconds=3600), jobs=(job,))

    planned = plan(run)

    assert planned.actions == (LimitJob(job.name, job.uid, 20 * 60 + 50 * 60),)
    known = replace(job, deadline_seconds=20 * 60 + 50 * 60)
    assert plan(replace(run, jobs=(known,))).actions == ()


def test_a_clock_that_jumps_back_ends_nothing() -> None:
    planned = plan(since(-90, activeDeadlineSeconds=3600))

    assert planned.status.state is RunState.RUNNING


def test_workers_that_are_taken_away_too_often_end_the_run() -> None:
    taken = tuple(
        a_pod(uid=f"pod-{n}", phase="Failed", is_running=False, disrupted_at=NOON - minutes(n))
        for n in range(21)
    )
    run = since(1)

    planned = ending(replace(run, pods=(*taken, a_pod(uid="pod-99"))))

    assert planned.status.state is RunState.ABORTED
    assert ready(planned).reason == Reason.DISRUPTION_LIMIT_EXCEEDED


def test_each_disruption_is_counted_once_even_when_its_pod_is_forgotten() -> None:
    taken = a_pod(uid="pod-0", phase="Failed", is_running=False, disrupted_at=NOON - minutes(2))
    run = at_work(pods=(taken, a_pod()))

    first = plan(run)
    again = plan(afterwards(run, first))
    forgotten = plan(afterwards(run, again, pods=(a_pod(),)))
    another = plan(
        afterwards(run, forgotten, pods=(replace(taken, uid="pod-7", disrupted_at=NOON), a_pod()))
    )

    counts = [
        (planned.status.stages or [])[0].disruptions
        for planned in (first, again, forgotten, another)
    ]
    assert counts == [1, 1, 1, 2]
    assert [event.reason for event in another.events] == [Tell.POD_DISRUPTED]


def test_one_worker_out_of_memory_is_tried_again_and_the_second_ends_the_run() -> None:
    killed = [an_ended_pod(uid=f"p{n}", exit_code=137, reason="OOMKilled") for n in (1, 2)]
    run = since(1)

    assert plan(replace(run, pods=(killed[0], a_pod()))).status.state is RunState.RUNNING
    planned = ending(replace(run, pods=(*killed, a_pod())))
    assert planned.status.state is RunState.CRASHED
    assert ready(planned).reason == Reason.OUT_OF_MEMORY
    assert "job.memory" in ready(planned).message
    assert planned.status.last_failure is not None


def test_two_shards_that_run_out_of_memory_once_each_are_both_tried_again() -> None:
    killed = [
        an_ended_pod(Stage.EMBED, uid=f"p{n}", index=n, exit_code=137, reason="OOMKilled")
        for n in (1, 2)
    ]
    job = a_live_job(Stage.EMBED, shards=4)

    planned = plan(embed_stage(jobs=(job,), pods=(*killed, a_pod(Stage.EMBED))))

    assert planned.status.state is RunState.RUNNING


def test_a_pod_that_does_not_start_ends_the_run_after_a_while_with_the_cause() -> None:
    waiting = a_pending_pod(
        waiting_reason="ImagePullBackOff",
        waiting_message="no such image",
        scheduled_at=NOON - minutes(31),
    )

    planned = ending(replace(since(0), pods=(waiting,)))

    assert planned.status.state is RunState.ABORTED
    assert ready(planned).reason == Reason.START_TIMEOUT
    assert "no such image" in ready(planned).message


def test_waiting_for_a_node_has_no_limit_unless_one_is_given() -> None:
    pods = (
        a_pending_pod(unschedulable="no gpus", scheduled_at=None, created_at=NOON - minutes(600)),
    )

    patient = plan(replace(since(0), pods=pods))
    planned = ending(replace(since(0, job={"queueDeadlineSeconds": 60}), pods=pods))

    assert ready(patient).reason == Reason.UNSCHEDULABLE
    assert ready(planned).reason == Reason.QUEUE_TIMEOUT
    assert planned.status.state is RunState.ABORTED


def test_it_looks_again_when_the_next_limit_is_due() -> None:
    planned = plan(since(59.9, activeDeadlineSeconds=3600))

    assert planned.look_again == timedelta(seconds=6)
