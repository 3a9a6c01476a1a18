"""Opens the buckets of a run for the worker, in its own words."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from curation_api.datasource import Location
from curation_job.records import Corrupt, Source, Unusable
from curation_storage import (
    AccessDeniedError,
    NotFoundError,
    Readable,
    StorageError,
    Writable,
    open_input,
    open_lightly,
)
from curation_storage.relevant import RelevantFilenames, read_relevant_filenames
from curation_storage.relevant_listing import list_relevant


@dataclass(frozen=True, slots=True)
class Address:
    """Where a place is and what opens it. Survives pickling; shows no secret."""

    location: Location
    secret: Mapping[str, str]
    volumes: Path

    def __repr__(self) -> str:
        """Without the secret."""
        return f"Address({self.location!r})"

    def open_reader(self) -> "Reader":
        """The raw files, for a worker process."""
        return Reader(open_input(self.location, self.secret, volumes=self.volumes))


class Reader:
    """The contents of raw files; what is missing or denied is a fact about the file."""

    def __init__(self, place: Readable) -> None:
        self._place = place

    def read_many(self, names: Iterator[str]) -> Iterator[tuple[str, bytes | Unusable]]:
        """Files in any order, some ahead of what is taken."""
        for name, content in self._place.read_many(names):
            yield name, _unusable(content) if isinstance(content, StorageError) else content

    def download(self, name: str, path: Path) -> None:
        """Write a file's content to a local path."""
        try:
            self._place.download(name, path)
        except StorageError as error:
            raise _unusable(error) from error


def _unusable(error: StorageError) -> Unusable:
    """What a store's answer says about a file; anything else ends the run, to be tried again."""
    match error:
        case NotFoundError():
            return Unusable(Corrupt.MISSING)
        case AccessDeniedError():
            return Unusable(Corrupt.ACCESS_DENIED, error.problem.message)
        case _:
            raise error


class InputFiles:
    """The list of raw files."""

    def __init__(self, place: Readable) -> None:
        self._place = place
        self.location = place.location

    def list_sources(self, relevant: RelevantFilenames | None = None) -> Iterator[Source]:
        """Every file but what we have derived ourselves; of these, what is relevant."""
        found = self._place.list() if relevant is None else list_relevant(self._place, relevant)
        for listed in found:
            yield Source(listed.name, listed.size, listed.version)

    def expires_at(self, name: str) -> datetime | None:
        """When a rule of the bucket will delete a file; one that is gone does not expire."""
        with suppress(NotFoundError):
            return self._place.expires_at(name)
        return None


class DerivedFiles:
    """Everything derived."""

    def __init__(self, place: Writable) -> None:
        self._place = place

    def relevant_filenames(self, path: str) -> RelevantFilenames:
        """What a list of relevant filenames says; no such list is an error."""
        return read_relevant_filenames(self._place, path)

    def read(self, key: str) -> bytes | None:
        """The content of a file; None when it is not there."""
        try:
            return self._place.read(key)
        except NotFoundError:
            return None

    def download(self, key: str, path: Path) -> bool:
        """Write the content of a file to a local path; False when it is not there."""
        with suppress(NotFoundError):
            self._place.download(key, path)
            return True
        return False

    def exists(self, key: str) -> bool:
        """Whether a file is there."""
        return self._place.exists(key)

    def write(self, key: str, content: bytes | Path) -> None:
        """Write a file, as a whole or not at all."""
        self._place.write(key, content)

    def keys(self, prefix: str) -> Iterator[str]:
        """The files whose keys start with the prefix."""
        for listed in self._place.list(prefix):
            yield listed.name

    def delete(self, key: str) -> None:
        """Remove a file below `.lightly/`."""
        self._place.delete(key)


def open_derived(address: Address) -> DerivedFiles:
    """The place for everything derived."""
    return DerivedFiles(open_lightly(address.location, address.secret, volumes=address.volumes))


def open_listed(address: Address) -> InputFiles:
    """The raw files, to be listed."""
    return InputFiles(open_input(address.location, address.secret, volumes=address.volumes))
