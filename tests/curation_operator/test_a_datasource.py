"""A Datasource on a real control plane: its rights are looked at by a Job, now and again."""

import json
from functools import partial

import pytest

from tests.curation_operator.conftest import Operators
from tests.curation_operator.farm import Farm, condition


def say(farm: Farm, **findings: object) -> None:
    """What the next probes find."""
    (farm.folders["pictures"] / "probe-script.json").write_text(json.dumps(findings))


def denied(right: str) -> dict[str, object]:
    finding = {"granted": False, "reason": "AccessDenied", "message": "No access to the results."}
    return {right: finding}


def was_probed_for(token: str, farm: Farm) -> bool:
    return bool(farm.datasource().get("status", {}).get("probedFor") == token)


@pytest.mark.covers("R4", "R5")
@pytest.mark.usefixtures("operator")
def test_its_rights_are_found_one_by_one(farm: Farm) -> None:
    say(farm, lightly=denied("canOverwrite"))
    farm.create_datasource()

    status = farm.wait_for_datasource("AccessDenied")

    assert status["input"] == {"canList": True, "canRead": True}
    assert status["lightly"] == {
        "canList": True,
        "canRead": True,
        "canWrite": True,
        "canOverwrite": False,
        "errors": {"can_overwrite": "No access to the results."},
    }
    assert condition(status, "LightlyOverwritable")["status"] == "False"
    assert condition(status, "Stalled")["status"] == "True"


@pytest.mark.usefixtures("operator")
def test_when_somebody_asks_for_it_the_rights_are_looked_at_again(farm: Farm) -> None:
    say(farm, lightly=denied("canWrite"))
    farm.create_datasource()
    farm.wait_for_datasource("AccessDenied")

    say(farm)
    farm.annotate("datasources", "farm", reprobe="now-please")

    status = farm.wait_for_datasource("ProbeSucceeded")
    assert status["probedFor"] == "now-please"


@pytest.mark.usefixtures("operator")
def test_a_change_of_its_spec_is_looked_at_and_known_rights_stay_until_then(farm: Farm) -> None:
    farm.create_datasource()
    farm.wait_for_datasource("ProbeSucceeded")

    farm.change_datasource(displayName="Happy animals")

    farm.wait(
        lambda: farm.datasource()["status"]["observedGeneration"] == 2, "the new spec was looked at"
    )
    assert condition(farm.datasource()["status"], "Ready")["status"] == "True"


@pytest.mark.usefixtures("operator")
def test_a_place_that_is_still_empty_is_waited_for(farm: Farm) -> None:
    (farm.folders["pictures"] / "cow.jpg").unlink()
    farm.create_datasource()

    status = farm.wait_for_datasource("EmptyPrefix")

    assert condition(status, "Ready")["status"] == "Unknown"
    assert condition(status, "Stalled")["status"] == "False"


def test_a_probe_that_hangs_is_ended_and_says_so(farm: Farm, operators: Operators) -> None:
    say(farm, hang=True)
    with operators(probe_deadline_seconds=2):
        farm.create_datasource()

        status = farm.wait_for_datasource("ProbeTimeout")

    assert condition(status, "Ready")["status"] == "Unknown"


def test_a_probe_whose_answer_was_not_written_down_is_found_again(
    farm: Farm, operators: Operators
) -> None:
    with operators(worker_image="curation-job:nowhere"):
        farm.create_datasource()
        farm.wait(lambda: farm.jobs(of="-probe-"), "a probe has begun")
    [probe] = farm.jobs(of="-probe-")

    with operators():
        farm.wait_for_datasource("ImagePullError")

    assert [job["metadata"]["uid"] for job in farm.jobs(of="-probe-")] == [probe["metadata"]["uid"]]


@pytest.mark.usefixtures("operator")
def test_probing_often_leaves_no_more_than_one_config_map(farm: Farm) -> None:
    farm.create_datasource()
    for token in ("once", "twice"):
        farm.annotate("datasources", "farm", reprobe=token)
        farm.wait(partial(was_probed_for, token, farm), "it was probed again")

    maps = farm.api.get(f"/api/v1/namespaces/{farm.namespace}/configmaps").body["items"]
    assert len([one for one in maps if "-probe-" in one["metadata"]["name"]]) == 1


def test_an_operator_whose_user_has_no_name_looks_at_them_as_well(
    farm: Farm, operators: Operators, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 65532")

    monkeypatch.setattr("getpass.getuser", nobody)
    with operators():
        farm.create_datasource()
        farm.wait_for_datasource("ProbeSucceeded")
