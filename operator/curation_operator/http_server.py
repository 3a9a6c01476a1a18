"""/livez, /readyz and /metrics. Alive means that we are; the API server may well not be."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from curation_operator.metrics import Metrics
from curation_operator.settings import OperatorSettings

logger = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
LONGEST_LAG_SECONDS = 5.0
LONGEST_LOOK_SECONDS = 300.0
LONGEST_SILENCE_SECONDS = 300.0


@dataclass
class Health:
    """What is known about how we are."""

    metrics: Metrics
    longest_look: Callable[[], float]
    last_answer_at: Callable[[], float | None]
    is_standby: bool = False
    has_listed: bool = False
    _beaten_at: float | None = None

    async def beat(self) -> None:
        """Notice how late the event loop is, for ever."""
        while True:
            before = self._beaten_at = time.monotonic()
            await asyncio.sleep(BEAT_SECONDS)
            self.metrics.loop_lag.set(max(0.0, time.monotonic() - before - BEAT_SECONDS))

    def why_not_alive(self) -> str | None:
        """What only a restart can mend."""
        beaten_at = self._beaten_at
        lag = 0.0 if beaten_at is None else time.monotonic() - beaten_at - BEAT_SECONDS
        if lag > LONGEST_LAG_SECONDS:
            return f"the event loop is {lag:.0f} s late"
        if self.longest_look() > LONGEST_LOOK_SECONDS:
            return f"a look has been going on for {self.longest_look():.0f} s"
        return None

    def why_not_ready(self) -> str | None:
        """What is missing before we can do our work."""
        if self.is_standby:
            return None  # Another replica works; this one is ready to take over.
        if not self.has_listed:
            return "the CurationRuns and Datasources have not been listed yet"
        answered_at = self.last_answer_at()
        silence = float("inf") if answered_at is None else time.monotonic() - answered_at
        if silence > LONGEST_SILENCE_SECONDS:
            return f"the API server has not answered for {silence:.0f} s"
        return None


@contextlib.asynccontextmanager
async def serving(health: Health, settings: OperatorSettings) -> AsyncIterator[int]:
    """Serve health and metrics; the port comes back."""
    runner = web.AppRunner(_application(health), access_log=None, handle_signals=False)
    await runner.setup()
    site = web.TCPSite(runner, settings.http_host, settings.http_port)
    await site.start()
    port = int(runner.addresses[0][1])
    logger.info("Serving health and metrics at port %d", port)
    beat = asyncio.create_task(health.beat())
    try:
        yield port
    finally:
        beat.cancel()
        await runner.cleanup()


def _application(health: Health) -> web.Application:
    async def livez(_: web.Request) -> web.Response:
        return _verdict(health.why_not_alive())

    async def readyz(_: web.Request) -> web.Response:
        return _verdict(health.why_not_ready())

    async def metrics(_: web.Request) -> web.Response:
        body = generate_latest(health.metrics.registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes(
        [web.get("/livez", livez), web.get("/readyz", readyz), web.get("/metrics", metrics)]
    )
    return app


def _verdict(trouble: str | None) -> web.Response:
    return web.Response(text=f"{trouble or 'ok'}\n", status=503 if trouble else 200)
