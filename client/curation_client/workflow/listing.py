"""The raw files of the current dataset, and what lies beside them, with addresses to read them."""

import time
from collections.abc import Iterator
from typing import Any

from curation_api.names import (
    DERIVED,
    EMBEDDINGS,
    METADATA,
    PREDICTIONS,
    PROCESSED_UNTIL_ANNOTATION,
)
from curation_api.problems import InvalidConfigurationError
from curation_client.bucket.files import LONGEST_URL_SECONDS
from curation_client.workflow.current import Current
from curation_storage import Listed, Readable
from curation_storage.relevant import read_relevant_filenames
from curation_storage.relevant_listing import list_relevant

NameAndUrl = tuple[str, str]


class RunWithoutArtifactError(InvalidConfigurationError, ValueError):
    """One of two arguments that belong together."""


class Listing:
    """What lies in the two places of the current dataset."""

    def __init__(self, current: Current) -> None:
        self._current = current

    def raw(
        self, *, since: int, until: int | None, relevant: str | None, progress: Any
    ) -> Iterator[NameAndUrl]:
        """Raw files that changed in this time, in unix seconds, both ends included."""
        datasource = self._current.dataset()
        place = self._current.places.open_input(datasource)
        if relevant is None:
            listed: Iterator[Listed] = place.list()
        else:
            names = read_relevant_filenames(self._current.places.open_lightly(datasource), relevant)
            listed = list_relevant(place, names)
        of_users = (one for one in listed if not one.name.startswith(f"{DERIVED}/"))
        return _with_urls(place, of_users, since, until, progress)

    def new(self) -> list[NameAndUrl]:
        """Raw files that changed since they were last listed as new."""
        now, last = int(time.time()), self.processed_until()
        since = last + 1 if last else 0
        found = [*self.raw(since=since, until=now, relevant=None, progress=None)]
        self.set_processed_until(now)
        return found

    def derived(
        self, prefix: str, *, since: int, until: int | None, progress: Any
    ) -> Iterator[NameAndUrl]:
        """Files below a folder of the LIGHTLY bucket that changed in this time."""
        place = self._current.places.open_lightly(self._current.dataset())
        return _with_urls(place, place.list(f"{prefix}/"), since, until, progress)

    def processed_until(self) -> int:
        """Until when raw files were listed as new, in unix seconds; 0 when they never were."""
        return int(self._current.dataset().annotations.get(PROCESSED_UNTIL_ANNOTATION, 0))

    def set_processed_until(self, timestamp: int) -> None:
        """Set it, also back, to list files as new once more."""
        patch = {"metadata": {"annotations": {PROCESSED_UNTIL_ANNOTATION: str(int(timestamp))}}}
        self._current.datasources.change(self._current.dataset().name, patch)

    def prediction_url(self, name: str) -> str:
        """An address to read a file of predictions."""
        return self._url(f"{PREDICTIONS}/{name}")

    def metadata_url(self, name: str) -> str:
        """An address to read a file of metadata."""
        return self._url(f"{METADATA}/{name}")

    def embedding_url(self, name: str) -> str:
        """An address to read a file of embeddings."""
        return self._url(f"{EMBEDDINGS}/{name}")

    def check_run_and_artifact(self, run_id: str | None, artifact_id: str | None) -> None:
        """`ValueError` unless both are given or neither."""
        if (run_id is None) is not (artifact_id is None):
            raise RunWithoutArtifactError(
                "run_id and relevant_filenames_artifact_id belong together",
                fix="Pass both or neither",
            )

    def _url(self, name: str) -> str:
        place = self._current.places.open_lightly(self._current.dataset())
        return place.read_url(name, seconds=LONGEST_URL_SECONDS)


def _with_urls(
    place: Readable, listed: Iterator[Listed], since: int, until: int | None, progress: Any
) -> Iterator[NameAndUrl]:
    until = int(time.time()) if until is None else until
    for one in listed:
        if one.modified is not None and not since <= int(one.modified.timestamp()) <= until:
            continue
        if progress is not None:
            progress.update(1)
        yield one.name, place.read_url(one.name, seconds=LONGEST_URL_SECONDS)
