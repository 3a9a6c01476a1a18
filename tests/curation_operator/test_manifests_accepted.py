"""Our Jobs, as they are written, before a real API server with the strictest Pod Security level."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from curation_api.job_options import JobOptions
from curation_api.states import Stage
from curation_operator.planning.job_manifest import job_manifest, probe_manifest
from tests.curation_operator.builders import SETTINGS, a_datasource, a_run, frozen_for
from tests.support.cluster_fixtures import new_namespace
from tools.control_plane.cluster import ControlPlane

GOLDEN = Path(__file__).parent / "golden"
EVERYTHING = {
    "gpus": 2, "parallelism": 8, "cpu": "500m", "memory": "32Gi", "shmSize": "2Gi",
    "queueName": "gpus", "nodeSelector": {"pool": "gpu"},
    "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
    "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
        {"weight": 5, "preference": {"matchExpressions": [{"key": "zone", "operator": "Exists"}]}},
    ]}},
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}
    ],
    "priorityClassName": "system-cluster-critical", "serviceAccountName": "default",
    "imagePullSecrets": ["registry"], "podLabels": {"team": "barn"},
    "podAnnotations": {"example.com/note": "moo"},
    "env": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
    "volumes": [
        {"name": "weights", "mountPath": "/models", "persistentVolumeClaim": {"claimName": "w"}},
        {"name": "scratch", "mountPath": "/scratch", "readOnly": False,
         "emptyDir": {"sizeLimit": "10Gi"}},
    ],
    "maxFailedShardsPercent": 10,
}  # fmt: skip


def manifests() -> dict[str, Any]:
    """What the golden files hold, by their names."""
    simple = a_run({"job": {"gpus": 0}})
    rich = a_run({"runsOn": ["a100"], "job": EVERYTHING})
    local = {"input": {"local": {"claimName": "raw.data"}}, "lightly": None}
    return {
        "run": job_manifest(simple, Stage.ALL, frozen_for(simple), SETTINGS),
        "prepare": job_manifest(rich, Stage.PREPARE, frozen_for(rich), SETTINGS),
        "embed": job_manifest(rich, Stage.EMBED, frozen_for(rich), SETTINGS),
        "select": job_manifest(rich, Stage.SELECT, frozen_for(rich), SETTINGS),
        "probe": probe_manifest(a_datasource(), SETTINGS),
        "probe-of-a-volume": probe_manifest(
            a_datasource(local), SETTINGS.model_copy(update={"job": JobOptions(gpus=1)})
        ),
    }


NAMES = sorted(manifests())


@pytest.mark.parametrize("name", NAMES)
def test_a_manifest_is_as_it_was_reviewed(name: str) -> None:
    """To accept a change: write what `manifests()` gives to the file, and review the difference."""
    written = yaml.safe_load((GOLDEN / f"{name}.yaml").read_text())

    assert plain(manifests()[name]) == written


def plain(manifest: Any) -> Any:
    return yaml.safe_load(yaml.safe_dump(manifest_without_enums(manifest)))


def manifest_without_enums(value: Any) -> Any:
    match value:
        case dict():
            return {str(key): manifest_without_enums(entry) for key, entry in value.items()}
        case list() | tuple():
            return [manifest_without_enums(entry) for entry in value]
        case str():
            return str(value)
        case _:
            return value


@pytest.fixture(scope="module")
def restricted_namespace(control_plane: ControlPlane) -> str:
    name = new_namespace(control_plane)
    modes = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    control_plane.api.patch(f"/api/v1/namespaces/{name}", {"metadata": {"labels": modes}})
    return name


@pytest.mark.parametrize("name", NAMES)
def test_the_api_server_takes_the_job_and_its_pods_without_a_warning(
    name: str, control_plane: ControlPlane, restricted_namespace: str
) -> None:
    job = manifests()[name]
    job["metadata"]["namespace"] = restricted_namespace
    template = job["spec"]["template"]
    pod = {"metadata": {"generateName": "x-", **template["metadata"]}, "spec": template["spec"]}

    taken = control_plane.api.post(
        f"/apis/batch/v1/namespaces/{restricted_namespace}/jobs?dryRun=All", job
    )
    admitted = control_plane.api.post(
        f"/api/v1/namespaces/{restricted_namespace}/pods?dryRun=All", pod
    )

    assert (taken.status, taken.warnings) == (201, []), taken.body
    assert (admitted.status, admitted.warnings) == (201, []), admitted.body
