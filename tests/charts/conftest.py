"""Both Helms, and a cluster of its own for what a chart changes for everybody."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.curation_operator.farm import Farm
from tests.support.background import Background, in_background
from tests.support.cluster_fixtures import new_namespace, own_control_plane, programs_or_skip
from tests.support.helm import Helm
from tests.support.node_fixtures import SCRIPTED_IMAGE
from tools.control_plane.cluster import ControlPlane
from tools.node.images import Image
from tools.node.node import Node, running_node

ROOT = Path(__file__).parents[2]

# The images by the names that the chart gives them.
IMAGES = {
    "curation-operator:0.1.0": Image(modules=(ROOT / "api", ROOT / "operator")),
    "curation-job:0.1.0": SCRIPTED_IMAGE,
}


@pytest.fixture(scope="session")
def helm_programs(pytestconfig: pytest.Config) -> dict[str, Path]:
    """Helm 3 and Helm 4."""
    return programs_or_skip(pytestconfig, "helm", "helm4")


@pytest.fixture(scope="session", params=["helm", "helm4"])
def helm(request: pytest.FixtureRequest, helm_programs: dict[str, Path]) -> Helm:
    """Each Helm in turn."""
    return Helm(helm_programs[request.param])


@pytest.fixture(scope="session")
def helm3(helm_programs: dict[str, Path]) -> Helm:
    """One Helm, where it does not matter which."""
    return Helm(helm_programs["helm"])


@pytest.fixture(scope="session")
def cluster(
    control_plane_programs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ControlPlane]:
    """A control plane that charts may be installed in: CRDs and policies concern all of it."""
    folder = tmp_path_factory.mktemp("chart-cluster")
    with own_control_plane(folder, control_plane_programs) as (_, running):
        yield running


@pytest.fixture(scope="session")
def node(
    cluster: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Background[Node]]:
    """A node that runs the operator and workers as processes."""
    folder = tmp_path_factory.mktemp("chart-node")
    with in_background(running_node(cluster.kubeconfig, folder, IMAGES)) as node:
        yield node


@pytest.fixture
def farm(cluster: ControlPlane, node: Background[Node]) -> Farm:
    """A namespace with pictures in a volume, and one for results."""
    del node  # It has to be there and no more.
    farm = Farm(new_namespace(cluster), cluster)
    farm.prepare()
    return farm
