"""A cluster with a real node for tests: one per session, with real containers.

A test that asks for any of these fixtures carries the markers `cluster` and `node`. It is skipped
where the machine cannot be a node, and says what is missing.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cluster_fixtures import programs_or_skip
from tools.control_plane.pins import NODE_PROGRAMS
from tools.real_node.machine import NoNodeHereError, need_node_machine
from tools.real_node.node import RealNode
from tools.real_node.start import running_cluster


@pytest.hookimpl(tryfirst=True)  # before `-m node` selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        # Those of e2e ask for the node only when they run, as another cluster may be given.
        if "e2e" in item.path.parts or "node_programs" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.node)


@pytest.fixture
def short_path() -> Iterator[Path]:
    """An empty folder: that of pytest is too deep down for the sockets of a node."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def node_programs(
    pytestconfig: pytest.Config, control_plane_programs: dict[str, Path]
) -> dict[str, Path]:
    """The programs of a control plane and of a node."""
    try:
        need_node_machine()
    except NoNodeHereError as missing:
        pytest.skip(str(missing))
    return {**control_plane_programs, **programs_or_skip(pytestconfig, *NODE_PROGRAMS)}


@pytest.fixture(scope="session")
def real_node(
    node_programs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealNode]:
    """A running cluster with a node, shared by all tests of the session."""
    with running_cluster(tmp_path_factory.mktemp("real-node"), node_programs) as node:
        yield node
