"""What people ask of a run while it works, on a real control plane."""

import pytest

from tests.curation_operator.conftest import Operators
from tests.curation_operator.farm import Farm, condition

# The garbage collector of Kubernetes hears of a new kind up to half a minute after it is there.
COLLECTED_SECONDS = 90

GATED = {"run": {"wait_for": "gate"}}
GATED_SHARDS = {"embed": [{}, {"wait_for": "gate"}]}


def embedding_has_begun(farm: Farm) -> None:
    farm.wait(
        lambda: (
            [line["what"] for line in farm.journal() if line["stage"] == "embed"].count("began")
            == 2
        ),
        "both shards have begun",
    )


@pytest.mark.usefixtures("operator")
def test_suspending_leaves_no_pod_and_keeps_the_shards_that_are_done(farm: Farm) -> None:
    farm.create_datasource()
    farm.create_run(script=GATED_SHARDS, job={"parallelism": 2})
    farm.wait_for_run(
        lambda status: any(
            stage.get("shards", {}).get("succeeded") == 1 for stage in status.get("stages", [])
        ),
        "one of two shards is done",
    )

    farm.change_run(suspend=True)
    suspended = farm.wait_for_state("Suspended")
    working = [pod for pod in farm.pods(of="first") if pod["status"]["phase"] == "Running"]
    farm.open_gate()
    farm.change_run(suspend=False)
    farm.wait_for_state("Completed")

    assert working == []
    assert condition(suspended, "Suspended")["status"] == "True"
    began = [line["shard"] for line in farm.journal() if line["what"] == "began"]
    assert (began.count(0), began.count(1)) == (1, 2)
    assert len(farm.jobs(of="embed")) == 1


@pytest.mark.covers("C39")
@pytest.mark.usefixtures("operator")
def test_cancelling_lets_workers_save_their_work_and_leaves_no_job(farm: Farm) -> None:
    farm.create_datasource()
    farm.create_run(script=GATED_SHARDS, job={"parallelism": 2})
    embedding_has_begun(farm)

    farm.change_run(cancel=True)
    status = farm.wait_for_state("Aborted")
    farm.wait(lambda: not farm.jobs(of="embed"), "its Job is gone")

    assert condition(status, "Ready")["reason"] == "Cancelled"
    assert farm.journal()[-1]["what"] == "stopped"
    assert any("_SUCCESS" in file for file in farm.files())


@pytest.mark.covers("R40")
@pytest.mark.usefixtures("operator")
def test_cancelling_before_the_start_and_after_the_end(farm: Farm) -> None:
    farm.create_run("waiting")
    farm.wait_for_reason("DatasourceNotFound", name="waiting")
    farm.change_run("waiting", cancel=True)
    farm.wait_for_state("Aborted", name="waiting")
    farm.create_datasource()
    farm.create_run("done")
    farm.wait_for_state("Completed", name="done")

    farm.change_run("done", cancel=True)

    farm.wait_for_run(lambda status: status["observedGeneration"] == 2, "it was seen", name="done")
    assert farm.run("done")["status"]["state"] == "Completed"
    assert farm.jobs(of="waiting") == []


@pytest.mark.usefixtures("operator")
def test_another_attempt_goes_on_from_the_stage_that_failed(farm: Farm) -> None:
    too_dark = {"exit": 12, "reason": "DataUnusable", "message": "Too dark.", "times": 1}
    farm.create_datasource()
    farm.create_run(script={"embed": [too_dark, {}]}, job={"parallelism": 2})
    failed = farm.wait_for_state("Failed")

    farm.change_run(attempt=2)
    status = farm.wait_for_state("Completed")

    assert condition(failed, "Ready")["reason"] == "DataUnusable"
    assert status["attempt"] == 2
    stages = [line["stage"] for line in farm.journal() if line["what"] == "began"]
    assert stages.count("prepare") == 1
    assert len(farm.jobs(of="embed-a2")) == 1


@pytest.mark.usefixtures("operator")
def test_a_run_that_works_for_too_long_is_stopped(farm: Farm) -> None:
    farm.create_datasource()
    farm.create_run(script=GATED, activeDeadlineSeconds=1)

    status = farm.wait_for_state("Aborted")

    assert condition(status, "Ready")["reason"] == "DeadlineExceeded"
    assert [pod for pod in farm.pods(of="first-") if pod["status"]["phase"] == "Running"] == []


def test_a_deadline_holds_while_no_operator_is_there(farm: Farm, operators: Operators) -> None:
    with operators():
        farm.create_datasource()
        farm.create_run(script=GATED, activeDeadlineSeconds=4)
        farm.wait(
            lambda: any("activeDeadlineSeconds" in job["spec"] for job in farm.jobs(of="first-")),
            "its Job has the deadline",
        )
    farm.wait(
        lambda: condition(farm.jobs(of="first-")[0]["status"], "Failed"), "Kubernetes ends the Job"
    )

    with operators():
        status = farm.wait_for_state("Aborted")

    assert condition(status, "Ready")["reason"] == "DeadlineExceeded"


@pytest.mark.usefixtures("operator")
def test_a_paused_run_is_left_alone_until_it_is_not(farm: Farm) -> None:
    farm.create_run()
    farm.wait_for_reason("DatasourceNotFound")
    farm.annotate("curationruns", "first", reconcile="disabled")
    farm.wait_for_reason("ReconcilePaused")
    farm.create_datasource()
    farm.wait_for_datasource("ProbeSucceeded")

    assert farm.jobs(of="first-") == []
    farm.annotate("curationruns", "first", reconcile=None)
    farm.wait_for_state("Completed")


@pytest.mark.usefixtures("operator")
def test_what_was_frozen_decides_even_if_the_datasource_changes_meanwhile(farm: Farm) -> None:
    farm.create_datasource()
    farm.create_run(script={"prepare": {"wait_for": "gate"}}, job={"parallelism": 2})
    farm.wait_for_state("Running")

    farm.change_datasource(lightly={"local": {"claimName": "pictures"}})
    farm.open_gate()
    farm.wait_for_state("Completed")

    stages = [line["stage"] for line in farm.journal() if line["what"] == "succeeded"]
    assert stages == ["prepare", "embed", "embed", "select"]


@pytest.mark.usefixtures("operator")
def test_deleting_a_run_ends_its_workers_and_touches_no_file(farm: Farm) -> None:
    farm.create_datasource()
    farm.create_run(script=GATED)
    farm.wait(farm.journal, "a worker has begun")
    before = farm.files()

    farm.delete("curationruns", "first")

    farm.wait(lambda: not farm.jobs(of="first-"), "its Job is collected", seconds=COLLECTED_SECONDS)
    farm.wait(lambda: not farm.pods(of="first-"), "its Pod is gone")
    assert farm.journal()[-1]["what"] == "stopped"
    assert farm.files() == before


@pytest.mark.usefixtures("operator")
def test_a_run_that_is_made_again_under_its_old_name_gets_a_job_of_its_own(farm: Farm) -> None:
    farm.create_datasource()
    farm.create_run(script=GATED)
    farm.wait_for_pod(of="first")

    farm.delete("curationruns", "first")
    farm.create_run()

    status = farm.wait_for_state("Completed")
    assert status["result"]["digest"] == farm.run()["metadata"]["uid"]


@pytest.mark.usefixtures("operator")
def test_deleting_a_datasource_does_not_end_a_run_and_takes_only_its_own_probes_along(
    farm: Farm,
) -> None:
    farm.create_datasource()
    farm.create_run(script=GATED)
    farm.wait_for_pod(of="first")

    farm.delete("datasources", "farm")
    farm.open_gate()

    farm.wait_for_state("Completed")
    farm.wait(
        lambda: not farm.jobs(of="-probe-"), "its probes are collected", seconds=COLLECTED_SECONDS
    )


def test_with_its_operator_gone_a_namespace_can_still_be_deleted(
    farm: Farm, operators: Operators
) -> None:
    with operators():
        farm.create_datasource()
        farm.create_run(script=GATED)
        farm.wait_for_pod(of="first")

    path = f"/api/v1/namespaces/{farm.namespace}"
    farm.api.delete(path)

    farm.wait(lambda: farm.api.get(path).status == 404, "the namespace is gone")
