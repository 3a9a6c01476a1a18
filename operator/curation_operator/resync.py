"""Every now and then, everything unfinished is looked at, whether or not an event came."""

import asyncio
import logging
import random
from collections.abc import Callable
from datetime import datetime

from curation_operator.kube.errors import ApiError
from curation_operator.kube.observe import read_datasource, read_run
from curation_operator.kube.port import Kube, Raw
from curation_operator.memory import Memory
from curation_operator.metrics import Metrics
from curation_operator.planning.datasource import due_at
from curation_operator.planning.keys import Key, LineKey
from curation_operator.planning.seen import DatasourceSeen, RunSeen, UnreadableRun
from curation_operator.planning.tidying import is_settled
from curation_operator.queue import WorkQueue
from curation_operator.settings import OperatorSettings

logger = logging.getLogger(__name__)


class Resync:
    """Lists what there is. The first time, that tells that our kinds are served."""

    def __init__(
        self,
        kube: Kube,
        queue: WorkQueue[Key],
        metrics: Metrics,
        memory: Memory,
        settings: OperatorSettings,
        clock: Callable[[], datetime],
    ) -> None:
        self._kube, self._queue, self._metrics = kube, queue, metrics
        self._memory, self._settings, self._clock = memory, settings, clock

    async def run(self) -> None:
        """List for ever, a little irregularly, so that many operators do not list together."""
        while True:
            pause = self._settings.resync_seconds * random.uniform(0.8, 1.2)  # noqa: S311
            await asyncio.sleep(pause)
            try:
                await self.list_everything()
            except ApiError as error:
                logger.warning("Could not list what there is: %s", error)

    async def list_everything(self) -> None:
        """Have everything unfinished looked at, and count what nobody had told us."""
        for namespace in self._settings.namespaces or (None,):
            async for raw in self._kube.every_run(namespace):
                self._meet_run(raw)
            async for raw in self._kube.every_datasource(namespace):
                self._meet_datasource(raw)
        self._memory.has_listed = True

    def _meet_run(self, raw: Raw) -> None:
        seen = read_run(raw, self._settings)
        if isinstance(seen, RunSeen):
            self._metrics.run_was_listed(seen.key, seen.status.state)
        state, observed = seen.status.state, seen.status.observed_generation
        if not is_settled(state, observed, seen.generation):
            line = LineKey(seen.key.namespace, raw["spec"]["datasourceRef"]["name"])
            self._memory.meet(line, seen.key.name)
            self._count_if_missed(seen.key, observed, seen.generation)
            self._expect(seen)
            self._queue.add(seen.key, is_urgent=state is None)

    def _meet_datasource(self, raw: Raw) -> None:
        seen = read_datasource(raw)
        self._metrics.datasource_was_seen(seen, seen.status)
        self._count_if_missed(seen.key, seen.status.observed_generation, seen.generation)
        self._expect(seen)
        wait = due_at(seen, self._settings) - self._clock()
        self._queue.add(seen.key, after=0 if seen.is_paused else max(0, wait.total_seconds()))

    def _expect(self, seen: RunSeen | UnreadableRun | DatasourceSeen) -> None:
        """Whoever tells of what we have just listed tells nothing new."""
        if not self._memory.has_listed:
            self._memory.expect(seen.key, seen.resource_version)

    def _count_if_missed(self, key: Key, observed: int | None, generation: int) -> None:
        if self._memory.has_listed and key not in self._queue and observed != generation:
            logger.warning("No event told of %s", key)
            self._metrics.missed.inc()
