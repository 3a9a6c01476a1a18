"""Runs asynchronous things beside a test that is written in plain steps."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, Generic, TypeVar

# Connections with TLS are closed a moment after they were told to.
CLOSING_SECONDS = 0.1

T = TypeVar("T")
R = TypeVar("R")


class Background(Generic[T]):
    """Something that runs in an event loop of its own, in a thread of its own."""

    def __init__(self, thing: T, loop: asyncio.AbstractEventLoop) -> None:
        self.thing, self._loop = thing, loop

    def do(self, coroutine: Coroutine[Any, Any, R]) -> R:
        """Run a coroutine there, and wait for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=60)


@contextmanager
def in_background(context: AbstractAsyncContextManager[T]) -> Iterator[Background[T]]:
    """What the context manager provides, alive while the block runs."""
    started: Future[Background[T]] = Future()
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def run() -> None:
        ended = asyncio.Event()
        stop.append((asyncio.get_running_loop(), ended))
        try:
            async with context as thing:
                started.set_result(Background(thing, asyncio.get_running_loop()))
                await ended.wait()
            await asyncio.sleep(CLOSING_SECONDS)
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    try:
        yield started.result(timeout=60)
    finally:
        loop, ended = stop[0]
        loop.call_soon_threadsafe(ended.set)
        thread.join(timeout=60)
        assert not thread.is_alive(), "what ran in the background does not end"
