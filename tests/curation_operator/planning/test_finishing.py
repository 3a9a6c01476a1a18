"""How runs end: with a result, with an error of the worker, or without a word."""

from dataclasses import replace
from typing import Any

import pytest

from curation_api import RunReport
from curation_api.conditions import ConditionStatus
from curation_api.curation_run import Shards, StageStatus
from curation_api.datasource import TagSummary
from curation_api.problems import ExitCode, Reason
from curation_api.states import RunState, Stage, Step
from curation_operator.planning.curation_run import plan_curation_run
from curation_operator.planning.plan import (
    AT_ONCE,
    CreateJob,
    DeleteJob,
    ExpireJob,
    RunPlan,
    Tell,
    UpdateDatasource,
)
from curation_operator.planning.seen import RunSeen
from tests.curation_operator.builders import (
    NOON,
    READY_FARM,
    SETTINGS,
    a_datasource,
    a_failed_job,
    a_live_job,
    a_started_run,
    a_succeeded_job,
    afterwards,
    an_ended_pod,
    last_words,
    ready,
    said,
    words_of_a_problem,
)


def plan(seen: RunSeen) -> RunPlan:
    return plan_curation_run(seen, SETTINGS, NOON)


def succeeded(**seen: Any) -> RunSeen:
    usual = {"jobs": (a_succeeded_job(),), "pods": (an_ended_pod(message=last_words()),)}
    return a_started_run(**{**usual, **seen})


def split_up(*done: Stage, **seen: Any) -> RunSeen:
    run = a_started_run({"job": {"parallelism": 4}})
    stages = [StageStatus(name=stage, state=RunState.COMPLETED) for stage in done]
    return replace(run, status=run.status.model_copy(update={"stages": stages}), **seen)


@pytest.mark.covers("R155")
def test_the_last_words_of_the_worker_are_the_result() -> None:
    planned = plan(succeeded())

    assert planned.status.state is RunState.COMPLETED
    assert planned.status.step is Step.COMPLETED
    assert planned.status.result is not None
    assert (planned.status.result.selected, planned.status.result.tag) == (50, "initial-tag")
    assert planned.status.message == "Selected 50 of 12 034 samples as initial-tag."
    assert ready(planned).status is ConditionStatus.TRUE
    assert said(planned, "Complete").reason == Reason.ALL_STAGES_SUCCEEDED
    assert said(planned, "Stalled").status is ConditionStatus.FALSE
    assert Tell.COMPLETED in [event.reason for event in planned.events]


def test_a_job_may_go_only_after_its_result_has_been_written_down() -> None:
    run = succeeded()
    first = plan(run)

    second = plan(afterwards(run, first))

    assert not any(isinstance(action, ExpireJob) for action in first.actions)
    assert first.look_again == AT_ONCE
    job = run.jobs[0]
    assert second.actions == (ExpireJob(job.name, job.uid, 86_400),)
    expiring = replace(a_succeeded_job(), expires=True)
    assert plan(afterwards(run, second, jobs=(expiring,))).actions == ()


def test_the_new_tag_is_named_at_the_datasource_once() -> None:
    run = succeeded()
    [update] = plan(run).actions

    assert isinstance(update, UpdateDatasource)
    assert update.resource_version == "7"
    assert update.status.tags == [TagSummary(name="initial-tag", samples=50, run="farm-50")]
    assert (update.status.tag_count, update.status.samples) == (1, 12034)
    known = replace(run, datasource=a_datasource(status=update.status))
    assert plan(known).actions == ()


def test_only_the_newest_tags_are_listed_and_all_are_counted() -> None:
    tags = [TagSummary(name=f"tag-{n}", samples=1, run=f"run-{n}") for n in range(32)]
    full = READY_FARM.model_copy(update={"tags": tags, "tag_count": 40})

    [update] = plan(succeeded(datasource=a_datasource(status=full))).actions

    assert isinstance(update, UpdateDatasource)
    assert [tag.name for tag in update.status.tags or []] == [
        "initial-tag", *(f"tag-{n}" for n in range(31)),
    ]  # fmt: skip
    assert update.status.tag_count == 41


def test_when_the_last_words_are_lost_the_job_is_repeated_to_say_them_again() -> None:
    planned = plan(succeeded(pods=()))

    [repeat] = planned.actions
    assert isinstance(repeat, CreateJob)
    assert repeat.manifest["metadata"]["name"] == "farm-50-0f1e2d3c-run-a1r"
    assert not (planned.status.state or RunState.PENDING).is_final


def test_a_repeat_is_followed_like_any_job_and_its_words_are_the_result() -> None:
    first = a_succeeded_job()
    repeat = a_live_job(uid="again", is_repeat=True)
    said_again = an_ended_pod(message=last_words(), job_uid="again")

    at_work = plan(succeeded(jobs=(first, repeat), pods=()))
    done = replace(a_succeeded_job(), uid="again", is_repeat=True)
    planned = plan(succeeded(jobs=(first, done), pods=(said_again,)))

    assert at_work.actions == ()
    assert planned.status.result is not None


def test_a_result_that_is_lost_twice_is_still_a_success() -> None:
    done = replace(a_succeeded_job(), uid="again", is_repeat=True)

    planned = plan(succeeded(jobs=(a_succeeded_job(), done), pods=()))

    assert planned.status.state is RunState.COMPLETED
    assert planned.status.result is None
    assert planned.actions == ()


def test_a_stage_that_is_done_is_written_down_before_the_next_one_starts() -> None:
    run = split_up(jobs=(a_succeeded_job(Stage.PREPARE),))

    planned = plan(run)

    assert planned.actions == ()
    assert ready(planned).reason == Reason.BETWEEN_STAGES
    assert planned.look_again == AT_ONCE
    [create] = plan(afterwards(run, planned)).actions
    assert isinstance(create, CreateJob)
    assert create.manifest["metadata"]["name"].endswith("-embed-a1")


# -- failures ------------------------------------------------------------------------------------


def failed(message: str = "", exit_code: int = 1, reason: str = "", **job: Any) -> RunSeen:
    pod = an_ended_pod(exit_code=exit_code, message=message, reason=reason)
    return a_started_run(jobs=(a_failed_job(**job),), pods=(pod,))


@pytest.mark.covers("C37")
def test_what_the_worker_says_is_passed_on_word_by_word() -> None:
    words = words_of_a_problem(
        Reason.NO_SAMPLES_FOUND,
        ExitCode.DATA_UNUSABLE,
        "No image found in s3://datalake/farm/ among 12 files.",
        "Point spec.input of Datasource 'farm' at a folder that has images",
    )

    planned = plan(failed(words, ExitCode.DATA_UNUSABLE, reason="Error"))

    assert (planned.status.state, planned.status.step) == (RunState.FAILED, Step.FAILED)
    assert ready(planned).reason == Reason.NO_SAMPLES_FOUND
    assert ready(planned).message == (
        "No image found in s3://datalake/farm/ among 12 files. To fix it: Point spec.input of"
        " Datasource 'farm' at a folder that has images."
    )
    assert planned.status.last_failure is not None
    assert planned.status.last_failure.retryable is False
    assert said(planned, "Failed").status is ConditionStatus.TRUE
    assert said(planned, "Stalled").status is ConditionStatus.TRUE


@pytest.mark.parametrize(
    ("exit_code", "reason"),
    [
        (10, Reason.INVALID_CONFIG),
        (11, Reason.DATASOURCE_ACCESS_DENIED),
        (12, Reason.DATA_UNUSABLE),
        (13, Reason.MODEL_MISSING),
        (14, Reason.POISON_SHARD),
        (20, Reason.GPU_HARDWARE),
        (75, Reason.UNREACHABLE),
        (143, Reason.STOPPED),
    ],
)
@pytest.mark.parametrize("words", ["", '{"version":1,"stage":"run","ok":fal', "\x00\x1b[31mno"])
def test_without_readable_words_the_exit_code_says_why(
    exit_code: int, reason: Reason, words: str
) -> None:
    planned = plan(failed(words, exit_code))

    assert planned.status.state is RunState.FAILED
    assert ready(planned).reason == reason
    assert "\x1b" not in ready(planned).message


@pytest.mark.covers("R158")
@pytest.mark.parametrize(
    ("exit_code", "named"),
    [(1, "exit code 1"), (139, "SIGSEGV"), (137, "SIGKILL"), (3, "exit code 3")],
)
def test_a_worker_that_dies_without_a_word_has_crashed(exit_code: int, named: str) -> None:
    planned = plan(failed("Traceback: ZeroDivisionError", exit_code))

    assert (planned.status.state, planned.status.step) == (RunState.CRASHED, Step.CRASHED)
    assert ready(planned).reason == Reason.BACKOFF_LIMIT_EXCEEDED
    assert named in ready(planned).message
    assert "ZeroDivisionError" in ready(planned).message


@pytest.mark.covers("C37")
def test_a_worker_that_the_kernel_killed_for_memory_has_crashed_with_advice() -> None:
    planned = plan(failed(exit_code=137, reason="OOMKilled"))

    assert planned.status.state is RunState.CRASHED
    assert ready(planned).reason == Reason.OUT_OF_MEMORY
    assert "loader.batchSize" in ready(planned).message


@pytest.mark.parametrize("exit_code", [143, 137])
def test_a_worker_that_its_node_has_ended_crashed_for_the_reason_that_the_node_gives(
    exit_code: int,
) -> None:
    full = 'Evicted: Usage of EmptyDir volume "scratch" exceeds the limit "1Mi".'

    pod = an_ended_pod(exit_code=exit_code, message="Told to stop.", disruption=f"{full} ")
    planned = plan(a_started_run(jobs=(a_failed_job(),), pods=(pod,)))

    assert planned.status.state is RunState.CRASHED
    assert ready(planned).reason == Reason.BACKOFF_LIMIT_EXCEEDED
    assert ready(planned).message.endswith(f"was ended by its node: {full}")


def test_when_its_pods_are_gone_the_job_itself_says_what_the_exit_code_was() -> None:
    job = a_failed_job(
        reason="PodFailurePolicy",
        message="Container worker for pod x failed with exit code 11 matching FailJob rule",
    )

    planned = plan(a_started_run(jobs=(job,)))

    assert ready(planned).reason == Reason.DATASOURCE_ACCESS_DENIED


def test_after_access_was_denied_the_rights_are_looked_at_again() -> None:
    [update] = plan(failed(exit_code=11)).actions

    assert isinstance(update, UpdateDatasource)
    assert update.status.probed_at is None
    assert update.status.conditions == READY_FARM.conditions


def test_a_configuration_that_the_worker_refuses_was_not_accepted() -> None:
    planned = plan(failed(exit_code=10))

    assert said(planned, "Accepted").reason == Reason.INVALID_CONFIG


def test_the_deadline_of_the_job_acts_while_no_operator_looks() -> None:
    planned = plan(a_started_run(jobs=(a_failed_job(reason="DeadlineExceeded"),)))

    assert planned.status.state is RunState.ABORTED
    assert ready(planned).reason == Reason.DEADLINE_EXCEEDED


def test_the_newest_failure_counts() -> None:
    old = an_ended_pod(exit_code=75, uid="old")
    assert old.ended is not None
    new = replace(
        an_ended_pod(exit_code=12, uid="new"),
        ended=replace(old.ended, exit_code=12, at=NOON.replace(hour=13)),
    )

    planned = plan(a_started_run(jobs=(a_failed_job(),), pods=(new, old)))

    assert ready(planned).reason == Reason.DATA_UNUSABLE


# -- shards --------------------------------------------------------------------------------------


def embed_failed(indexes: str, percent: int = 0, shards: int = 4, **job: Any) -> RunSeen:
    failed_job = a_failed_job(
        Stage.EMBED,
        **{"reason": "FailedIndexes", "failed_shards": indexes, "shards": shards, **job},
    )
    pod = an_ended_pod(Stage.EMBED, exit_code=14, index=1)
    run = split_up(Stage.PREPARE, jobs=(failed_job,), pods=(pod,))
    options = run.options.model_copy(update={"max_failed_shards_percent": percent})
    return replace(run, options=options)


def test_a_few_failed_shards_are_tolerated_where_that_was_asked_for() -> None:
    run = embed_failed("1", percent=25)

    planned = plan(run)

    [*_, embed] = planned.status.stages or []
    assert (embed.name, embed.state) == (Stage.EMBED, RunState.COMPLETED)
    assert embed.shards == Shards(total=4, failed=1, failed_indexes="1")


def test_a_run_that_went_on_without_some_shards_says_so_at_the_end() -> None:
    run = split_up(
        Stage.PREPARE,
        jobs=(a_succeeded_job(Stage.SELECT),),
        pods=(an_ended_pod(Stage.SELECT, message=last_words(Stage.SELECT)),),
    )
    skipped = StageStatus(
        name=Stage.EMBED, state=RunState.COMPLETED, shards=Shards(total=4, failed=1)
    )
    stages = [*(run.status.stages or []), skipped]
    run = replace(run, status=run.status.model_copy(update={"stages": stages}))

    assert said(plan(run), "Complete").reason == Reason.SUCCEEDED_WITH_SKIPPED_SHARDS


@pytest.mark.parametrize(("indexes", "percent"), [("1", 0), ("0-1", 25), ("0-3", 100)])
def test_too_many_failed_shards_end_the_run(indexes: str, percent: int) -> None:
    planned = plan(embed_failed(indexes, percent))

    assert planned.status.state is RunState.FAILED
    assert ready(planned).reason == Reason.TOO_MANY_FAILED_SHARDS
    assert "maxFailedShardsPercent" in ready(planned).message


def test_a_failure_that_hits_every_shard_is_reported_as_such() -> None:
    run = embed_failed("1", reason="PodFailurePolicy")
    run = replace(run, pods=(an_ended_pod(Stage.EMBED, exit_code=11, index=1),))

    assert ready(plan(run)).reason == Reason.DATASOURCE_ACCESS_DENIED


def test_ten_thousand_failed_shards_fit_into_a_status() -> None:
    indexes = ",".join(str(index) for index in range(0, 20_000, 2))

    planned = plan(embed_failed(indexes, shards=20_000))

    assert len(planned.status.model_dump_json(by_alias=True)) < 16 * 1024


# -- after the end -------------------------------------------------------------------------------


def finished(state: RunState, spec: dict[str, Any] | None = None, **seen: Any) -> RunSeen:
    run = a_started_run(spec, **{"jobs": (a_failed_job(),), **seen})
    stages = [StageStatus(name=Stage.ALL, state=state)]
    return replace(run, status=run.status.model_copy(update={"state": state, "stages": stages}))


@pytest.mark.parametrize("state", [state for state in RunState if state.is_final])
def test_a_finished_run_stays_finished_whatever_is_changed(state: RunState) -> None:
    run = finished(state, {"suspend": True, "cancel": True}, generation=5)

    planned = plan(run)

    assert planned.status == run.status.model_copy(update={"observed_generation": 5})


def test_nothing_goes_on_working_for_a_finished_run() -> None:
    job = a_live_job()

    assert plan(finished(RunState.ABORTED, jobs=(job,))).actions == (DeleteJob(job.name, job.uid),)


def test_a_status_fits_with_its_report_cut_off() -> None:
    garbled = last_words()[:-20]
    assert RunReport.from_last_words(garbled) is None

    planned = plan(succeeded(pods=(an_ended_pod(message=garbled),)))

    assert [type(action) for action in planned.actions] == [CreateJob]
