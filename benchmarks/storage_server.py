"""A store that costs next to nothing, so that a benchmark measures who asks it and not itself.

    python -m benchmarks.storage_server --names 1000000 --bytes 20000 --latency 0.005

It speaks as much of S3 as listing and reading take, answers each request after the same time, and
checks no signature. It prints its port.
"""

import argparse
import asyncio
from collections.abc import Callable
from functools import partial
from urllib.parse import parse_qs, urlsplit

BUCKET = "bench"
FILES_PER_PAGE = 1000
ETAG = '"0123456789abcdef0123456789abcdef"'
DAY = "Mon, 05 Jan 2026 10:00:00 GMT"

ENTRY = (
    "<Contents><Key>{name}</Key><LastModified>2026-01-05T10:00:00.000Z</LastModified>"
    f"<ETag>{ETAG.replace(chr(34), '&quot;')}</ETag><Size>{{size}}</Size>"
    "<StorageClass>STANDARD</StorageClass></Contents>"
)


def name_of(number: int) -> str:
    """The names of the files, in the order of their bytes."""
    return f"{number // 10_000:05}/{number % 10_000:05}.jpg"


class Store(asyncio.Protocol):
    """One connection."""

    def __init__(self, names: int, size: int, latency: float) -> None:
        self._names, self._size, self._latency = names, size, latency
        self._content = _answer(b"x" * size, f"ETag: {ETAG}", f"Last-Modified: {DAY}")
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has come."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request, all of which are without content."""
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            target = head.split(b" ", 2)[1].decode()
            asyncio.get_running_loop().call_later(self._latency, self._say, target)

    def _say(self, target: str) -> None:
        if not self._transport.is_closing():
            is_listing = "list-type=2" in target
            self._transport.write(self._listing(target) if is_listing else self._content)

    def _listing(self, target: str) -> bytes:
        query = parse_qs(urlsplit(target).query)
        first = int(query.get("continuation-token", ["0"])[0])
        last = min(first + FILES_PER_PAGE, self._names)
        entries = (ENTRY.format(name=name_of(n), size=self._size) for n in range(first, last))
        more = (
            f"<NextContinuationToken>{last}</NextContinuationToken>" if last < self._names else ""
        )
        text = (
            '<?xml version="1.0"?><ListBucketResult>'
            f"<Name>{BUCKET}</Name><KeyCount>{last - first}</KeyCount><MaxKeys>1000</MaxKeys>"
            f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>{more}{''.join(entries)}"
            "</ListBucketResult>"
        )
        return _answer(text.encode(), "Content-Type: application/xml")


def _answer(body: bytes, *headers: str) -> bytes:
    lines = ("HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers, "", "")
    return "\r\n".join(lines).encode() + body


async def serve(make: Callable[[], Store]) -> None:
    """Serve until somebody ends this process."""
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Serve as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, required=True)
    parser.add_argument("--bytes", type=int, required=True)
    parser.add_argument("--latency", type=float, required=True)
    told = parser.parse_args()
    asyncio.run(serve(partial(Store, told.names, told.bytes, told.latency)))


if __name__ == "__main__":
    main()
