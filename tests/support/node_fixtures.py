"""A node for the whole session, beside the control plane: it runs Pods as processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.background import Background, in_background
from tools.control_plane.cluster import ControlPlane
from tools.node.images import Image, job_image
from tools.node.node import Node, running_node

SCRIPTED, REAL = "curation-job:scripted", "curation-job:real"

# Without `site` it finds no real worker, and starts in a few milliseconds.
SCRIPTED_IMAGE = Image(
    modules=(Path(__file__).parent / "scripted_worker",), interpreter=(*Image().interpreter, "-S")
)


@pytest.fixture(scope="session")
def node(
    control_plane: ControlPlane, crds: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Background[Node]]:
    """A node for the whole session."""
    del crds
    folder = tmp_path_factory.mktemp("node")
    images = {SCRIPTED: SCRIPTED_IMAGE, REAL: job_image()}
    with in_background(running_node(control_plane.kubeconfig, folder, images)) as node:
        yield node
