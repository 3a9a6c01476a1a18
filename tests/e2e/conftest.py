"""A cluster with real nodes, and operators beside the tests.

The cluster is one of our own, or the one that `--cluster` names. On that one, tests that need to
lay hands on the node, or look into its volumes, are skipped.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from curation_api.job_options import JobOptions
from curation_operator.program import Running
from tests.curation_operator.conftest import Operators, a_farm, an_operator
from tests.curation_operator.conftest import settings_for as usual_settings_for
from tests.curation_operator.farm import Farm
from tests.support.given_cluster import given_cluster
from tests.support.node_fixtures import REAL, SCRIPTED
from tools.control_plane.cluster import Cluster
from tools.control_plane.crds import install_crds
from tools.real_node.images import CHECKOUT, ROOT
from tools.real_node.node import RealNode

# An interpreter with room to breathe.
SMALL = JobOptions(gpus=0, cpu="100m", memory="64Mi", retries=2)

SCRIPTED_WORKER = CHECKOUT / "tests/support/scripted_worker"


@pytest.fixture(scope="session")
def node(request: pytest.FixtureRequest) -> RealNode:
    """The node of our own cluster, with two workers: the true one, and one that obeys a script."""
    if request.config.getoption("--cluster"):
        pytest.skip("needs a node of our own; leave out --cluster")
    node: RealNode = request.getfixturevalue("real_node")
    node.add_image(REAL, {})
    node.add_image(SCRIPTED, {"PYTHONPATH": str(SCRIPTED_WORKER)})
    return node


@pytest.fixture(scope="session")
def cluster(
    request: pytest.FixtureRequest,
    control_plane_programs: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Cluster]:
    """The cluster that was given, or our own, with our kinds."""
    if given := request.config.getoption("--cluster"):
        folder = tmp_path_factory.mktemp("given")
        with given_cluster(Path(given), control_plane_programs["kubectl"], folder) as cluster:
            install_crds(cluster, ROOT / "crds")
            yield cluster
    else:
        node = request.getfixturevalue("node")
        install_crds(node.cluster, ROOT / "crds")
        yield node.cluster


@pytest.fixture
def field(cluster: Cluster) -> Iterator[Farm]:
    """A namespace whose Pods must pass the strictest level there is."""
    with a_farm(cluster) as farm:
        farm.be_strict()
        yield farm


@pytest.fixture
def farm(node: RealNode, field: Farm) -> Farm:
    """The same with volumes that the test can look into."""
    del node  # It has to be ours.
    field.prepare()
    return field


@pytest.fixture
def operators(cluster: Cluster, field: Farm) -> Operators:
    """Starts an operator for the namespace of the test."""

    def start(**settings: Any) -> AbstractContextManager[Running]:
        chosen = usual_settings_for(field.namespace, **{"job": SMALL, **settings})
        return an_operator(cluster.kubeconfig, chosen)

    return start


@pytest.fixture
def operator(operators: Operators) -> Iterator[Running]:
    """An operator at work for the namespace of the test."""
    with operators() as running:
        yield running
