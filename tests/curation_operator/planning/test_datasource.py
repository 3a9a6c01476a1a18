"""When the rights of a Datasource are looked at, and what is written down about them."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from curation_api.conditions import ConditionStatus
from curation_api.probe_report import Finding, InputFindings, LightlyFindings, ProbeReport
from curation_api.problems import Reason
from curation_operator.planning.datasource import (
    due_at,
    plan_datasource,
    plan_refused_datasource,
)
from curation_operator.planning.job_manifest import probe_digest
from curation_operator.planning.jobs import (
    AnyJob,
    FailedJob,
    LiveJob,
    PodSeen,
    SucceededJob,
    Suspension,
)
from curation_operator.planning.naming import probe_name
from curation_operator.planning.plan import (
    CreateConfigMap,
    CreateJob,
    DatasourcePlan,
    DeleteJob,
    ExpireJob,
    Refusal,
    Tell,
)
from curation_operator.planning.seen import DatasourceSeen
from tests.curation_operator.builders import (
    NOON,
    READY_FARM,
    SETTINGS,
    a_condition,
    a_datasource,
    a_pending_pod,
    an_ended_pod,
    minutes,
    ready,
    said,
)

YES = Finding.yes()
NO = Finding.no(Reason.ACCESS_DENIED, "No access to s3://curated/farm/.")


def report(write: Finding = YES, read: Finding = YES) -> ProbeReport:
    return ProbeReport(
        input=InputFindings(can_list=YES, can_read=read),
        lightly=LightlyFindings(can_list=YES, can_read=YES, can_write=write, can_overwrite=write),
    )


def plan(seen: DatasourceSeen, now: datetime = NOON) -> DatasourcePlan:
    return plan_datasource(seen, SETTINGS, now)


def new_datasource(spec: dict[str, Any] | None = None, **seen: Any) -> DatasourceSeen:
    return a_datasource(spec, status=READY_FARM.model_copy(update=dict.fromkeys(
        ("observed_generation", "probed_at", "conditions"))), **seen)  # fmt: skip


def with_probe(
    seen: DatasourceSeen, job: type[AnyJob], pod: PodSeen | None = None, **more: Any
) -> DatasourceSeen:
    """The same Datasource with its probe, as it would be called for today's question."""
    probe = job(
        name=probe_name(seen.key, seen.uid, probe_digest(seen)),
        uid="probe-1",
        stage="probe",
        created_at=NOON,
        **more,
    )
    pods = (replace(pod, job_uid="probe-1"),) if pod else ()
    return replace(seen, jobs=(probe,), pods=pods)


def answered(seen: DatasourceSeen, answer: ProbeReport, exit_code: int = 0) -> DatasourceSeen:
    pod = an_ended_pod(message=answer.last_words(), exit_code=exit_code)
    job = FailedJob if exit_code else SucceededJob
    return with_probe(seen, job, pod, finished_at=NOON)


def unanswered(seen: DatasourceSeen) -> DatasourceSeen:
    return with_probe(seen, FailedJob, finished_at=NOON, reason="DeadlineExceeded")


def test_a_new_datasource_is_probed_at_once() -> None:
    planned = plan(new_datasource())

    assert [type(action) for action in planned.actions] == [CreateConfigMap, CreateJob]
    assert ready(planned).status is ConditionStatus.UNKNOWN
    assert ready(planned).reason == Reason.PROBE_PENDING


def test_one_that_does_not_say_where_its_files_lie_is_not_probed() -> None:
    location = {"local": {"claimName": "pictures"}, "purpose": "INPUT"}

    planned = plan(new_datasource(spec={"input": location, "lightly": None}))

    assert planned.actions == ()
    assert ready(planned).reason == Reason.LOCATION_MISSING
    assert "Set spec.lightly" in ready(planned).message
    assert planned.status.observed_generation == 1


@pytest.mark.covers("R5")
def test_what_is_found_is_written_down_right_by_right() -> None:
    planned = plan(answered(new_datasource(), report(write=NO), exit_code=11))

    assert said(planned, "InputListable").status is ConditionStatus.TRUE
    assert said(planned, "LightlyWritable").status is ConditionStatus.FALSE
    assert said(planned, "LightlyWritable").reason == Reason.ACCESS_DENIED
    assert planned.status.input is not None
    assert planned.status.input.errors is None
    assert planned.status.lightly is not None
    assert planned.status.lightly.can_write is False
    assert planned.status.lightly.errors == {
        "can_write": NO.message,
        "can_overwrite": NO.message,
    }


def test_a_missing_right_makes_it_not_ready_and_says_it_once() -> None:
    planned = plan(answered(new_datasource(), report(write=NO)))

    assert (ready(planned).status, ready(planned).reason) == (
        ConditionStatus.FALSE,
        Reason.ACCESS_DENIED,
    )
    assert ready(planned).message == NO.message
    assert said(planned, "Stalled").status is ConditionStatus.TRUE
    assert [event.reason for event in planned.events] == [Tell.PROBE_FAILED]


def test_with_every_right_it_is_ready() -> None:
    planned = plan(answered(new_datasource(), report()))

    assert ready(planned).status is ConditionStatus.TRUE
    assert (planned.status.observed_generation, planned.status.probe_serial) == (1, 1)
    assert planned.status.probed_at == NOON
    assert [event.reason for event in planned.events] == [Tell.PROBE_SUCCEEDED]


def test_a_folder_without_files_is_neither_ready_nor_wrong() -> None:
    empty = Finding.not_tried(Reason.EMPTY_PREFIX, "There is nothing in s3://datalake/farm/ yet.")

    planned = plan(answered(new_datasource(), report(read=empty)))

    assert ready(planned).status is ConditionStatus.UNKNOWN
    assert ready(planned).reason == Reason.EMPTY_PREFIX
    assert said(planned, "Stalled").status is ConditionStatus.FALSE


def test_a_probe_may_go_when_its_answer_is_written_down() -> None:
    seen = answered(new_datasource(), report())
    first = plan(seen)

    second = plan(replace(seen, status=first.status))

    assert first.actions == ()
    assert second.actions == (ExpireJob(seen.jobs[0].name, "probe-1", 300),)


def test_an_answer_that_could_not_be_written_is_found_again() -> None:
    seen = answered(new_datasource(), report())

    assert plan(seen).status == plan(seen).status
    assert plan(seen).status.probe_serial == 1


@pytest.mark.parametrize(
    "changed",
    [
        a_datasource(generation=2),
        a_datasource(reprobe="again-please"),
        a_datasource(status=READY_FARM.model_copy(update={"probed_at": None})),
        a_datasource(status=READY_FARM.model_copy(update={"probed_at": NOON - minutes(8 * 60)})),
    ],
    ids=["spec", "annotation", "turned away", "long ago"],
)
def test_it_is_probed_again_when_there_is_a_reason_to(changed: DatasourceSeen) -> None:
    planned = plan(changed)

    assert any(isinstance(action, CreateJob) for action in planned.actions)
    assert ready(planned).status is ConditionStatus.TRUE  # What was known stays until the answer.


def test_otherwise_it_is_left_alone_until_the_next_look_is_due() -> None:
    planned = plan(a_datasource())

    assert planned.actions == ()
    assert planned.look_again is not None
    assert timedelta(hours=4.8) <= planned.look_again <= timedelta(hours=7.2)


def test_datasources_that_were_created_together_are_not_probed_together() -> None:
    dues = [due_at(a_datasource(uid=f"{n:08x}-uid"), SETTINGS) for n in range(100)]

    assert max(dues) - min(dues) > timedelta(hours=2)


def test_a_missing_right_is_looked_at_often_at_first_and_rarely_later() -> None:
    def wait(missing_for: float) -> timedelta:
        broken = a_condition("Ready", ConditionStatus.FALSE, since=NOON - minutes(missing_for))
        status = READY_FARM.model_copy(update={"conditions": [broken]})
        return due_at(a_datasource(status=status), SETTINGS) - NOON

    assert wait(0) == timedelta(seconds=15)
    assert wait(4) == minutes(2)
    assert wait(600) == minutes(10)


def test_one_probe_that_does_not_come_to_an_end_changes_nothing_the_second_one_does() -> None:
    first = plan(unanswered(a_datasource()))
    again = replace(a_datasource(), status=first.status)
    second = plan(unanswered(again))

    assert ready(first).status is ConditionStatus.TRUE
    assert ready(first).reason == Reason.PROBE_TIMEOUT
    assert due_at(again, SETTINGS) == NOON + minutes(1)
    assert ready(second).status is ConditionStatus.UNKNOWN


def test_what_kept_a_new_probe_from_starting_is_said_while_it_waits_and_after() -> None:
    pending = a_pending_pod(waiting_reason="ImagePullBackOff", waiting_message="no such image")
    seen = new_datasource()

    waiting = plan(with_probe(seen, LiveJob, pending))
    over = plan(unanswered(replace(seen, status=waiting.status)))

    assert ready(waiting).reason == Reason.IMAGE_PULL_ERROR
    assert ready(over).reason == Reason.PROBE_TIMEOUT
    assert "no such image" in ready(over).message


def test_a_probe_that_ends_without_an_answer_says_where_to_look() -> None:
    planned = plan(
        with_probe(new_datasource(), FailedJob, an_ended_pod(exit_code=1), finished_at=NOON)
    )

    assert ready(planned).reason == Reason.UNEXPECTED
    assert "log" in ready(planned).message


def test_where_kueue_holds_every_job_the_operator_needs_a_queue_for_probes() -> None:
    planned = plan(with_probe(new_datasource(), LiveJob, suspension=Suspension.OF_OTHERS))

    assert ready(planned).reason == Reason.NO_LOCAL_QUEUE


def test_a_probe_of_an_earlier_spec_is_stopped() -> None:
    outdated = LiveJob(
        name="farm-99999999-probe-00000000", uid="old", stage="probe", created_at=NOON
    )

    planned = plan(new_datasource(jobs=(outdated,)))

    assert planned.actions[0] == DeleteJob(outdated.name, "old")
    assert isinstance(planned.actions[-1], CreateJob)


def test_only_so_many_datasources_are_probed_at_the_same_time() -> None:
    planned = plan(new_datasource(other_probes=SETTINGS.probes_in_flight))

    assert planned.actions == ()
    assert planned.look_again is not None


def test_a_datasource_that_is_paused_is_left_alone() -> None:
    planned = plan(new_datasource(is_paused=True))

    assert planned.actions == ()
    assert ready(planned).reason == Reason.RECONCILE_PAUSED


def test_a_probe_that_the_cluster_refuses_stalls_its_datasource() -> None:
    refusal = Refusal(Reason.POD_TEMPLATE_REJECTED, "policy denied the request")

    planned = plan_refused_datasource(new_datasource(), refusal, NOON)

    assert said(planned, "Stalled").status is ConditionStatus.TRUE
    assert ready(planned).reason == Reason.POD_TEMPLATE_REJECTED
    assert planned.look_again is not None
