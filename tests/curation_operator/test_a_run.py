"""A run from `kubectl apply` to a recorded result, on a real control plane with real processes."""

import pytest

from curation_operator.program import Running
from tests.curation_operator.conftest import Operators
from tests.curation_operator.farm import Farm, condition

GATED = {"run": {"wait_for": "gate", "seconds": 1}}


@pytest.mark.covers("R36", "R155")
@pytest.mark.usefixtures("operator")
def test_a_run_goes_from_apply_to_a_recorded_result(farm: Farm) -> None:
    farm.create_datasource()
    farm.create_run()

    status = farm.wait_for_state("Completed")

    assert status["result"] == {
        "selected": 5,
        "input": 100,
        "tag": "initial-tag",
        "digest": farm.run()["metadata"]["uid"],
    }
    assert condition(status, "Ready")["status"] == "True"
    farm.wait(
        lambda: "ttlSecondsAfterFinished" in farm.jobs(of="first")[0]["spec"],
        "its Job may go, now that its result is written down",
    )
    assert [line["what"] for line in farm.journal()] == ["began", "succeeded"]


@pytest.mark.usefixtures("operator")
def test_a_finished_selection_is_named_at_its_datasource(farm: Farm) -> None:
    farm.create_datasource()
    farm.create_run()
    farm.wait_for_state("Completed")

    status = farm.datasource()["status"]

    assert status["tags"] == [{"name": "initial-tag", "samples": 5, "run": "first"}]
    assert (status["tagCount"], status["samples"]) == (1, 100)


@pytest.mark.usefixtures("operator")
def test_a_run_on_several_workers_goes_stage_by_stage(farm: Farm) -> None:
    farm.create_datasource()
    farm.create_run(job={"parallelism": 3}, workerConfig={"enableTraining": True})

    status = farm.wait_for_state("Completed")

    assert [(stage["name"], stage["state"]) for stage in status["stages"]] == [
        ("prepare", "Completed"),
        ("train", "Completed"),
        ("embed", "Completed"),
        ("select", "Completed"),
    ]
    began = [(line["stage"], line["shard"]) for line in farm.journal() if line["what"] == "began"]
    assert began[:2] == [("prepare", None), ("train", None)]
    assert sorted(began[2:5]) == [("embed", 0), ("embed", 1), ("embed", 2)]
    assert began[5:] == [("select", None)]


@pytest.mark.covers("R154", "R159")
@pytest.mark.usefixtures("operator")
def test_while_it_works_the_status_tells_how_far_it_is(farm: Farm) -> None:
    farm.create_datasource()
    farm.create_run(script=GATED)

    status = farm.wait_for_run(
        lambda status: status.get("progress", {}).get("percent") == 100, "progress is told"
    )
    farm.open_gate()

    assert (status["state"], status["step"]) == ("Running", "EMBEDDING")
    assert status["message"].startswith("Embedding: 100 of 100 samples")
    farm.wait_for_state("Completed")


@pytest.mark.usefixtures("operator")
def test_runs_of_one_datasource_work_one_after_another_the_urgent_one_first(farm: Farm) -> None:
    farm.create_datasource()
    farm.create_run("first", script=GATED)
    farm.wait_for_state("Running")
    farm.create_run("second")
    farm.create_run("urgent", priority="HIGH")
    for name in ("second", "urgent"):
        farm.wait_for_reason("AwaitingEarlierRun", name=name)

    farm.open_gate()

    for name in ("first", "second", "urgent"):
        farm.wait_for_state("Completed", name=name)
    uids = {farm.run(name)["metadata"]["uid"]: name for name in ("first", "second", "urgent")}
    order = [uids[line["uid"]] for line in farm.journal() if line["what"] == "began"]
    assert order == ["first", "urgent", "second"]


@pytest.mark.usefixtures("operator")
def test_a_run_waits_for_its_datasource_and_starts_by_itself(farm: Farm) -> None:
    farm.create_run()
    farm.wait_for_reason("DatasourceNotFound")

    farm.create_datasource()

    farm.wait_for_state("Completed")


@pytest.mark.covers("R39")
@pytest.mark.usefixtures("operator")
def test_runs_of_different_datasources_work_at_the_same_time(farm: Farm) -> None:
    for name in ("farm", "zoo"):
        farm.create_datasource(name)
        farm.create_run(f"of-{name}", script=GATED, datasourceRef={"name": name})

    for name in ("of-farm", "of-zoo"):
        farm.wait_for_state("Running", name=name)
    farm.open_gate()
    for name in ("of-farm", "of-zoo"):
        farm.wait_for_state("Completed", name=name)


def test_what_finishes_while_no_operator_is_there_is_written_down_later(
    farm: Farm, operators: Operators
) -> None:
    with operators():
        farm.create_datasource()
        farm.create_run(script=GATED)
        farm.wait_for_state("Running")
    farm.open_gate()
    farm.wait(lambda: farm.jobs(of="first")[0]["status"].get("succeeded"), "the Job is done")

    with operators():
        status = farm.wait_for_state("Completed")

    assert status["result"]["selected"] == 5
    assert len([line for line in farm.journal() if line["what"] == "began"]) == 1


def test_last_words_that_were_lost_with_their_pod_are_said_again(
    farm: Farm, operators: Operators
) -> None:
    with operators():
        farm.create_datasource()
        farm.create_run(script=GATED)
        farm.wait_for_state("Running")
    farm.open_gate()
    farm.wait(lambda: farm.jobs(of="first")[0]["status"].get("succeeded"), "the Job is done")
    farm.control_plane.kubectl("delete", "pods", "--all", f"--namespace={farm.namespace}")

    with operators():
        status = farm.wait_for_state("Completed")

    assert status["result"]["selected"] == 5
    assert [job["metadata"]["name"][-3:] for job in farm.jobs(of="first")] == ["-a1", "a1r"]


def test_another_operator_takes_over_without_touching_a_running_job(
    farm: Farm, operators: Operators
) -> None:
    with operators():
        farm.create_datasource()
        farm.create_run(script={"embed": {"wait_for": "gate"}}, job={"parallelism": 2})
        farm.wait_for_run(
            lambda status: any(
                stage["name"] == "embed" and stage["state"] == "Running"
                for stage in status.get("stages", [])
            ),
            "embedding",
        )
    [before] = farm.jobs(of="embed")

    with operators(version="9.9.9", worker_image="curation-job:newer"):
        farm.open_gate()
        farm.wait(lambda: farm.jobs(of="select"), "the next stage")
        [after] = farm.jobs(of="embed")

    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    [select] = farm.jobs(of="select")
    assert select["metadata"]["annotations"]["curation.dev/operator-version"] == "9.9.9"


def test_nothing_is_asked_of_the_api_server_while_nothing_happens(
    farm: Farm, operator: Running
) -> None:
    farm.create_datasource()
    farm.create_run(suspend=True)
    farm.wait_for_state("Suspended")

    farm.wait(lambda: operator.queue.next_due() > 3600, "only the next probe is due, in hours")
