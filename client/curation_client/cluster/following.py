"""One object as it changes, by a watch: at once, on each change, and until it is gone."""

import logging
import time
from collections.abc import Callable, Iterator

from curation_client.cluster.api_server import Retries
from curation_client.cluster.errors import ApiException, ServiceException
from curation_client.cluster.objects import Objects, Spec, Status, Stored

logger = logging.getLogger(__name__)

GONE = 410

# An API server that is away comes back; whoever waits for a run has time.
LONGEST_PAUSE_SECONDS = 30.0
WATCH_PAUSE_SECONDS = 0.5


def follow(
    objects: Objects[Spec, Status], seen: Stored[Spec, Status]
) -> Iterator[Stored[Spec, Status] | None]:
    """The object as it is, then as it changes; None, and no more, when it is gone.

    A watch that ends, expires or breaks is begun again after a fresh look, so that nothing that
    lasts is missed. While the API server is away this waits for it.
    """
    while True:
        current = _patiently(lambda: objects.find(seen.name))
        if current is None or current.uid != seen.uid:
            yield None
            return
        yield current
        yield from _changes(objects, current)


def _changes(
    objects: Objects[Spec, Status], current: Stored[Spec, Status]
) -> Iterator[Stored[Spec, Status]]:
    """What a watch tells until it ends, or until the object is gone."""
    try:
        for event in objects.watch(current.name, current.resource_version):
            if event["type"] == "DELETED":
                return
            yield objects.read(event["object"])
    except ApiException as error:
        if not isinstance(error, ServiceException) and error.status != GONE:
            raise
        logger.debug("%s", error)
        time.sleep(WATCH_PAUSE_SECONDS)


def _patiently(look: Callable[[], Stored[Spec, Status] | None]) -> Stored[Spec, Status] | None:
    failed = 0
    while True:
        try:
            return look()
        except ServiceException as error:
            failed += 1
            pause = min(Retries().pause(failed, error.status), LONGEST_PAUSE_SECONDS)
            logger.warning("%s; trying again in %.0f s", error.problem.message, pause)
            time.sleep(pause)
