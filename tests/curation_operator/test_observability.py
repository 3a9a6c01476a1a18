"""What the person on call sees: events, metrics, health, and nothing of ours on their objects."""

import urllib.request

import pytest

from curation_operator.program import Running
from tests.curation_operator.conftest import Operators, lists_of_runs
from tests.curation_operator.farm import Farm, written_by_the_operator

GATED = {"run": {"wait_for": "gate"}}


def fetched(operator: Running, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{operator.http_port}{path}") as answer:
        return str(answer.read().decode())


@pytest.mark.usefixtures("operator")
def test_events_tell_the_story_of_a_run(farm: Farm) -> None:
    farm.create_datasource()
    farm.create_run()
    farm.wait_for_state("Completed")

    def reasons() -> list[str]:
        events = sorted(farm.events(), key=lambda event: str(event["eventTime"]))
        return [event["reason"] for event in events]

    farm.wait(lambda: "Completed" in reasons(), "its end is told")
    assert reasons()[:2] == ["PlanFrozen", "JobCreated"]
    assert [event["reason"] for event in farm.events("farm")] == ["ProbeSucceeded"]
    [completed] = [event for event in farm.events() if event["reason"] == "Completed"]
    assert completed["note"] == "Selected 5 of 100 samples as initial-tag."
    assert completed["type"] == "Normal"


def test_metrics_tell_how_runs_do_and_forget_those_that_are_gone(
    farm: Farm, operator: Running
) -> None:
    farm.create_datasource()
    farm.create_run()
    farm.wait_for_state("Completed")
    here = f'namespace="{farm.namespace}"'

    said = fetched(operator, "/metrics")
    assert f'curation_runs{{{here},state="Completed"}} 1.0' in said
    assert f'curation_datasource_ready{{name="farm",{here},type="IMAGES"}} 1.0' in said
    assert f'curation_run_finished_total{{{here},outcome="Completed",' in said
    assert 'curation_operator_api_requests_total{code="200",resource="curationruns"' in said

    farm.delete("curationruns", "first")
    farm.delete("datasources", "farm")
    farm.wait(lambda: here not in gauges(fetched(operator, "/metrics")), "they are forgotten")


def gauges(metrics: str) -> str:
    names = ("curation_runs{", "curation_datasource_ready{")
    return "\n".join(line for line in metrics.splitlines() if line.startswith(names))


def test_an_operator_that_has_listed_everything_is_alive_and_ready(operator: Running) -> None:
    assert fetched(operator, "/livez") == "ok\n"
    assert fetched(operator, "/readyz") == "ok\n"


def test_a_look_that_sees_nothing_new_writes_nothing(farm: Farm, operator: Running) -> None:
    farm.create_datasource()
    farm.create_run(script=GATED)
    farm.wait_for_run(
        lambda status: status.get("progress", {}).get("percent") == 100, "nothing changes any more"
    )
    written, looks = farm.run()["metadata"]["resourceVersion"], looks_at_runs(operator)

    farm.wait(lambda: looks_at_runs(operator) > looks + 3, "it is looked at again and again")

    assert farm.run()["metadata"]["resourceVersion"] == written
    farm.open_gate()
    farm.wait_for_state("Completed")


def test_what_the_operator_has_written_is_no_reason_to_look_again(
    farm: Farm, operator: Running
) -> None:
    farm.create_run()
    farm.wait_for_run(lambda status: "state" in status, "it waits for its Datasource")
    looks = looks_at_runs(operator)

    farm.create_run("second")
    farm.wait_for_run(lambda status: "state" in status, "so does this one", name="second")

    assert looks_at_runs(operator) <= looks + 1


def test_runs_are_not_listed_whenever_one_of_them_starts_or_ends(
    farm: Farm, operator: Running
) -> None:
    farm.create_datasource()
    lists = lists_of_runs(operator.metrics)

    for name in ("first", "second"):
        farm.create_run(name)
        farm.wait_for_state("Completed", name=name)

    assert lists_of_runs(operator.metrics) == lists


def looks_at_runs(operator: Running) -> float:
    labels = {"kind": "CurationRun", "result": "ok"}
    name = "curation_operator_reconcile_total"
    return operator.metrics.registry.get_sample_value(name, labels) or 0


def test_nothing_of_a_users_object_is_written_but_its_status(
    farm: Farm, operators: Operators
) -> None:
    with operators():
        farm.create_datasource()
        farm.create_run("good", job={"parallelism": 2})
        farm.wait_for_state("Completed", name="good")
        farm.create_run("bad", script={"run": {"exit": 12}})
        farm.wait_for_state("Failed", name="bad")
        farm.create_run("unwanted", script=GATED)
        farm.wait_for_state("Running", name="unwanted")
        farm.change_run("unwanted", cancel=True)
        farm.wait_for_state("Aborted", name="unwanted")

    for item in farm.objects_of_users():
        assert "annotations" not in item["metadata"]
        assert "labels" not in item["metadata"]
        assert written_by_the_operator(item) == {"f:status"}
