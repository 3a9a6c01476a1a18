"""The network of a node, and the ways between it and the one that we live in."""

import sys

from tools.control_plane.processes import Processes
from tools.real_node import relay
from tools.real_node.enclosure import NETWORK_OUTSIDE, NODE_ADDRESS


class NodeNetwork:
    """The network of the node, and the ways between it and ours."""

    address = NODE_ADDRESS

    def __init__(self, processes: Processes) -> None:
        self._processes = processes

    def let_in(self, port: int) -> None:
        """What listens there on this port is found at the same port of our loopback."""
        self._relay("out", f"127.0.0.1:{port}", f"127.0.0.1:{port}")

    def let_out(self, port: int) -> None:
        """What listens on this port of our loopback is found at the same port of the node."""
        self._relay("in", f"{NODE_ADDRESS}:{port}", f"127.0.0.1:{port}")

    def _relay(self, direction: str, listen: str, connect: str) -> None:
        outside = self._processes.folder / NETWORK_OUTSIDE
        command = [sys.executable, "-I", "-S", relay.__file__]
        name = f"relay-{direction}-{listen.rpartition(':')[2]}"
        self._processes.start(name, [*command, direction, str(outside), listen, connect])
