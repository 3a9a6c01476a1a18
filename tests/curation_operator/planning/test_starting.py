"""From a run that somebody creates to its first Job, and from one stage to the next."""

from dataclasses import replace
from typing import Any

import pytest

from curation_api.conditions import ConditionStatus
from curation_api.job_options import JobOptions
from curation_api.problems import Reason
from curation_api.states import RunState, Stage
from curation_operator.planning.curation_run import plan_curation_run, plan_refused_run
from curation_operator.planning.plan import (
    CreateConfigMap,
    CreateJob,
    Refusal,
    RunPlan,
    Tell,
    TryJob,
)
from curation_operator.planning.seen import RunSeen, SiblingSeen
from tests.curation_operator.builders import (
    NOON,
    READY_FARM,
    RUN,
    SETTINGS,
    a_condition,
    a_datasource,
    a_live_job,
    a_run,
    a_started_run,
    afterwards,
    frozen_for,
    minutes,
    ready,
    said,
)


def plan(seen: RunSeen) -> RunPlan:
    return plan_curation_run(seen, SETTINGS, NOON)


def kinds(planned: RunPlan) -> list[str]:
    return [type(action).__name__ for action in planned.actions]


def names_of_jobs(planned: RunPlan) -> list[str]:
    return [
        action.manifest["metadata"]["name"]
        for action in planned.actions
        if isinstance(action, CreateJob)
    ]


def test_without_its_datasource_it_waits_and_names_it() -> None:
    planned = plan(a_run(datasource=None))

    assert planned.actions == ()
    assert ready(planned).reason == Reason.DATASOURCE_NOT_FOUND
    assert "'farm'" in ready(planned).message
    assert said(planned, "Accepted").status is ConditionStatus.FALSE


@pytest.mark.covers("R4")
def test_while_the_rights_of_its_datasource_are_not_known_it_waits() -> None:
    unknown = a_datasource(status=READY_FARM.model_copy(update={"conditions": None}))

    planned = plan(a_run(datasource=unknown))

    assert planned.actions == ()
    assert ready(planned).reason == Reason.DATASOURCE_NOT_READY


def test_what_is_wrong_with_the_datasource_is_passed_on() -> None:
    broken = a_condition("Ready", ConditionStatus.FALSE, "AccessDenied", "No access to s3://x.")
    datasource = a_datasource(status=READY_FARM.model_copy(update={"conditions": [broken]}))

    planned = plan(a_run(datasource=datasource))

    assert "No access to s3://x." in ready(planned).message


def test_rights_that_were_found_for_an_earlier_spec_do_not_count() -> None:
    planned = plan(a_run(datasource=a_datasource(generation=2)))

    assert ready(planned).reason == Reason.DATASOURCE_NOT_READY


@pytest.mark.covers("R6")
def test_a_run_that_bypasses_verification_needs_its_datasource_only_to_exist() -> None:
    unknown = a_datasource(status=READY_FARM.model_copy(update={"conditions": None}))

    planned = plan(
        a_run({"workerConfig": {"datasource": {"bypassVerify": True}}}, datasource=unknown)
    )

    assert kinds(planned) == ["CreateConfigMap", "CreateJob"]


@pytest.mark.covers("R1", "C11")
def test_without_a_place_for_raw_files_not_even_such_a_run_starts() -> None:
    planned = plan(
        a_run(
            {"workerConfig": {"datasource": {"bypassVerify": True}}},
            datasource=a_datasource({"input": None}),
        )
    )

    assert planned.actions == ()
    assert ready(planned).reason == Reason.DATASOURCE_NOT_READY


def test_sequences_are_selected_from_videos_only() -> None:
    planned = plan(a_run({"workerConfig": {"selectedSequenceLength": 10}}))

    assert planned.actions == ()
    assert ready(planned).reason == Reason.PURPOSE_MISMATCH


def test_another_image_is_used_only_where_it_is_allowed() -> None:
    run = a_run({"job": {"image": "mine:1"}})
    trusting = SETTINGS.model_copy(update={"custom_images_allowed": True})

    assert ready(plan(run)).reason == Reason.INVALID_REFERENCE
    assert names_of_jobs(plan_curation_run(run, trusting, NOON)) != []


def test_the_image_of_the_operators_own_defaults_is_allowed() -> None:
    settings = SETTINGS.model_copy(update={"job": JobOptions(image="ours:2")})
    run = a_run()

    planned = plan_curation_run(
        replace(run, options=settings.job_options(run.spec.job)), settings, NOON
    )

    assert names_of_jobs(planned) != []


def test_a_run_that_can_start_is_frozen_and_started() -> None:
    planned = plan(a_run())

    assert kinds(planned) == ["CreateConfigMap", "CreateJob"]
    assert names_of_jobs(planned) == ["farm-50-0f1e2d3c-run-a1"]
    assert said(planned, "Accepted").status is ConditionStatus.TRUE
    assert planned.status.plan is not None
    assert planned.status.plan.config_map == "farm-50-0f1e2d3c-a1"
    assert planned.status.state is RunState.PENDING
    assert [event.reason for event in planned.events] == [Tell.PLAN_FROZEN, Tell.JOB_CREATED]


def test_every_later_stage_is_tried_before_the_first_one_works() -> None:
    planned = plan(a_run({"job": {"parallelism": 4}, "workerConfig": {"enableTraining": True}}))

    tried = [action.manifest for action in planned.actions if isinstance(action, TryJob)]
    assert [job["metadata"]["labels"]["curation.dev/stage"] for job in tried] == [
        "train", "embed", "select",
    ]  # fmt: skip
    assert names_of_jobs(planned) == ["farm-50-0f1e2d3c-prepare-a1"]


def test_a_job_that_the_cluster_refuses_ends_the_run_with_its_words() -> None:
    refusal = Refusal(Reason.POD_TEMPLATE_REJECTED, "policy 'no-gpus' denied the request")

    planned = plan_refused_run(a_run(), refusal, NOON)

    assert planned.status.state is RunState.FAILED
    assert said(planned, "Accepted").reason == Reason.POD_TEMPLATE_REJECTED
    assert "no-gpus" in ready(planned).message


def test_a_name_that_somebody_else_took_ends_the_run() -> None:
    planned = plan_refused_run(
        a_run(), Refusal(Reason.NAME_CONFLICT, "Job x belongs to somebody else."), NOON
    )

    assert planned.status.state is RunState.FAILED
    assert ready(planned).reason == Reason.NAME_CONFLICT


def test_a_right_that_the_operator_lacks_stalls_the_run_and_ends_nothing() -> None:
    planned = plan_refused_run(
        a_started_run(jobs=(a_live_job(),)),
        Refusal(Reason.OPERATOR_FORBIDDEN, "cannot create jobs"),
        NOON,
    )

    assert planned.status.state is RunState.PENDING
    assert said(planned, "Stalled").reason == Reason.OPERATOR_FORBIDDEN
    assert planned.look_again is not None


def test_what_was_frozen_decides_even_if_the_datasource_changes() -> None:
    started = a_started_run({"job": {"parallelism": 2}})
    moved = a_datasource({"input": {"local": {"claimName": "other"}}}, generation=2)

    planned = plan(replace(started, datasource=moved))

    volumes = created(planned)["spec"]["template"]["spec"]["volumes"]
    assert {"secret": {"secretName": "farm-reader"}, "name": "curation-secret-input"} in volumes


def test_a_datasource_that_is_deleted_meanwhile_does_not_matter() -> None:
    started = a_started_run({"job": {"parallelism": 2}}, datasource=None)

    assert names_of_jobs(plan(started)) == ["farm-50-0f1e2d3c-prepare-a1"]


def test_a_lost_plan_is_written_again_where_nothing_has_changed() -> None:
    planned = plan(a_started_run(frozen=None))

    assert kinds(planned) == ["CreateConfigMap", "CreateJob"]


def test_a_lost_plan_that_cannot_be_made_again_ends_the_run() -> None:
    moved = a_datasource({"input": {"local": {"claimName": "other"}}})

    planned = plan(a_started_run(frozen=None, datasource=moved))

    assert planned.actions == ()
    assert planned.status.state is RunState.FAILED
    assert ready(planned).reason == Reason.PLAN_LOST


def test_a_plan_that_a_newer_operator_wrote_is_left_alone() -> None:
    planned = plan(a_started_run(frozen=None, frozen_is_readable=False))

    assert planned.actions == ()
    assert said(planned, "Stalled").reason == Reason.OPERATOR_VERSION_UNSUPPORTED


# -- one after another ---------------------------------------------------------------------------


def sibling(name: str, **seen: Any) -> SiblingSeen:
    return replace(SiblingSeen(name=name, created_at=NOON - minutes(3)), **seen)


def test_while_another_run_of_its_datasource_works_it_waits() -> None:
    planned = plan(a_run(siblings=(sibling("earlier", is_at_work=True),)))

    assert kinds(planned) == ["TryJob"]
    assert planned.status.state is RunState.QUEUED
    assert ready(planned).reason == Reason.AWAITING_EARLIER_RUN
    assert "earlier" in ready(planned).message


@pytest.mark.covers("R37", "C24")
@pytest.mark.parametrize(
    ("other", "goes_first"),
    [
        (sibling("older", created_at=NOON - minutes(30)), True),
        (sibling("younger"), False),
        (sibling("urgent", priority=3), True),
        (sibling("unimportant", created_at=NOON - minutes(30), priority=0), False),
        (sibling("older-but-paused", created_at=NOON - minutes(30), stands_back=True), False),
        (sibling("a-twin", created_at=NOON - minutes(5)), True),
        (sibling("z-twin", created_at=NOON - minutes(5)), False),
    ],
    ids=lambda value: value.name if isinstance(value, SiblingSeen) else None,
)
def test_who_waits_goes_by_priority_then_age_then_name(
    *, other: SiblingSeen, goes_first: bool
) -> None:
    planned = plan(a_run(siblings=(other,)))

    assert (planned.status.state is RunState.QUEUED) is goes_first


def test_a_run_that_has_begun_is_not_overtaken_between_its_stages() -> None:
    begun = a_started_run({"job": {"parallelism": 2}})
    begun = replace(
        begun,
        status=begun.status.model_copy(update={"start_time": NOON}),
        siblings=(sibling("urgent", priority=3),),
    )

    assert names_of_jobs(plan(begun)) == ["farm-50-0f1e2d3c-prepare-a1"]


def test_it_was_tried_once_and_is_not_tried_again() -> None:
    waiting = a_run(siblings=(sibling("earlier", is_at_work=True),))
    first = plan(waiting)

    second = plan(afterwards(waiting, first, siblings=()))

    assert kinds(second) == ["CreateConfigMap", "CreateJob"]


# -- what is given back --------------------------------------------------------------------------


def test_older_keys_are_noted() -> None:
    older = {
        "selectionConfig": None,
        "workerConfig": {"method": "coreset", "stoppingCondition": {"nSamples": 5}},
    }

    planned = plan(a_run(older))

    assert any("older style" in note for note in planned.status.notes or [])


def test_a_job_that_somebody_deleted_is_made_again_and_that_is_told() -> None:
    run = a_started_run(jobs=(a_live_job(),))
    seen_at_work = plan(run)

    planned = plan(afterwards(run, seen_at_work, jobs=()))

    assert names_of_jobs(planned) == ["farm-50-0f1e2d3c-run-a1"]
    assert Tell.JOB_DELETED_EXTERNALLY in [event.reason for event in planned.events]


def test_while_a_deleted_job_is_still_going_nothing_is_made() -> None:
    planned = plan(a_started_run(jobs=(a_live_job(is_being_deleted=True),)))

    assert planned.actions == ()
    assert planned.look_again is not None


def test_names_of_jobs_fit_whatever_the_run_is_called() -> None:
    run = a_run({"job": {"parallelism": 2}}, key=replace(RUN, name="a" * 36))
    run = replace(run, spec=run.spec.model_copy(update={"attempt": 99}))

    [name] = names_of_jobs(plan(run))

    assert len(f"{name}-99999") <= 63
    assert name.startswith("a" * 36)


def test_the_next_stage_starts_when_one_is_done() -> None:
    run = a_started_run({"job": {"parallelism": 3}})
    done = [
        stage.model_copy(update={"state": RunState.COMPLETED}) for stage in run.status.stages or []
    ]
    run = replace(run, status=run.status.model_copy(update={"stages": done}))

    planned = plan(run)

    job = created(planned)
    assert run.next_stage is Stage.EMBED
    assert (job["spec"]["completions"], job["spec"]["completionMode"]) == (3, "Indexed")


def test_what_is_frozen_does_not_depend_on_when_one_looks() -> None:
    first, second = plan(a_run()), plan_curation_run(a_run(), SETTINGS, NOON + minutes(9))

    assert [a for a in first.actions if isinstance(a, CreateConfigMap)] == [
        a for a in second.actions if isinstance(a, CreateConfigMap)
    ]
    assert frozen_for(a_run()).notes == []


def created(planned: RunPlan) -> Any:
    [job] = [action.manifest for action in planned.actions if isinstance(action, CreateJob)]
    return job
