"""Ports on loopback that nobody else is given while we use them."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def reserved_ports(count: int) -> Iterator[list[int]]:
    """Free ports, kept for servers that listen with SO_REUSEPORT.

    A port that is merely looked up and let go may be handed to somebody else before our server
    takes it. These stay bound, though never listening, so all connections reach the server.
    """
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for reservation in sockets:
            reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            reservation.bind(("127.0.0.1", 0))
        yield [reservation.getsockname()[1] for reservation in sockets]
