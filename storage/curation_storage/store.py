"""What a provider must be able to do. Everything else is the same for all and done in `bucket`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from curation_storage.errors import Operation, Trouble
from curation_storage.port import Listed

# Small enough to lose little when a connection breaks, large enough to cost next to nothing.
PIECE_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Page:
    """Some files, in the order of the bytes of their keys, and where to go on."""

    files: Iterable[Listed]
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Which bytes of a file are wanted."""

    start: int = 0
    stop: int | None = None
    etag: str | None = None
    """Only of this content; the store answers Conflict when there is another one by now."""


@dataclass(frozen=True, slots=True)
class Body:
    """The content of a file on its way."""

    stop: int
    """Where the bytes that come will end."""
    etag: str | None
    pieces: Iterator[bytes]


class PastTheEnd(Exception):  # noqa: N818  says where the span lies
    """A span starts where the file has ended already; there is nothing to read."""


class ReadableStore(Protocol):
    """A bucket of one provider. Keys are whole; nothing is tried twice, no error is translated."""

    name: str
    """As users write it: s3://farm."""
    endpoint: str
    """Who answers, for messages."""
    region: str
    starts_anywhere: bool
    """Whether `after` is heeded; otherwise all files are listed."""
    secrets: tuple[str, ...]
    """What must not be seen in any message."""

    def page(self, prefix: str, token: str | None, *, after: str = "") -> Page:
        """Files whose keys start with the prefix; the first page begins behind `after`."""

    def look_up(self, key: str) -> Listed:
        """What the store knows of a file."""

    def expires_at(self, key: str) -> datetime | None:
        """When a rule of the store will delete a file; None when it does not say that."""

    def open(self, key: str, span: Span) -> Body:
        """Start to read."""

    def read_url(self, key: str, lifetime: timedelta) -> str:
        """An address from which anybody can read the file for a while."""

    def trouble(self, error: Exception) -> Trouble | None:
        """What an error of the provider's library means; None when it is none of those."""

    def right(self, operation: Operation, key: str) -> str:
        """What has to be allowed for an operation, in the provider's own words."""


class Store(ReadableStore, Protocol):
    """A bucket that is written to."""

    def put(self, key: str, content: bytes | Path, *, only_if_absent: bool) -> None:
        """Write a file, as a whole or not at all."""

    def copy(self, source: str, target: str) -> None:
        """Make the target the same as the source, without its bytes passing through here."""

    def delete(self, key: str) -> None:
        """Remove a file; that it is not there is no error."""


def version_of(etag: str, size: int, modified: datetime) -> str:
    """What tells contents apart where the store has no version ids.

    Listings and answers about one file differ in quotes and in fractions of a second.
    """
    return f"{etag.strip(_QUOTE)}-{size}-{int(modified.timestamp())}"


_QUOTE = '"'
