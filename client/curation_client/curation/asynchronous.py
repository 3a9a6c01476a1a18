"""The same without blocking: `await (await AsyncCuration().datasource("farm")).select(50).run()`.

Each call is made in a thread, so that an event loop goes on meanwhile. A run is looked at now and
then instead of watched: a task that is cancelled leaves no thread behind that waits.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

from curation_client.cluster.control import WaitedTooLongError
from curation_client.curation.datasource import Datasource, Request
from curation_client.curation.entry import Curation
from curation_client.curation.results import Results
from curation_client.curation.run import Run

LOOK_SECONDS = 1.0


class AsyncCuration:
    """`Curation` for programs with an event loop. Takes the same arguments."""

    def __init__(self, token: str | None = None, **where: Any) -> None:
        self._curation = Curation(token, **where)

    async def datasource(self, name: str) -> "AsyncDatasource":
        """The Datasource of this name."""
        return AsyncDatasource(await asyncio.to_thread(self._curation.datasource, name))

    async def datasources(self) -> "list[AsyncDatasource]":
        """All Datasources, by name."""
        return [AsyncDatasource(one) for one in await asyncio.to_thread(self._curation.datasources)]

    async def run(self, name: str) -> "AsyncRun":
        """The run of this name."""
        return AsyncRun(await asyncio.to_thread(self._curation.run, name))

    async def runs(self) -> "list[AsyncRun]":
        """All runs, the oldest first."""
        return [AsyncRun(run) for run in await asyncio.to_thread(self._curation.runs)]


class AsyncDatasource:
    """A Datasource to choose from."""

    def __init__(self, datasource: Datasource) -> None:
        self._datasource = datasource
        self.name, self.spec, self.status = datasource.name, datasource.spec, datasource.status

    def select(self, count: int | None = None, **how: Any) -> "AsyncRequest":
        """Ask for so many samples, as `Datasource.select` does."""
        return AsyncRequest(self._datasource.select(count, **how))


class AsyncRequest:
    """A run that is not asked for yet."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self.spec = request.spec

    def train(self, epochs: int) -> "AsyncRequest":
        """Train the network first."""
        return AsyncRequest(self._request.train(epochs))

    def configure(self, **more: Mapping[str, Any] | str | None) -> "AsyncRequest":
        """Say more, as `Request.configure` does."""
        return AsyncRequest(self._request.configure(**more))  # type: ignore[arg-type]

    async def run(self, name: str | None = None) -> "AsyncRun":
        """Ask for it."""
        return AsyncRun(await asyncio.to_thread(self._request.run, name))


class AsyncRun:
    """A run. What it shows is as of the last look."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.name, self.spec = run.name, run.spec

    def __repr__(self) -> str:
        """Its name and state."""
        return f"Async{self._run!r}"

    @property
    def now(self) -> Run:
        """The run as it was seen last, with its state, progress and result."""
        return self._run

    async def refresh(self) -> "AsyncRun":
        """Look again."""
        await asyncio.to_thread(self._run.refresh)
        return self

    async def watch(self, *, timeout_seconds: float | None = None) -> AsyncIterator[Run]:
        """The run at once, on each change, and at its end."""
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        shown = None
        while True:
            await self.refresh()
            if self._run.status != shown:
                shown = self._run.status
                yield self._run
            if self._run.has_ended:
                return
            if deadline is not None and time.monotonic() > deadline:
                raise WaitedTooLongError(
                    f"Run {self.name!r} has not ended after {timeout_seconds:g} s",
                    fix="Wait longer, or look at what it waits for",
                )
            await asyncio.sleep(LOOK_SECONDS)

    async def wait(self, *, timeout_seconds: float | None = None) -> "AsyncRun":
        """Wait until it is complete; `RunFailedError` when it ends otherwise."""
        async for _ in self.watch(timeout_seconds=timeout_seconds):
            pass
        self._run.must_have_succeeded()
        return self

    async def cancel(self) -> "AsyncRun":
        """End it for good."""
        await asyncio.to_thread(self._run.cancel)
        return self

    async def suspend(self) -> "AsyncRun":
        """Pause it."""
        await asyncio.to_thread(self._run.suspend)
        return self

    async def resume(self) -> "AsyncRun":
        """Let it go on."""
        await asyncio.to_thread(self._run.resume)
        return self

    async def retry(self) -> "AsyncRun":
        """Try again."""
        await asyncio.to_thread(self._run.retry)
        return self

    async def results(self) -> Results:
        """What it has left. Tables are read, in the calling thread, when they are asked for."""
        return await asyncio.to_thread(lambda: self._run.results)
