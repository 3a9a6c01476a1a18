"""A proxy that makes a network as bad as a test needs it: slow, silent, cut off, or refusing."""

import asyncio
import socket
import struct
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

_CHUNK = 2**16
_LONGEST_HEAD = 2**20
_LONGER_THAN_ANY_TEST_SECONDS = 3600

# A reset throws away what the reader has not taken yet; so little of it may be on its way.
_SEND_BUFFER_BYTES = 2**16


@dataclass
class Faults:
    """What goes wrong. Tests change it while the proxy runs."""

    latency_seconds: float = 0
    """Between a request and the moment it is passed on."""
    cut_after_bytes: int = 0
    """Of an answer, head included."""
    cuts: int = 0
    """How many answers are still to be cut off."""
    cut_by: Literal["reset", "close"] = "reset"
    stall_after_bytes: int = 0
    stall_seconds: float = 0
    stalls: int = 0
    """How many answers still pause in the middle."""
    is_black_hole: bool = False
    """Take every connection and never say a word."""
    answers: deque[bytes] = field(default_factory=deque)
    """What the next requests are told instead of reaching the server."""
    heads: list[str] = field(default_factory=list)
    """Of the requests that have come so far."""

    @property
    def requests(self) -> int:
        """How many have come so far."""
        return len(self.heads)


def refusal(status: int, code: str, *headers: str, message: str = "no") -> bytes:
    """An answer in the form that S3 and Azure share."""
    error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    body = f'<?xml version="1.0"?>{error}'.encode()
    lines = (f"HTTP/1.1 {status} No", f"Content-Length: {len(body)}", "Connection: close", *headers)
    return "\r\n".join((*lines, "Content-Type: application/xml", "", "")).encode() + body


@dataclass(frozen=True, slots=True)
class FaultProxy:
    """A running proxy."""

    port: int
    faults: Faults

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def running_proxy(target_port: int, faults: Faults | None = None) -> Iterator[FaultProxy]:
    """A proxy in a thread of its own, as long as the block lasts."""
    faults = faults or Faults()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    serving = asyncio.run_coroutine_threadsafe(_serve(target_port, faults), loop).result()
    try:
        yield FaultProxy(serving.sockets[0].getsockname()[1], faults)
    finally:
        asyncio.run_coroutine_threadsafe(_stop(serving), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _serve(target_port: int, faults: Faults) -> asyncio.Server:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await _Connection(reader, writer, faults).work(target_port)
        finally:
            await _close(writer)

    return await asyncio.start_server(connected, "127.0.0.1", 0, limit=_LONGEST_HEAD)


async def _stop(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _close(writer: asyncio.StreamWriter) -> None:
    """Close it for good: a loop that ends leaves nothing open."""
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


class _Connection:
    def __init__(
        self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter, faults: Faults
    ) -> None:
        self._client, self._to_client, self._faults = client, to_client, faults
        self._sent = 0
        wire: socket.socket = to_client.get_extra_info("socket")
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)

    async def work(self, target_port: int) -> None:
        server, to_server = await asyncio.open_connection("127.0.0.1", target_port)
        answering = asyncio.create_task(self._pass_answers(server))
        try:
            while await self._pass_request(to_server):
                pass
        finally:
            answering.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await answering
            await _close(to_server)

    async def _pass_request(self, to_server: asyncio.StreamWriter) -> bool:
        head = await self._client.readuntil(b"\r\n\r\n")
        self._faults.heads.append(head.decode("latin-1"))
        self._sent = 0
        if self._faults.is_black_hole:
            # Not an event that never comes: nobody but the loop would remember this task.
            await asyncio.sleep(_LONGER_THAN_ANY_TEST_SECONDS)
        if self._faults.answers:
            self._to_client.write(self._faults.answers.popleft())
            await self._to_client.drain()
            return False
        if self._faults.latency_seconds:
            await asyncio.sleep(self._faults.latency_seconds)
        to_server.write(head)
        left = _content_length(head)
        while left:
            chunk = await self._client.read(min(left, _CHUNK))
            if not chunk:
                return False
            to_server.write(chunk)
            await to_server.drain()
            left -= len(chunk)
        return True

    async def _pass_answers(self, server: asyncio.StreamReader) -> None:
        faults = self._faults
        while chunk := await server.read(_CHUNK):
            end = self._sent + len(chunk)
            if faults.stalls and end > faults.stall_after_bytes:
                faults.stalls -= 1
                await asyncio.sleep(faults.stall_seconds)
            if faults.cuts and end > faults.cut_after_bytes:
                faults.cuts -= 1
                await self._cut(chunk[: max(0, faults.cut_after_bytes - self._sent)])
                return
            self._sent = end
            self._to_client.write(chunk)
            await self._to_client.drain()
        self._to_client.close()

    async def _cut(self, last: bytes) -> None:
        self._to_client.write(last)
        await self._to_client.drain()
        if self._faults.cut_by == "reset":
            wire: socket.socket = self._to_client.get_extra_info("socket")
            at_once = struct.pack("ii", 1, 0)
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            self._to_client.transport.abort()
        else:
            self._to_client.close()


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0
