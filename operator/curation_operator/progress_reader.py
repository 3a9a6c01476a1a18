"""Asks workers how far they are. Whoever answers is not trusted, and nothing depends on it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import aiohttp

from curation_api.names import PROGRESS_PATH, WORKER_PORT
from curation_api.worker_progress import PROGRESS_LIMIT_BYTES, WorkerProgress

TIMEOUT_SECONDS = 2
CONNECTIONS = 64


class HttpProgressReader:
    """Asks by HTTP, without following redirects, and reads no more than a small answer."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def ask(self, addresses: Sequence[str]) -> tuple[WorkerProgress, ...]:
        """What those said that answered in time."""
        answers = await asyncio.gather(*(self._ask_one(address) for address in addresses))
        return tuple(answer for answer in answers if answer is not None)

    async def _ask_one(self, address: str) -> WorkerProgress | None:
        host = f"[{address}]" if ":" in address else address
        url = f"http://{host}:{WORKER_PORT}{PROGRESS_PATH}"
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                async with self._session.get(url, allow_redirects=False) as response:
                    if response.status != 200:
                        return None
                    body = await _at_most(response.content, PROGRESS_LIMIT_BYTES)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return None
        return WorkerProgress.from_answer(body)


async def _at_most(content: aiohttp.StreamReader, limit: int) -> bytes:
    body = b""
    while len(body) < limit and (chunk := await content.read(limit - len(body))):
        body += chunk
    return body


@contextlib.asynccontextmanager
async def progress_reader() -> AsyncIterator[HttpProgressReader]:
    """A reader with connections of its own, through no proxy: Pods are near."""
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, trust_env=False, auto_decompress=False
    ) as session:
        yield HttpProgressReader(session)
