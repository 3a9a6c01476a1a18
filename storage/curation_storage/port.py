"""What buckets are to the rest of the product: a small port that five kinds of store fulfil.

Names are paths relative to the location of a Datasource, with '/' between their parts. Everything
raises `StorageError`, with the place and what to do in its message.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from curation_storage.errors import StorageError


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as the store lists it."""

    name: str
    size: int
    version: str
    """Differs whenever the content may differ: a version id, or etag, size and time."""
    modified: datetime | None = None


class Readable(Protocol):
    """A place that can be listed and read. A place of raw files is nothing more than this."""

    location: str
    """The place, as people write it."""

    def list(self, prefix: str = "") -> Iterator[Listed]:
        """Every file whose name starts with the prefix, in the order of the bytes of the names.

        Memory does not grow with their number.
        """

    def look_up(self, name: str) -> Listed | None:
        """A file as a listing would show it; None when it is not there."""

    def expires_at(self, name: str) -> datetime | None:
        """When a rule of the store will delete the file; None when none will, or it does not say.

        S3 says so. Nothing in a folder expires.
        """

    def exists(self, name: str) -> bool:
        """Whether the file is there."""

    def exists_as_folder(self) -> bool:
        """Whether the place itself is there, even if it is empty."""

    def read(self, name: str, *, start: int = 0, length: int | None = None) -> bytes:
        """The content of a file, or as much of a part of it as there is."""

    def read_many(self, names: Iterable[str]) -> Iterator[tuple[str, bytes | StorageError]]:
        """Files as they arrive, some ahead of what is taken; one that fails does not end it."""

    def download(self, name: str, path: Path) -> None:
        """Write the content of a file to a local path, a piece at a time."""

    def read_url(self, name: str, *, seconds: int) -> str:
        """An address at which anybody can read the file for so long."""


class Writable(Readable, Protocol):
    """A place that can be written too, below `.lightly/` only: raw files may lie beside it."""

    def write(self, name: str, content: bytes | Path) -> None:
        """Write a file, as a whole or not at all; an existing one is replaced."""

    def write_if_absent(self, name: str, content: bytes | Path) -> bool:
        """Write a file unless it is there; says whether it was written."""

    def copy(self, source: str, target: str) -> None:
        """Make the target the same as the source; an existing one is replaced."""

    def delete(self, name: str) -> None:
        """Remove a file; that it is not there is fine."""
