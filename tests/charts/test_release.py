"""A release comes, is upgraded, goes back and goes; runs and what they found stay."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.curation_operator.farm import Farm, condition
from tests.support.helm import CHART, Helm, HelmError, earlier_chart
from tools.control_plane.cluster import ControlPlane, KubectlError

RELEASE, SYSTEM = "curation", "curation-system"
CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/curationruns.curation.dev"
GATED = {"run": {"wait_for": "gate"}}


@pytest.fixture
def release(helm: Helm, cluster: ControlPlane) -> Iterator[Helm]:
    """Helm for the cluster, and the service account that the operator is to have."""
    cluster.kubectl("apply", "-f", "-", input=yaml.safe_dump_all(
        [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM}},
            {
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": {"name": RELEASE, "namespace": SYSTEM},
                # The stand-in for a node has no place where a process would look for its token.
                "automountServiceAccountToken": False,
            },
        ]
    ))  # fmt: skip
    release = Helm(helm.program, cluster.kubeconfig)
    yield release
    release("uninstall", RELEASE, f"--namespace={SYSTEM}", "--wait", "--ignore-not-found")


@pytest.fixture
def values(cluster: ControlPlane) -> dict[str, Any]:
    """The operator has the rights of its service account, and no other."""
    kubeconfig = cluster.kubeconfig_for(f"system:serviceaccount:{SYSTEM}:{RELEASE}")
    return {
        "serviceAccount": {"create": False, "name": RELEASE},
        "env": {"CURATION_KUBECONFIG": str(kubeconfig), "CURATION_HTTP_PORT": "0"},
        "settings": {
            "job": {"gpus": 0, "cpu": "100m", "memory": "64Mi"},
            "progressSeconds": 0.5,
            "progressWriteSeconds": 0.2,
        },
    }


def columns(cluster: ControlPlane) -> int:
    [version] = cluster.api.get(CRD).body["spec"]["versions"]
    return len(version["additionalPrinterColumns"])


@pytest.mark.usefixtures("node")
def test_runs_outlive_every_change_of_the_release(
    release: Helm,
    values: dict[str, Any],
    tmp_path: Path,
    farm: Farm,
    cluster: ControlPlane,
) -> None:
    where = (f"--namespace={SYSTEM}", "--wait", "--timeout=60s")
    said = release("install", RELEASE, str(earlier_chart(tmp_path)), *where, values=values)
    assert "kubectl apply" in said
    old = columns(cluster)

    farm.create_datasource()
    farm.create_run("through", script=GATED)
    farm.wait_for_state("Running", name="through")
    [job] = farm.jobs(of="through")
    release("upgrade", RELEASE, str(CHART), *where, values=values)

    assert columns(cluster) == old + 3
    farm.open_gate()
    farm.wait_for_state("Completed", name="through")
    assert farm.jobs(of="through")[0]["metadata"]["uid"] == job["metadata"]["uid"]

    release("rollback", RELEASE, "1", *where)
    assert columns(cluster) == old
    release("upgrade", RELEASE, str(CHART), *where, values=values)
    (farm.folders["results"] / "gate").unlink()
    farm.create_run("left", script=GATED)
    farm.wait_for_state("Running", name="left")
    release("uninstall", RELEASE, *where)

    assert {run["metadata"]["name"] for run in farm.objects_of_users()} == {
        "farm", "left", "through",
    }  # fmt: skip
    farm.open_gate()
    farm.wait(
        lambda: condition(farm.jobs(of="left")[0].get("status", {}), "Complete"),
        "the Job goes on without an operator",
    )
    cluster.kubectl("delete", "namespace", farm.namespace, "--timeout=60s")


@pytest.mark.usefixtures("node")
def test_for_some_namespaces_it_serves_those_and_no_others(
    helm3: Helm, release: Helm, values: dict[str, Any], farm: Farm, cluster: ControlPlane
) -> None:
    if release.program != helm3.program:
        pytest.skip("the same with either Helm")
    other = farm.namespace + "-other"
    cluster.kubectl("create", "namespace", other)
    release(
        "install", RELEASE, str(CHART), f"--namespace={SYSTEM}", "--wait", "--timeout=60s",
        values={**values, "namespaces": [farm.namespace]},
    )  # fmt: skip
    user = f"--as=system:serviceaccount:{SYSTEM}:{RELEASE}"

    farm.create_datasource()
    farm.wait_for_datasource("ProbeSucceeded")

    allowed = cluster.kubectl("auth", "can-i", "create", "jobs", user, "-n", farm.namespace)
    assert allowed.strip() == "yes"
    with pytest.raises(KubectlError):  # It prints `no`, and ends as if something had failed.
        cluster.kubectl("auth", "can-i", "create", "jobs", user, "-n", other)


def test_crds_of_another_release_are_not_taken_over(
    release: Helm, values: dict[str, Any], cluster: ControlPlane
) -> None:
    cluster.kubectl(
        "apply", "--server-side", "--force-conflicts", "-f", str(CHART.parents[1] / "crds")
    )
    cluster.kubectl("annotate", "crd", "curationruns.curation.dev", "--overwrite",
                    "meta.helm.sh/release-name=another")  # fmt: skip

    with pytest.raises(HelmError, match="another"):
        release("install", RELEASE, str(CHART), f"--namespace={SYSTEM}", values=values)

    cluster.kubectl("delete", "crd", "curationruns.curation.dev", "datasources.curation.dev")
