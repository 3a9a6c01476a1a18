"""Fixtures for tests that speak with real stores.

Whoever asks for `servers` carries the marker `server`. A server that is not installed here skips
the tests that need it, and says how to get it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.servers.session import Servers
from tests.support.storage_places import PROVIDERS, StoragePlace, a_place
from tools.test_servers import MissingServerError


@pytest.hookimpl(tryfirst=True)  # before `-m server` selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "servers" in getattr(item, "fixturenames", ()):
            item.add_marker("server")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Iterator[None]:
    """Whatever a missing server is needed for, in a fixture or in the test."""
    try:
        yield
    except MissingServerError as missing:
        pytest.skip(str(missing))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    try:
        yield
    except MissingServerError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Stores on loopback; each starts when it is first asked for."""
    started = Servers()
    yield started
    started.close()


@pytest.fixture(params=PROVIDERS)
def place(request: pytest.FixtureRequest, servers: Servers, tmp_path: Path) -> StoragePlace:
    """An empty location of each provider in turn."""
    return a_place(request.param, servers, tmp_path)
