"""Carries connections between the network of the node and the one that it was started from.

A program of its own: `relay.py out|in NETWORK LISTEN CONNECT`. It listens on the address and port
LISTEN in one network and connects to CONNECT in the other: `out` for whoever calls from outside,
`in` for Pods that call what runs outside. NETWORK is a file that stands for the network outside.
"""

import asyncio
import contextlib
import ctypes
import os
import socket
import sys

CLONE_NEWNET = 0x40000000
CHUNK_BYTES = 65536


class Networks:
    """The network that this process lives in, and the one outside."""

    def __init__(self, outside: str) -> None:
        self._inside = os.open("/proc/self/ns/net", os.O_RDONLY)
        self._outside = os.open(outside, os.O_RDONLY)

    def socket(self, *, outside: bool) -> socket.socket:
        """A socket that belongs to one of the networks, for as long as it lives."""
        self._enter(self._outside if outside else self._inside)
        try:
            return socket.socket()
        finally:
            self._enter(self._inside)

    @staticmethod
    def _enter(network: int) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(network, CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"the network cannot be entered: {os.strerror(number)}")


async def relay(
    networks: Networks, listen: tuple[str, int], connect: tuple[str, int], *, outside: bool
) -> None:
    """Listen on one side and connect to the other, for ever."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            across = networks.socket(outside=not outside)
            across.settimeout(0)
            try:
                await asyncio.get_running_loop().sock_connect(across, connect)
            except OSError:
                across.close()
                return
            other_reader, other_writer = await asyncio.open_connection(sock=across)
            await asyncio.gather(pump(reader, other_writer), pump(other_reader, writer))

    listener = networks.socket(outside=outside)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(listen)
    async with await asyncio.start_server(carry, sock=listener) as server:
        await server.serve_forever()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes until nothing more does, then say so to the other side."""
    with contextlib.suppress(OSError):
        while chunk := await reader.read(CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()


def address(text: str) -> tuple[str, int]:
    """`10.77.0.1:8000` as sockets have it."""
    host, _, port = text.rpartition(":")
    return host, int(port)


if __name__ == "__main__":
    direction, network, listen, connect = sys.argv[1:]
    asyncio.run(
        relay(Networks(network), address(listen), address(connect), outside=direction == "out")
    )
