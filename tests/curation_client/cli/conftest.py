"""A namespace with an operator at work, shared by the tests of the command."""

from collections.abc import Iterator

import pytest

from tests.curation_client.cli.shell import Shell
from tests.curation_operator.conftest import an_operator, settings_for
from tests.curation_operator.farm import Farm
from tests.support.background import Background
from tests.support.cluster_fixtures import new_namespace
from tools.control_plane.cluster import ControlPlane
from tools.node.node import Node


@pytest.fixture(scope="session")
def barn(control_plane: ControlPlane, node: Background[Node]) -> Iterator[Farm]:
    """Two volumes, the Datasource `farm` on them, and an operator with scripted workers."""
    barn = Farm(new_namespace(control_plane), control_plane, node)
    barn.prepare()
    barn.create_datasource()
    with an_operator(control_plane.kubeconfig, settings_for(barn.namespace)):
        yield barn


@pytest.fixture(scope="session")
def shell(barn: Farm) -> Shell:
    """Somebody who types commands there, and has the volumes mounted."""
    volumes = barn.folders["results"].parent
    return Shell(barn.control_plane.kubeconfig, barn.namespace, {"CURATION_VOLUMES": str(volumes)})
