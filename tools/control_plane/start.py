"""Starts a control plane and tells when it is ready to be used."""

import http.client
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

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


class Network(Protocol):
    """A network apart from ours, in which the processes and a real node live."""

    address: str
    """The node's address there."""

    def let_in(self, port: int) -> None:
        """Carry connections to this port of our loopback to the same port there."""


@contextmanager
def running_control_plane(
    processes: Processes, programs: Mapping[str, Path], network: Network | None = None
) -> Iterator[ControlPlane]:
    """A control plane of its own among these processes, ready when the block begins.

    Any number can run side by side, of one user or several.
    """
    node_address = network.address if network else None
    with reserved_ports(3) as (port, etcd_port, peer_port):
        control_plane = ControlPlane(
            processes.folder, f"https://127.0.0.1:{port}", programs["kubectl"]
        )
        keys = _write_keys(control_plane, node_address)

        def start(name: str, flags: list[str]) -> None:
            processes.start(name, [programs[name], *flags])

        start("etcd", etcd_flags(processes.folder / "etcd", port=etcd_port, peer_port=peer_port))
        flags = api_server_flags(keys, port=port, etcd_port=etcd_port, node_address=node_address)
        start("kube-apiserver", flags)
        if network:
            network.let_in(port)
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


def _write_keys(control_plane: ControlPlane, node_address: str | None) -> Path:
    keys = control_plane.folder / "keys"
    keys.mkdir()
    server = control_plane.authority.issue_server(
        hosts=["localhost", "kubernetes.default.svc"],
        addresses=["127.0.0.1", KUBERNETES_SERVICE, *([node_address] if node_address else [])],
    )
    kubelet_client = control_plane.authority.issue_client("api-server", ["system:masters"])
    service_accounts = new_key_pair()
    for name, pem in {
        "ca.crt": control_plane.authority.certificate,
        "api-server.crt": server.certificate,
        "api-server.key": server.key,
        "kubelet-client.crt": kubelet_client.certificate,
        "kubelet-client.key": kubelet_client.key,
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
