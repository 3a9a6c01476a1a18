"""Starts a control plane and tells when it is ready to be used."""

import http.client
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http import HTTPStatus
from pathlib import Path

from tools.control_plane.certificates import new_key_pair
from tools.control_plane.cluster import ControlPlane
from tools.control_plane.components import (
    KUBERNETES_SERVICE,
    api_server_flags,
    controller_manager_flags,
    etcd_flags,
    scheduler_config,
    scheduler_flags,
)
from tools.control_plane.errors import ControlPlaneError
from tools.control_plane.ports import reserved_ports
from tools.control_plane.processes import Processes
from tools.waiting import wait_until

PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")

# Two to three seconds are usual; a machine that compiles at the same time takes far longer.
PATIENCE_SECONDS = 60

# Made by a controller; no pod can be created without it.
DEFAULT_ACCOUNT = "/api/v1/namespaces/default/serviceaccounts/default"


@contextmanager
def running_control_plane(
    processes: Processes, programs: Mapping[str, Path]
) -> Iterator[ControlPlane]:
    """A control plane of its own among these processes, ready when the block begins.

    Any number can run side by side, of one user or several.
    """
    with reserved_ports(3) as (port, etcd_port, peer_port):
        control_plane = ControlPlane(
            processes.folder, f"https://127.0.0.1:{port}", programs["kubectl"]
        )
        keys = _write_keys(control_plane)

        def start(name: str, flags: list[str]) -> None:
            processes.start(name, [programs[name], *flags])

        start("etcd", etcd_flags(processes.folder / "etcd", port=etcd_port, peer_port=peer_port))
        start("kube-apiserver", api_server_flags(keys, port=port, etcd_port=etcd_port))
        with closing(control_plane.api):
            # Programs that find no API server at first sleep longer than they would wait for it.
            _wait_for("kube-apiserver", "/readyz", control_plane, processes)
            start(
                "kube-controller-manager", controller_manager_flags(keys, control_plane.kubeconfig)
            )
            start("kube-scheduler", scheduler_flags(_write_scheduler_config(control_plane)))
            _wait_for("kube-controller-manager", DEFAULT_ACCOUNT, control_plane, processes)
            yield control_plane


def _wait_for(component: str, path: str, control_plane: ControlPlane, processes: Processes) -> None:
    """Wait until the path is there; the component is the one to blame if it never is."""

    def is_there() -> bool:
        processes.check()
        try:
            return control_plane.api.get(path).status == HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False  # Nobody listens yet.

    try:
        wait_until(is_there, seconds=PATIENCE_SECONDS, what=f"{component} brings up {path}")
    except TimeoutError as error:
        raise ControlPlaneError(
            f"{error}. It said last:\n{processes.last_words(component)}"
        ) from error


def _write_keys(control_plane: ControlPlane) -> Path:
    keys = control_plane.folder / "keys"
    keys.mkdir()
    server = control_plane.authority.issue_server(
        hosts=["localhost", "kubernetes.default.svc"],
        addresses=["127.0.0.1", KUBERNETES_SERVICE],
    )
    service_accounts = new_key_pair()
    for name, pem in {
        "ca.crt": control_plane.authority.certificate,
        "api-server.crt": server.certificate,
        "api-server.key": server.key,
        "service-account.key": service_accounts.private,
        "service-account.pub": service_accounts.public,
    }.items():
        (keys / name).write_bytes(pem)
    return keys


def _write_scheduler_config(control_plane: ControlPlane) -> Path:
    path = control_plane.folder / "scheduler.json"
    kubeconfig = control_plane.kubeconfig_for("system:kube-scheduler")
    path.write_text(scheduler_config(kubeconfig))
    return path
