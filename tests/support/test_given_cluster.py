"""Tests reach a cluster that somebody gives them by its kubeconfig and nothing else."""

from pathlib import Path

from tests.support.cluster_fixtures import new_namespace
from tests.support.given_cluster import given_cluster
from tools.control_plane.cluster import ControlPlane


def test_it_is_reached_by_kubectl_and_by_its_api(
    control_plane: ControlPlane, control_plane_programs: dict[str, Path], tmp_path: Path
) -> None:
    kubectl = control_plane_programs["kubectl"]

    with given_cluster(control_plane.kubeconfig, kubectl, tmp_path) as cluster:
        namespace = new_namespace(cluster)
        found = cluster.kubectl("get", "namespace", namespace, "--output=name")

    assert found == f"namespace/{namespace}\n"
    assert control_plane.api.get(f"/api/v1/namespaces/{namespace}").status == 200
