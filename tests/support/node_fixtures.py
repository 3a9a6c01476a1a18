"""A node for the whole session, beside the control plane: it runs Pods as processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.background import Background, in_background
from tools.control_plane.cluster import ControlPlane
from tools.node.images import Image, job_image
from tools.node.node import Node, running_node

SCRIPTED, REAL = "curation-job:scripted", "curation-job:real"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def node(
    control_plane: ControlPlane, crds: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Background[Node]]:
    """A node for the whole session."""
    del crds
    # Without `site`, a worker that needs the standard library only starts in a few milliseconds.
    scripted = Image(
        modules=(ROOT / "tests/support/scripted_worker",), interpreter=(*Image().interpreter, "-S")
    )
    folder = tmp_path_factory.mktemp("node")
    images = {SCRIPTED: scripted, REAL: job_image()}
    with in_background(running_node(control_plane.kubeconfig, folder, images)) as node:
        yield node
