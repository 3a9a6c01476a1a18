"""Where events arrive: what they tell is remembered, and what is news is put on the queue."""

from dataclasses import dataclass

from curation_operator.memory import Memory
from curation_operator.metrics import Metrics
from curation_operator.planning.keys import DatasourceKey, Key, LineKey, RunKey
from curation_operator.queue import WorkQueue


@dataclass(frozen=True)
class Inbox:
    """What handlers speak to."""

    queue: WorkQueue[Key]
    metrics: Metrics
    memory: Memory

    def add(self, key: Key, *, is_urgent: bool = False) -> None:
        """An event spoke of this object."""
        self.metrics.heard_of(key)
        self.queue.add(key, is_urgent=is_urgent)

    def run_changed(self, key: RunKey, datasource: str, version: str, *, is_new: bool) -> None:
        """A run is there, or is another than before; now it has this version."""
        self.memory.meet(LineKey(key.namespace, datasource), key.name)
        self._changed(key, version, is_urgent=is_new)

    def datasource_changed(self, key: DatasourceKey, version: str) -> None:
        """A Datasource is there, or is another than before; now it has this version."""
        self._changed(key, version)

    def _changed(self, key: Key, version: str, *, is_urgent: bool = False) -> None:
        if self.memory.is_no_news(key, version):
            self.metrics.heard_of(key)
        else:
            self.add(key, is_urgent=is_urgent)

    def run_gone(self, key: RunKey, datasource: str) -> None:
        """A run was deleted."""
        line = LineKey(key.namespace, datasource)
        self.memory.forget(line, key.name)
        self.add(key)
        self.add(line)
