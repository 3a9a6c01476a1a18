"""Starts a cluster with a real node, and tells when Pods can run."""

import os
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tools.control_plane.cluster import ControlPlane
from tools.control_plane.errors import ControlPlaneError
from tools.control_plane.processes import supervised_processes
from tools.control_plane.start import running_control_plane
from tools.real_node import enclosure
from tools.real_node.configuration import NODE_NAME, Site
from tools.real_node.enclosure import NODE_ADDRESS
from tools.real_node.images import mounted_folders
from tools.real_node.network import NodeNetwork
from tools.real_node.node import RealNode

# The path of a socket has at most 107 bytes, and the kubelet adds 41 to that of our folder.
LONGEST_FOLDER = 66


@contextmanager
def running_cluster(
    folder: Path, programs: Mapping[str, Path], *, shares_machine: bool = True
) -> Iterator[RealNode]:
    """A control plane and a node that lives as long as the block or this process.

    Containers have folders of this machine for themselves, or nothing but what is in their image.
    """
    _check_length(folder.absolute())
    control_group = f"curation-{secrets.token_hex(4)}"
    with supervised_processes(folder, _within(folder.absolute(), control_group)) as processes:
        network = NodeNetwork(processes)
        with running_control_plane(processes, programs, network) as cluster:
            shared = mounted_folders() if shares_machine else {}
            site = Site(processes.folder, programs, control_group, shared)
            _write_keys(site, cluster)
            _grant_rights(cluster)
            node = RealNode(site, processes, cluster, network)
            node.start()
            yield node


def _check_length(folder: Path) -> None:
    excess = len(os.fsencode(folder)) - LONGEST_FOLDER
    if excess > 0:
        raise ControlPlaneError(
            f"{folder} is too long a path for the sockets of a node. To fix it: use a folder, or a"
            f" checkout, whose path is shorter by {excess} characters"
        )


def _within(folder: Path, control_group: str) -> Sequence[str]:
    command = [sys.executable, "-I", "-S", enclosure.__file__]
    return [*command, os.fspath(folder), control_group]


def _write_keys(site: Site, cluster: ControlPlane) -> None:
    server = cluster.authority.issue_server(hosts=[NODE_NAME], addresses=[NODE_ADDRESS])
    (site.keys / "kubelet.crt").write_bytes(server.certificate)
    (site.keys / "kubelet.key").write_bytes(server.key)


def _grant_rights(cluster: ControlPlane) -> None:
    """A proxy looks at nodes and Services; a kubelet's rights come with its group."""
    cluster.kubectl(
        "create", "clusterrolebinding", "node-proxier",
        "--clusterrole=system:node-proxier", "--user=system:kube-proxy",
    )  # fmt: skip
