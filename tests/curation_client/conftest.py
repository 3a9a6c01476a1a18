"""A namespace of a real control plane, and clients of it; and one with an operator at work."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from curation_client.api_workflow_client import ApiWorkflowClient
from tests.curation_client.cli.shell import Shell
from tests.curation_operator.conftest import an_operator, settings_for
from tests.curation_operator.farm import Farm
from tests.support.background import Background
from tests.support.cluster_fixtures import new_namespace
from tools.control_plane.cluster import ControlPlane
from tools.node.node import Node

Clients = Callable[..., ApiWorkflowClient]


@pytest.fixture
def clients(control_plane: ControlPlane, crds: None, namespace: str) -> Clients:
    """Makes a client of the namespace, as its administrator or as whoever a kubeconfig is of."""
    del crds

    def make(kubeconfig: Path = control_plane.kubeconfig, **arguments: Any) -> ApiWorkflowClient:
        return ApiWorkflowClient(kubeconfig=str(kubeconfig), namespace=namespace, **arguments)

    return make


@pytest.fixture
def client(clients: Clients) -> ApiWorkflowClient:
    """A client of the namespace, as its administrator."""
    return clients()


@pytest.fixture(scope="session")
def barn(control_plane: ControlPlane, node: Background[Node]) -> Iterator[Farm]:
    """Two volumes, the Datasource `farm` on them, and an operator with scripted workers."""
    del node  # It has to be there and no more.
    barn = Farm(new_namespace(control_plane), control_plane)
    barn.prepare()
    barn.create_datasource()
    with an_operator(control_plane.kubeconfig, settings_for(barn.namespace)):
        yield barn


@pytest.fixture(scope="session")
def shell(barn: Farm) -> Shell:
    """Somebody who types commands there, and has the volumes mounted."""
    volumes = barn.folders["results"].parent
    return Shell(barn.control_plane.kubeconfig, barn.namespace, {"CURATION_VOLUMES": str(volumes)})
