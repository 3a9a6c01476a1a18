"""The whole program: what runs beside what, in which order it starts, and how it ends."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import kopf

from curation_operator.handlers import kopf_settings
from curation_operator.http_server import Health, serving
from curation_operator.inbox import Inbox
from curation_operator.kube.api_server import ApiServer, connected
from curation_operator.kube.client import KubernetesClient
from curation_operator.kube.errors import ApiError
from curation_operator.leader import Lease, LostLeaseError
from curation_operator.memory import Memory
from curation_operator.metrics import Metrics
from curation_operator.planning.keys import Key
from curation_operator.progress_reader import progress_reader
from curation_operator.queue import WorkQueue
from curation_operator.reconcile import Reconciler
from curation_operator.recorder import Recorder
from curation_operator.resync import Resync
from curation_operator.settings import OperatorSettings
from curation_operator.workers import working

logger = logging.getLogger(__name__)

# Our kinds are usually installed together with us; a second later they are served.
CRD_PAUSE_SECONDS = 1

# How long what ends may take to tidy up.
PATIENCE_SECONDS = 5


class NotServedError(Exception):
    """The cluster does not know our kinds."""


async def connection_info(ask: ApiServer) -> kopf.ConnectionInfo:
    """Our own connection, in kopf's words; asked for again whenever a token has expired."""
    known = ask.configuration
    token = await known.get_api_key_with_prefix("BearerToken", alias="authorization")
    scheme, _, secret = (token or "").rpartition(" ")
    return kopf.ConnectionInfo(
        server=known.host,
        ca_path=known.ssl_ca_cert,
        certificate_path=known.cert_file,
        private_key_path=known.key_file,
        scheme=scheme or None,
        token=secret or None,
    )


@dataclass(frozen=True)
class Running:
    """An operator that has started."""

    http_port: int
    queue: WorkQueue[Key]
    metrics: Metrics


def _now() -> datetime:
    return datetime.now(UTC)


async def run(settings: OperatorSettings, kubeconfig: str | None, stop: asyncio.Event) -> None:
    """Run until asked to stop. Raises when it cannot go on: whoever started us starts us again."""
    async with running(settings, kubeconfig, stop):
        await stop.wait()
    logger.info("Stopped")


@contextlib.asynccontextmanager
async def running(
    settings: OperatorSettings, kubeconfig: str | None, stop: asyncio.Event
) -> AsyncIterator[Running]:
    """An operator that works while the block does; `stop` is set when it cannot go on."""
    metrics = Metrics(settings)
    queue: WorkQueue[Key] = WorkQueue(metrics, time.monotonic)
    async with contextlib.AsyncExitStack() as stack:
        ask = await stack.enter_async_context(connected(settings, metrics, kubeconfig))
        health = Health(metrics, queue.longest_at_work, lambda: ask.last_answer_at)
        port = await stack.enter_async_context(serving(health, settings))
        if settings.leader_election:
            await stack.enter_async_context(_leading(ask, settings, health, stop))
        metrics.leader.set(1)

        kube, memory = KubernetesClient(ask), Memory()
        reader = await stack.enter_async_context(progress_reader())
        recorder = Recorder(kube, settings, _now)
        reconciler = Reconciler(kube, reader, queue, recorder, metrics, memory, settings, _now)
        resync = Resync(kube, queue, metrics, memory, settings, _now)
        await _first_list(resync, settings)
        health.has_listed = True
        workers = working(settings.workers, queue, reconciler.look, metrics)
        await stack.enter_async_context(workers)
        await stack.enter_async_context(_beside(resync.run(), "the list", stop))
        inbox = Inbox(queue, metrics, memory)
        await stack.enter_async_context(_watching(ask, settings, inbox, stop))
        logger.info("Working for %s", ", ".join(settings.namespaces) or "all namespaces")
        yield Running(port, queue, metrics)


async def _first_list(resync: Resync, settings: OperatorSettings) -> None:
    """List everything, which tells whether our kinds are served."""
    deadline = time.monotonic() + settings.crd_wait_seconds
    while True:
        try:
            return await resync.list_everything()
        except ApiError as error:
            if time.monotonic() > deadline:
                raise NotServedError(
                    f"CurationRuns and Datasources could not be listed for"
                    f" {settings.crd_wait_seconds:.0f} s ({error}). To fix it: install the CRDs of"
                    " this version, and let the operator list them"
                ) from error
            logger.info("Waiting for our kinds to be served: %s", error)
            await asyncio.sleep(CRD_PAUSE_SECONDS)


@contextlib.asynccontextmanager
async def _leading(
    ask: ApiServer, settings: OperatorSettings, health: Health, stop: asyncio.Event
) -> AsyncIterator[None]:
    lease = Lease(ask, settings)
    health.is_standby = True
    await lease.acquire()
    health.is_standby = False
    try:
        async with _beside(lease.keep(), "the Lease", stop):
            yield
    finally:
        await lease.release()


@contextlib.asynccontextmanager
async def _watching(
    ask: ApiServer, settings: OperatorSettings, inbox: Inbox, stop: asyncio.Event
) -> AsyncIterator[None]:
    """kopf, for as long as the block runs. When it gives up, so do we: a restart is the cure."""
    stop_kopf = asyncio.Event()
    ours = asyncio.all_tasks()
    tasks = await kopf.spawn_tasks(
        settings=kopf_settings(),
        namespaces=list(settings.namespaces),
        clusterwide=not settings.namespaces,
        standalone=True,
        # It has no peers; without this it asks for the name of its user, who may have none.
        identity="curation-operator",  # type: ignore[arg-type]
        stop_flag=stop_kopf,
        memo=kopf.Memo(inbox=inbox, log_in=partial(connection_info, ask)),
    )
    for task in tasks:
        # With one of them gone kopf ends the others, and that can take for ever.
        task.add_done_callback(lambda _: stop.set())
    watch = kopf.run_tasks(tasks, ignored=ours)
    async with _beside(watch, "the watch", stop, ending=stop_kopf):
        yield


@contextlib.asynccontextmanager
async def _beside(
    coroutine: Coroutine[Any, Any, None],
    what: str,
    stop: asyncio.Event,
    ending: asyncio.Event | None = None,
) -> AsyncIterator[None]:
    """Run this beside the block. It never ends by itself; if it does, everything has to."""
    is_closing = asyncio.Event()

    async def watched() -> None:
        try:
            await coroutine
            if not is_closing.is_set():
                logger.error("%s has ended", what.capitalize())
        except LostLeaseError as error:
            logger.error("%s; ending", error)
        except Exception:
            logger.exception("%s has failed; ending", what.capitalize())
        finally:
            stop.set()

    task = asyncio.create_task(watched())
    try:
        yield
    finally:
        is_closing.set()
        if ending is not None:
            ending.set()
            await asyncio.wait([task], timeout=PATIENCE_SECONDS)
        task.cancel()
        await asyncio.wait([task], timeout=PATIENCE_SECONDS)
