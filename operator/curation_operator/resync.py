"""Every now and then, everything unfinished is looked at, whether or not an event came."""

import asyncio
import logging
import random

from curation_operator.kube.errors import ApiError
from curation_operator.kube.observe import read_datasource, read_run
from curation_operator.kube.port import Kube
from curation_operator.metrics import Metrics
from curation_operator.planning.keys import DatasourceKey, Key, RunKey
from curation_operator.planning.seen import RunSeen
from curation_operator.planning.tidying import is_settled
from curation_operator.queue import WorkQueue
from curation_operator.settings import OperatorSettings

logger = logging.getLogger(__name__)


class Resync:
    """Lists what there is. The first time, that tells that our kinds are served."""

    def __init__(
        self, kube: Kube, queue: WorkQueue[Key], metrics: Metrics, settings: OperatorSettings
    ) -> None:
        self._kube, self._queue, self._metrics = kube, queue, metrics
        self._settings = settings
        self.has_listed = False

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
                key = DatasourceKey(raw["metadata"]["namespace"], raw["metadata"]["name"])
                if key not in self._queue:
                    observed = read_datasource(raw).status.observed_generation
                    self._meet(key, observed, raw["metadata"]["generation"])
        self.has_listed = True

    def _meet_run(self, raw: dict[str, object]) -> None:
        seen = read_run(raw, self._settings)
        if isinstance(seen, RunSeen):
            self._metrics.run_was_listed(seen.key, seen.status.state)
        state, observed = seen.status.state, seen.status.observed_generation
        if not is_settled(state, observed, seen.generation):
            self._meet(RunKey(seen.key.namespace, seen.key.name), observed, seen.generation)

    def _meet(self, key: Key, observed: int | None, generation: int) -> None:
        if self.has_listed and key not in self._queue and observed != generation:
            logger.warning("No event told of %s", key)
            self._metrics.missed.inc()
        self._queue.add(key)
