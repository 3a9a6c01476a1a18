"""Tells what happens as Events, the same thing again as a series, and never too much of it."""

import logging
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from curation_api.names import API_VERSION, GROUP
from curation_operator.kube.errors import ApiError
from curation_operator.kube.port import Kube
from curation_operator.planning.plan import Event, Manifest
from curation_operator.planning.seen import DatasourceSeen, RunSeen
from curation_operator.settings import OperatorSettings

logger = logging.getLogger(__name__)

# What the events API calls a series: the same again within this time.
SERIES_WINDOW = timedelta(minutes=6)

# An object that changes all the time must not fill the event store of the cluster.
MOST_PER_MINUTE = 10

LONGEST_NOTE = 1024
REMEMBERED = 2000


@dataclass
class _Told:
    name: str
    count: int
    at: datetime


class Recorder:
    """Posts events. What cannot be posted is logged: nobody waits for an event."""

    def __init__(
        self, kube: Kube, settings: OperatorSettings, clock: Callable[[], datetime]
    ) -> None:
        self._kube, self._settings, self._clock = kube, settings, clock
        self._told: OrderedDict[tuple[str, str, str], _Told] = OrderedDict()
        self._recent: OrderedDict[str, deque[datetime]] = OrderedDict()

    async def tell(self, about: RunSeen | DatasourceSeen, event: Event) -> None:
        """Tell whoever watches the object."""
        now = self._clock()
        if self._is_too_much(about.uid, now):
            return
        key = (about.uid, event.reason, event.note)
        told = self._told.get(key)
        try:
            if told is not None and now - told.at < SERIES_WINDOW:
                told.count, told.at = told.count + 1, now
                series = {"count": told.count, "lastObservedTime": _micro_time(now)}
                await self._kube.tell_again(about.key.namespace, told.name, series)
            else:
                name = await self._kube.tell(self._manifest(about, event, now))
                self._told[key] = _Told(name, 1, now)
        except ApiError as error:
            self._told.pop(key, None)
            logger.warning("Could not post the event %s: %s", event.reason, error)
        while len(self._told) > REMEMBERED:
            self._told.popitem(last=False)

    def _is_too_much(self, uid: str, now: datetime) -> bool:
        recent = self._recent.setdefault(uid, deque(maxlen=MOST_PER_MINUTE))
        self._recent.move_to_end(uid)
        while len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)
        if len(recent) == MOST_PER_MINUTE and now - recent[0] < timedelta(minutes=1):
            return True
        recent.append(now)
        return False

    def _manifest(self, about: RunSeen | DatasourceSeen, event: Event, now: datetime) -> Manifest:
        kind = "CurationRun" if isinstance(about, RunSeen) else "Datasource"
        key = about.key
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"generateName": f"{key.name}-", "namespace": key.namespace},
            "eventTime": _micro_time(now),
            "reportingController": f"{GROUP}/operator",
            "reportingInstance": self._settings.operator_name,
            "action": "Reconcile",
            "reason": str(event.reason),
            "type": "Warning" if event.is_warning else "Normal",
            "note": event.note[:LONGEST_NOTE],
            "regarding": {
                "apiVersion": API_VERSION,
                "kind": kind,
                "name": key.name,
                "namespace": key.namespace,
                "uid": about.uid,
            },
        }


def _micro_time(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
