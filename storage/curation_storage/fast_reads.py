"""The way of every byte from a bucket to a worker: `obstore`, with credentials from our providers.

Python's own libraries for S3, GCS and Azure hold the interpreter lock for most of a small request,
so that a process cannot read more than a few hundred files a second, whatever the network does.
`docs/adr/0002-reading-goes-through-obstore.md` has the figures.
"""

import re
from abc import ABC, abstractmethod
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError

from curation_storage.answers import Answer, Silence, silence_in
from curation_storage.patience import Patience
from curation_storage.port import Listed
from curation_storage.store import PIECE_BYTES, Body, PastTheEnd, Span, version_of

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

# Repeating is done in one place for all providers.
NO_REPETITION: "RetryConfig" = {"max_retries": 0}

_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>([A-Za-z0-9]+)</Code>")
_MESSAGE = re.compile(r"<(?:Message|AuthenticationErrorDetail)>([^<]*)")
_DEBUG = re.compile(r"\n\s*Debug source:.*", re.DOTALL)

# Stores disagree on how to say that a range has no bytes, above all in an empty file.
_NO_SUCH_RANGE = re.compile(r"status code: 416|Wanted range starting at|CONTENT_RANGE header.*/0\"")


def client_options(patience: Patience, endpoint: str) -> "ClientConfig":
    """How to speak with a store."""
    return {
        "allow_http": endpoint.startswith("http://"),
        "connect_timeout": timedelta(seconds=patience.connect_seconds),
        "read_timeout": timedelta(seconds=patience.silence_seconds),
        # A large file may take its time, as long as bytes keep coming.
        "timeout": timedelta(days=1),
    }


def is_speakable(key: str) -> bool:
    """Whether obstore reads just this key. It would tidy up others, and so read another file."""
    return not any(part in {"", ".", ".."} or not part.isprintable() for part in key.split("/"))


class FastReads:
    """Reads and looks up files of one bucket."""

    def __init__(self, store: "ObjectStore", *, has_versions: bool = False) -> None:
        self._store = store
        self._has_versions = has_versions

    def open(self, key: str, span: Span) -> Body:
        """Start to read."""
        options: obstore.GetOptions = {}
        if span.etag is not None:
            options["if_match"] = span.etag
        if span.stop is not None:
            options["range"] = (span.start, span.stop)
        elif span.start:
            options["range"] = {"offset": span.start}
        try:
            result = obstore.get(self._store, key, options=options)
        except BaseError as error:
            if _NO_SUCH_RANGE.search(str(error)):
                raise PastTheEnd from None
            raise
        return Body(
            stop=result.range[1],
            etag=result.meta["e_tag"],
            pieces=iter(result.stream(PIECE_BYTES)),
        )

    def look_up(self, key: str) -> Listed:
        """A file as a listing would show it."""
        meta = obstore.head(self._store, key)
        size, modified = meta["size"], meta["last_modified"]
        generation = meta["version"] if self._has_versions else None
        version = generation or version_of(meta["e_tag"] or "", size, modified)
        return Listed(key, size, version, modified)


class FastStore(ABC):
    """A store whose files obstore reads, but for those with keys that it cannot speak."""

    def look_up(self, key: str) -> Listed:
        """A file as a listing would show it."""
        if is_speakable(key):
            self._be_ready()
            return self._fast.look_up(key)
        return self._look_up_slowly(key)

    def expires_at(self, key: str) -> datetime | None:  # noqa: ARG002  of no file is it known
        """When a rule of the store will delete a file; most stores do not say."""
        return None

    def open(self, key: str, span: Span) -> Body:
        """Start to read."""
        if is_speakable(key):
            self._be_ready()
            return self._fast.open(key, span)
        return self._open_slowly(key, span)

    @property
    @abstractmethod
    def _fast(self) -> FastReads:
        """The bucket, for obstore."""

    @abstractmethod
    def _be_ready(self) -> None:
        """Have credentials: what is wrong with them obstore cannot say as well."""

    @abstractmethod
    def _look_up_slowly(self, key: str) -> Listed:
        """The same as `look_up`, by the provider's own library."""

    @abstractmethod
    def _open_slowly(self, key: str, span: Span) -> Body:
        """The same as `open`, by the provider's own library."""


def answer_in(error: Exception) -> Answer | Silence | None:
    """What the store answered; None when the error is not one of obstore's."""
    is_missing = isinstance(error, FileNotFoundError) and "Object at location" in str(error)
    if not isinstance(error, BaseError) and not is_missing:
        return None
    text = _DEBUG.sub("", str(error))
    if status := _STATUS.search(text):
        code = _CODE.search(text)
        return Answer(
            status=int(status[1]),
            code=code[1] if code else "",
            # Azure adds the number of the request and the time.
            message=" ".join(said.partition("\n")[0] for said in _MESSAGE.findall(text)),
        )
    return silence_in(str(error))
