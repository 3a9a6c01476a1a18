"""The chart on a real node: installed, put to work, upgraded under a run, and taken away."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.curation_operator.farm import Farm, a_secret, condition, ours
from tests.e2e.conftest import SCRIPTED_WORKER, SMALL
from tests.support.cluster_fixtures import new_namespace, programs_or_skip
from tests.support.documented_places import s3_places
from tests.support.helm import CHART, Helm, earlier_chart
from tests.support.node_fixtures import REAL, SCRIPTED
from tests.support.servers.session import Servers
from tests.support.storage_places import StoragePlace
from tools.control_plane.cluster import ControlPlane
from tools.demo.data import make_pictures
from tools.dev import PICTURES_OF_A_KIND
from tools.real_node.images import CHECKOUT, ROOT
from tools.real_node.node import RealNode
from tools.real_node.start import running_cluster
from tools.release import archive_of

# A machine that does other things takes long to start programs with torch in them.
PATIENCE_SECONDS = 180

EXAMPLE = ROOT / "examples/first-run/first.yaml"

OPERATOR = "curation-operator:0.1.0"
RELEASE, SYSTEM = "curation", "curation-system"
WHERE = (f"--namespace={SYSTEM}", "--wait", f"--timeout={PATIENCE_SECONDS}s")
ANA = "ana@acme.com"
GATED = {"run": {"wait_for": "gate"}}

VALUES = {
    "jobImage": {"repository": REAL.split(":")[0], "tag": REAL.split(":")[1]},
    "settings": {"job": SMALL.manifest(), "customImagesAllowed": True, "progressSeconds": 2},
    "admissionPolicy": {"imagePrefixes": ["curation-job:"]},
}

STRICT = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": SYSTEM, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
}


@pytest.fixture
def node(
    request: pytest.FixtureRequest, node_programs: dict[str, Path], short_path: Path
) -> Iterator[RealNode]:
    """A node of a cluster that knows nothing of us yet."""
    if request.config.getoption("--cluster"):
        pytest.skip("needs a node of our own; leave out --cluster")
    archives = request.config.getoption("--images")
    folder = short_path / "cluster"
    with running_cluster(folder, node_programs, shares_machine=not archives) as node:
        if archives:
            take_built_images(node, Path(archives))
        else:
            node.add_image(OPERATOR, {"PYTHONPATH": modules("api", "operator")})
            node.add_image(REAL, {})
            node.add_image(SCRIPTED, {"PYTHONPATH": str(SCRIPTED_WORKER)})
        yield node


def take_built_images(node: RealNode, folder: Path) -> None:
    """Those that `make release` has built: there containers have nothing else."""
    for name in (OPERATOR, REAL, SCRIPTED):
        node.take_image(archive_of(name, folder))


def modules(*packages: str) -> str:
    return ":".join(str(CHECKOUT / package) for package in packages)


@pytest.fixture
def cluster(node: RealNode) -> ControlPlane:
    cluster = node.cluster
    cluster.kubectl("apply", "-f", "-", input=json.dumps(STRICT))
    return cluster


@pytest.fixture
def farm(cluster: ControlPlane) -> Farm:
    farm = Farm(new_namespace(cluster), cluster)
    farm.prepare()
    return farm


@pytest.fixture
def helm(pytestconfig: pytest.Config, cluster: ControlPlane) -> Helm:
    return Helm(programs_or_skip(pytestconfig, "helm4")["helm4"], cluster.kubeconfig)


@pytest.mark.covers("R36")
def test_a_release_serves_a_first_run_on_s3_and_changes_under_another(
    node: RealNode,
    cluster: ControlPlane,
    helm: Helm,
    farm: Farm,
    servers: Servers,
    tmp_path: Path,
) -> None:
    helm("install", RELEASE, str(earlier_chart(tmp_path)), *WHERE, values=VALUES)

    first_run_on_s3(farm, node, servers, tmp_path)

    farm.create_datasource("barn")
    farm.wait_for_datasource("ProbeSucceeded", name="barn", seconds=PATIENCE_SECONDS)
    job = {"image": SCRIPTED}
    farm.create_run("through", GATED, datasourceRef={"name": "barn"}, job=job)
    farm.wait_for_state("Running", name="through", seconds=PATIENCE_SECONDS)
    [worker], [operator] = pods(cluster, farm.namespace, "through"), pods(cluster, SYSTEM)
    helm("upgrade", RELEASE, str(CHART), *WHERE, values={**VALUES, "podLabels": {"new": "yes"}})

    [other] = pods(cluster, SYSTEM)
    assert other["metadata"]["uid"] != operator["metadata"]["uid"]
    assert other["status"]["containerStatuses"][0]["restartCount"] == 0
    [same] = pods(cluster, farm.namespace, "through")
    assert same["metadata"]["uid"] == worker["metadata"]["uid"]
    assert same["status"]["containerStatuses"][0]["restartCount"] == 0
    farm.open_gate()
    farm.wait_for_state("Completed", name="through", seconds=PATIENCE_SECONDS)

    helm("uninstall", RELEASE, *WHERE)
    assert pods(cluster, SYSTEM) == []
    kept = {item["metadata"]["name"] for item in farm.objects_of_users()}
    assert kept == {"farm", "barn", "first", "through"}
    assert cluster.kubectl("get", "validatingadmissionpolicies", "-o", "name") == ""
    for namespace in (farm.namespace, SYSTEM):
        cluster.kubectl("delete", "namespace", namespace, f"--timeout={PATIENCE_SECONDS}s")


def first_run_on_s3(farm: Farm, node: RealNode, servers: Servers, folder: Path) -> None:
    """By somebody who may edit the namespace and no more, in buckets with the documented rights."""
    raw, derived = s3_places(servers)
    port = servers.ceph.keys_port
    node.network.let_out(port)
    fill(raw, folder / "pictures")
    before = set(raw.names())
    places = {
        "input": seen_from_pods(raw, node, port, "reader"),
        "lightly": seen_from_pods(derived, node, port, "writer"),
    }
    objects = [
        a_secret("reader", raw.secret),
        a_secret("writer", derived.secret),
        ours("Datasource", "farm", {"type": "IMAGES", **places}),
        yaml.safe_load(EXAMPLE.read_text()),
    ]
    kubectl, where = farm.control_plane.kubectl, f"--namespace={farm.namespace}"
    kubectl("create", "rolebinding", "ana", "--clusterrole=edit", f"--user={ANA}", where)
    kubectl("apply", f"--as={ANA}", where, "-f", "-", input=yaml.safe_dump_all(objects))

    farm.wait_for_datasource("ProbeSucceeded", seconds=PATIENCE_SECONDS)
    status = farm.wait_for_state("Completed", "Failed", "Crashed", seconds=PATIENCE_SECONDS)

    assert condition(status, "Complete")["reason"] == "AllStagesSucceeded", status
    assert status["result"]["selected"] == 20
    rights = farm.datasource()["status"]
    assert rights["input"] == {"canList": True, "canRead": True}
    assert rights["lightly"]["canWrite"] is True
    uid = farm.run()["metadata"]["uid"]
    assert f".lightly/runs/{uid}/report.pdf" in derived.names()
    assert set(raw.names()) == before


def seen_from_pods(place: StoragePlace, node: RealNode, port: int, secret: str) -> Any:
    """The location as a Datasource of this cluster has it."""
    s3 = {**place.location["s3"], "endpointUrl": f"http://{node.network.address}:{port}"}
    return {"s3": s3, "credentials": {"secretRef": {"name": secret}}}


def fill(place: StoragePlace, folder: Path) -> None:
    """The pictures that `make dev` starts with."""
    make_pictures(folder, of_a_kind=PICTURES_OF_A_KIND)
    for path in folder.rglob("*.jpg"):
        place.put(str(path.relative_to(folder)), path.read_bytes())


def pods(cluster: ControlPlane, namespace: str, run: str | None = None) -> list[Any]:
    """The Pods of a run, or all of them."""
    query = f"?labelSelector=curation.dev/run%3D{run}" if run else ""
    items: list[Any] = cluster.api.get(f"/api/v1/namespaces/{namespace}/pods{query}").body["items"]
    return [pod for pod in items if "deletionTimestamp" not in pod["metadata"]]
