"""The CRDs as a user and a cluster see them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
import yaml
from pydantic import Field

from curation_api.model import ApiModel
from tests.curation_api.verdicts import A_DATASOURCE, A_RUN, run
from tools.control_plane.cluster import ControlPlane, KubectlError
from tools.generate.crds import LARGEST_CRD_BYTES, RESOURCES, crd_text
from tools.generate.structural import NotStructural, structural_schema

ROOT = Path(__file__).parents[2]
RUNS = "/apis/curation.dev/v1alpha1/namespaces/{}/curationruns"


def created(control_plane: ControlPlane, namespace: str, changes: dict[str, Any]) -> str:
    """Store a run with these changes; returns its path."""
    answer = control_plane.api.post(RUNS.format(namespace), run("", changes).manifest)
    assert answer.status == 201, answer.body["message"]
    return f"{RUNS.format(namespace)}/farm-50"


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.kind)
def test_the_files_are_what_the_models_say(resource: Any) -> None:
    written = (ROOT / "crds" / resource.file_name).read_text()

    assert written == crd_text(resource)
    assert len(written.encode()) < LARGEST_CRD_BYTES


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.kind)
def test_every_field_says_what_it_is_for(resource: Any) -> None:
    schema = structural_schema(resource.model)

    silent = [path for path, part in fields(schema, "") if not part.get("description")]
    assert silent == []


def fields(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, part in schema.get("properties", {}).items():
        yield f"{path}.{name}", part
        yield from fields(part.get("items", part), f"{path}.{name}")


class OneOfTwoTypes(ApiModel):
    size: bool | float


class KeysThatMustMatch(ApiModel):
    shares: dict[Annotated[str, Field(min_length=1)], float]


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (OneOfTwoTypes, "OneOfTwoTypes.size: a CRD cannot say that a value is one of several"),
        (KeysThatMustMatch, "KeysThatMustMatch.shares: a CRD cannot say 'propertyNames'"),
    ],
)
def test_what_a_crd_cannot_say_is_refused_when_it_is_generated(
    model: type[ApiModel], sentence: str
) -> None:
    with pytest.raises(NotStructural, match=sentence):
        structural_schema(model)


@pytest.mark.usefixtures("crds")
def test_kubectl_explains_a_field(control_plane: ControlPlane) -> None:
    explained = control_plane.kubectl("explain", "crun.spec.selectionConfig.strategies")

    assert "KIND:       CurationRun" in explained
    assert "FIELD: strategies <[]Object>" in explained
    assert "Rules that decide together; their gains are multiplied" in explained
    assert "input\t<Object> -required-" in explained
    assert "What to look at." in explained


@pytest.mark.usefixtures("crds")
@pytest.mark.parametrize("how", [["--server-side"], []], ids=["server-side", "client-side"])
def test_apply_works_and_changes_nothing_the_second_time(
    how: list[str], control_plane: ControlPlane, namespace: str
) -> None:
    manifest = yaml.safe_dump_all([A_DATASOURCE, A_RUN])
    apply = ["apply", *how, f"--namespace={namespace}", "-f", "-"]

    control_plane.kubectl(*apply, input=manifest)
    before = control_plane.api.get(f"{RUNS.format(namespace)}/farm-50").body
    control_plane.kubectl(*apply, input=manifest)
    after = control_plane.api.get(f"{RUNS.format(namespace)}/farm-50").body

    assert after["metadata"]["generation"] == before["metadata"]["generation"] == 1
    assert after["spec"] == before["spec"]


@pytest.mark.usefixtures("crds")
@pytest.mark.parametrize("how", [["--server-side"], []], ids=["server-side", "client-side"])
def test_the_crds_themselves_can_be_applied(how: list[str], control_plane: ControlPlane) -> None:
    force = ["--force-conflicts"] if how else []

    control_plane.kubectl("apply", *how, *force, "--dry-run=server", "-f", str(ROOT / "crds"))


@pytest.mark.usefixtures("crds")
def test_kubectl_get_shows_what_matters(control_plane: ControlPlane, namespace: str) -> None:
    path = created(control_plane, namespace, {"job.queueName": "gpu-queue"})
    status = {
        "state": "Running",
        "step": "EMBEDDING",
        "message": "Embedded 420 of 1 000 samples",
        "progress": {"percent": 42},
        "result": {"selected": 50},
    }
    control_plane.api.patch(f"{path}/status", {"status": status})

    short = control_plane.kubectl("get", "crun", f"--namespace={namespace}").splitlines()
    wide = control_plane.kubectl("get", "crun", "-o", "wide", f"--namespace={namespace}")

    assert short[0].split() == [
        "NAME", "DATASOURCE", "STATE", "STEP", "PROGRESS", "SELECTED", "AGE",
    ]  # fmt: skip
    assert short[1].split()[:6] == ["farm-50", "farm", "Running", "EMBEDDING", "42", "50"]
    assert "gpu-queue" in wide
    assert "Embedded 420 of 1 000 samples" in wide


@pytest.mark.usefixtures("crds")
def test_both_kinds_are_found_by_their_category_and_not_by_all(
    control_plane: ControlPlane, namespace: str
) -> None:
    manifest = yaml.safe_dump_all([A_DATASOURCE, A_RUN])
    control_plane.kubectl("apply", f"--namespace={namespace}", "-f", "-", input=manifest)

    ours = control_plane.kubectl("get", "curation", "-o", "name", f"--namespace={namespace}")
    everything = control_plane.kubectl("get", "all", "-o", "name", f"--namespace={namespace}")

    assert ours.split() == ["curationrun.curation.dev/farm-50", "datasource.curation.dev/farm"]
    assert "curation.dev" not in everything


@pytest.mark.usefixtures("crds")
def test_runs_are_selected_by_their_state(control_plane: ControlPlane, namespace: str) -> None:
    path = created(control_plane, namespace, {})
    control_plane.api.patch(f"{path}/status", {"status": {"state": "Failed"}})

    def names(selector: str) -> str:
        return control_plane.kubectl(
            "get", "crun", "-o", "name", f"--field-selector={selector}", f"--namespace={namespace}"
        )

    assert names("status.state=Failed") == "curationrun.curation.dev/farm-50\n"
    assert names("status.state=Running") == ""
    assert names("spec.datasourceRef.name=farm") == "curationrun.curation.dev/farm-50\n"


@pytest.mark.usefixtures("crds")
def test_the_status_is_not_written_through_the_resource_itself(
    control_plane: ControlPlane, namespace: str
) -> None:
    path = created(control_plane, namespace, {"/status": {"state": "Completed"}})

    control_plane.api.patch(path, {"status": {"state": "Completed"}})

    assert "status" not in control_plane.api.get(path).body


@pytest.mark.usefixtures("crds")
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"datasourceRef": {"name": "barn"}}, "datasourceRef cannot be changed"),
        ({"selectionConfig": {"nSamples": 60}}, "selectionConfig cannot be changed"),
        ({"workerConfig": {"enableTraining": True}}, "workerConfig cannot be changed"),
        ({"lightlyConfig": {"seed": 2}}, "lightlyConfig cannot be changed"),
        ({"priority": "LOW"}, "priority cannot be changed"),
        ({"runsOn": ["gpu"]}, "runsOn cannot be changed"),
        ({"activeDeadlineSeconds": 60}, "activeDeadlineSeconds cannot be changed"),
        ({"job": {"memory": "1Gi"}}, "job.memory cannot be changed"),
        ({"job": {"gpus": None}}, "job.gpus cannot be changed"),
        ({"cancel": False}, "cancel cannot be taken back"),
        ({"attempt": 1}, "attempt can only grow"),
    ],
    ids=str,
)
def test_what_a_run_is_cannot_be_changed(
    change: dict[str, Any], sentence: str, control_plane: ControlPlane, namespace: str
) -> None:
    path = created(control_plane, namespace, {"job": {"gpus": 1}, "cancel": True, "attempt": 2})

    answer = control_plane.api.patch(path, {"spec": change})

    assert answer.status == 422
    assert sentence in answer.body["message"]


@pytest.mark.usefixtures("crds")
@pytest.mark.parametrize(
    "change",
    [{"suspend": True}, {"suspend": False}, {"cancel": True}, {"attempt": 3}],
    ids=str,
)
def test_what_is_done_with_a_run_can_be_changed(
    change: dict[str, Any], control_plane: ControlPlane, namespace: str
) -> None:
    path = created(control_plane, namespace, {"attempt": 2})

    assert control_plane.api.patch(path, {"spec": change}).status == 200


@pytest.mark.usefixtures("crds")
def test_the_queue_can_be_changed_until_the_run_has_started(
    control_plane: ControlPlane, namespace: str
) -> None:
    path = created(control_plane, namespace, {})
    before = control_plane.api.patch(path, {"spec": {"job": {"queueName": "a"}}})
    control_plane.api.patch(f"{path}/status", {"status": {"startTime": "2026-01-01T10:00:00Z"}})

    after = control_plane.api.patch(path, {"spec": {"job": {"queueName": "b"}}})

    assert before.status == 200
    assert after.status == 422
    assert "spec.job.queueName cannot be changed after the run has started" in after.body["message"]


@pytest.mark.usefixtures("crds")
@pytest.mark.parametrize("subresource", ["", "/status"])
def test_a_status_written_beside_opens_no_way_to_change_what_a_run_is(
    subresource: str, control_plane: ControlPlane, namespace: str
) -> None:
    path = created(control_plane, namespace, {})
    control_plane.api.patch(f"{path}/status", {"status": {"message": "first"}})
    both = {"spec": {"priority": "LOW"}, "status": {"message": "second"}}

    control_plane.api.patch(f"{path}{subresource}", both)

    assert control_plane.api.get(path).body["spec"]["priority"] == "MID"


@pytest.mark.usefixtures("crds")
def test_the_type_of_a_datasource_cannot_be_changed_and_its_places_can(
    control_plane: ControlPlane, namespace: str
) -> None:
    path = f"/apis/curation.dev/v1alpha1/namespaces/{namespace}/datasources"
    control_plane.api.post(path, A_DATASOURCE)

    moved = control_plane.api.patch(
        f"{path}/farm", {"spec": {"input": {"s3": {"region": "eu-west-1"}}}}
    )
    turned = control_plane.api.patch(f"{path}/farm", {"spec": {"type": "VIDEOS"}})

    assert moved.status == 200
    assert turned.status == 422
    assert "type cannot be changed" in turned.body["message"]


@pytest.mark.usefixtures("crds")
def test_a_misspelt_key_is_refused_by_kubectl(control_plane: ControlPlane, namespace: str) -> None:
    manifest = run("", {"selectionConfig.nSample": 5}).manifest

    with pytest.raises(KubectlError, match=r'unknown field "spec\.selectionConfig\.nSample"'):
        control_plane.kubectl(
            "create", f"--namespace={namespace}", "-f", "-", input=yaml.safe_dump(manifest)
        )
