"""What a run needs of its two buckets. `curation_storage` provides it; so does a folder."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

from curation_job.records import Source
from curation_storage.relevant import RelevantFilenames


class InputBucket(Protocol):
    """The raw files: listed and read."""

    location: str
    """Where they lie, for messages."""

    def list_sources(self, relevant: RelevantFilenames | None = None) -> Iterator[Source]:
        """Every file below the location, by name, in the order of its bytes.

        Where a list says which are relevant, those only, and also those it names in vain.
        """

    def expires_at(self, name: str) -> datetime | None:
        """When a rule of the bucket will delete a file; None when none will."""


class LightlyBucket(Protocol):
    """Everything derived: read and written. Keys are relative to the location."""

    def relevant_filenames(self, path: str) -> RelevantFilenames:
        """What a list of relevant filenames says; no such list is an error."""

    def read(self, key: str) -> bytes | None:
        """The content of a file; None when it is not there."""

    def download(self, key: str, path: Path) -> bool:
        """Write the content of a file to a local path; False when it is not there."""

    def exists(self, key: str) -> bool:
        """Whether a file is there."""

    def write(self, key: str, content: bytes | Path) -> None:
        """Write a file, as a whole or not at all."""

    def keys(self, prefix: str) -> Iterator[str]:
        """The files whose keys start with the prefix."""

    def delete(self, key: str) -> None:
        """Remove a file below `.lightly/`."""
