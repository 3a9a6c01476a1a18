"""A namespace of a real control plane, and clients of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curation_client.api_workflow_client import ApiWorkflowClient
from tools.control_plane.cluster import ControlPlane

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
