"""A real Kubernetes API for tests: one control plane per session, a namespace per test.

A test that asks for any of these fixtures carries the marker `cluster`. It is skipped where the
programs are neither found nor can be built.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from tools.control_plane.binaries import ensure_binaries
from tools.control_plane.cluster import Cluster, ControlPlane
from tools.control_plane.crds import install_crds
from tools.control_plane.errors import ToolchainMissingError
from tools.control_plane.processes import Processes, supervised_processes
from tools.control_plane.start import PROGRAMS, running_control_plane
from tools.waiting import wait_until

CRDS = Path(__file__).parents[2] / "crds"

# Fixtures whose programs are built with Go.
BUILT = {"control_plane_programs", "gitops_health", "helm_programs"}

# What a controller or the authorizer does within milliseconds, on a machine busy with other things.
PATIENCE_SECONDS = 20


@dataclass(frozen=True, slots=True)
class RestrictedUser:
    """Somebody who may do what one role allows, in the namespace of the test."""

    name: str
    kubeconfig: Path


@pytest.hookimpl(tryfirst=True)  # before `-m cluster` selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if BUILT & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.cluster)


@pytest.fixture(scope="session")
def control_plane_programs(pytestconfig: pytest.Config) -> dict[str, Path]:
    """The programs of a control plane; for tests that start one of their own."""
    return programs_or_skip(pytestconfig, *PROGRAMS)


def programs_or_skip(pytestconfig: pytest.Config, *names: str) -> dict[str, Path]:
    """Programs that are built where they are not there yet; without Go, no test can use them."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():  # The first build takes minutes: let it be seen.
        try:
            return ensure_binaries(*names)
        except ToolchainMissingError as missing:
            pytest.skip(str(missing))


@pytest.fixture(scope="session")
def control_plane(
    control_plane_programs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ControlPlane]:
    """A running control plane, shared by all tests of the session."""
    folder = tmp_path_factory.mktemp("control-plane")
    with own_control_plane(folder, control_plane_programs) as (_, running):
        yield running


@contextmanager
def own_control_plane(
    folder: Path, programs: Mapping[str, Path]
) -> Iterator[tuple[Processes, ControlPlane]]:
    """A control plane that nobody else uses, and its processes."""
    with (
        supervised_processes(folder) as processes,
        running_control_plane(processes, programs) as running,
    ):
        yield processes, running


@pytest.fixture(scope="session")
def crds(control_plane: ControlPlane) -> None:
    """Our kinds, installed and served."""
    install_crds(control_plane, CRDS)


@pytest.fixture
def namespace(control_plane: ControlPlane) -> str:
    """A namespace of this test alone. It stays: deleting one takes seconds."""
    return new_namespace(control_plane)


@pytest.fixture
def restricted_user(control_plane: ControlPlane, namespace: str) -> Callable[[str], RestrictedUser]:
    """Makes a user who has a role in the namespace: `role/NAME` there, or `clusterrole/NAME`."""

    def make(role: str) -> RestrictedUser:
        kind, name = role.split("/")
        user = f"{name}-of-{namespace}"
        before = _rules(control_plane, user, namespace)
        binding = ["create", "rolebinding", user, f"--{kind}={name}", f"--user={user}"]
        control_plane.kubectl(*binding, f"--namespace={namespace}")
        wait_until(
            lambda: _rules(control_plane, user, namespace) != before,
            seconds=PATIENCE_SECONDS,
            what=f"{role} takes effect for {user}",
        )
        return RestrictedUser(user, control_plane.kubeconfig_for(user))

    return make


def new_namespace(control_plane: Cluster) -> str:
    """Create a namespace in which pods can be created at once."""
    created = control_plane.api.post("/api/v1/namespaces", {"metadata": {"generateName": "test-"}})
    name: str = created.body["metadata"]["name"]
    account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
    wait_until(
        lambda: control_plane.api.get(account).status == HTTPStatus.OK,
        seconds=PATIENCE_SECONDS,
        what=f"namespace {name} has its default service account",
    )
    return name


def _rules(control_plane: ControlPlane, user: str, namespace: str) -> Any:
    review = control_plane.api.post(
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
        {"spec": {"namespace": namespace}},
        as_user=user,
    )
    return review.body["status"]["resourceRules"]
