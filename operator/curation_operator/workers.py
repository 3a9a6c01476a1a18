"""Takes keys from the queue and has them looked at, several at a time."""

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

from curation_operator.kube.errors import ApiError, ConflictError, NotThereError
from curation_operator.logs import looking_at
from curation_operator.metrics import Metrics
from curation_operator.planning.keys import Key
from curation_operator.queue import WorkQueue

logger = logging.getLogger(__name__)

Look = Callable[[Key], Awaitable[timedelta | None]]

# A look that is under way when we are asked to stop gets so long to come to its end.
LAST_LOOK_SECONDS = 10

_look_numbers = itertools.count(1)


async def work(queue: WorkQueue[Key], look: Look, metrics: Metrics) -> None:
    """Look at one key after the other, for ever."""
    while True:
        key = await queue.take()
        began = time.monotonic()
        with looking_at(key, next(_look_numbers)):
            result = await _look_once(key, queue, look)
        metrics.looked(key, result, time.monotonic() - began)


async def _look_once(key: Key, queue: WorkQueue[Key], look: Look) -> str:
    try:
        wait = await look(key)
    except (ConflictError, NotThereError) as error:
        logger.debug("It changed while we looked (%s); looking again", error)
        queue.done(key, again_after=0.1)
        return "conflict"
    except ApiError as error:
        delay = queue.failed(key)
        logger.warning("The API server could not answer (%s); again in %.0f s", error, delay)
        return "unavailable"
    except Exception:  # A bug with one object must not keep us from looking at the others.
        delay = queue.failed(key)
        logger.exception("Unexpected; looking again in %.0f s", delay)
        return "error"
    queue.done(key, again_after=None if wait is None else max(0.0, wait.total_seconds()))
    return "ok"


@contextlib.asynccontextmanager
async def working(
    count: int, queue: WorkQueue[Key], look: Look, metrics: Metrics
) -> AsyncIterator[list["asyncio.Task[None]"]]:
    """So many workers; at the end each finishes its look, if that does not take too long."""
    tasks = [asyncio.create_task(work(queue, look, metrics)) for _ in range(count)]
    try:
        yield tasks
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_LOOK_SECONDS):
                await queue.is_idle()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
