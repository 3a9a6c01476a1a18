"""The port, for every store: patience, resumed reads, and errors in our words are the same for all.

A location for raw files can be listed and read; only a LIGHTLY location can be written, and only
below `.lightly/`.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Generic, TypeVar

from curation_api.fields import has_dot_parts
from curation_api.names import DERIVED
from curation_api.problems import Reason
from curation_storage.errors import (
    ConflictError,
    NotFoundError,
    Operation,
    Place,
    StorageError,
    Trouble,
    storage_error,
)
from curation_storage.patience import Patience
from curation_storage.port import Listed
from curation_storage.read_ahead import ReadLimits, read_ahead
from curation_storage.scrubbing import scrub, scrubbed
from curation_storage.store import Body, Page, PastTheEnd, ReadableStore, Span, Store

T = TypeVar("T")
AnyStore = TypeVar("AnyStore", bound=ReadableStore)

_ALL = Span()
_LIMITS = ReadLimits()


class Bucket(Generic[AnyStore]):
    """A location in a bucket, to list and to read."""

    def __init__(self, store: AnyStore, folder: str, patience: Patience) -> None:
        self._store = store
        # With or without a slash at the end it is a folder: farm never means farm2.
        self._folder = f"{folder.rstrip('/')}/" if folder.rstrip("/") else ""
        self._patience = patience
        self.location = f"{store.name}/{self._folder}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.location}>"

    def list(self, prefix: str = "") -> Iterator[Listed]:
        """Every file whose name starts with the prefix, in the order of the bytes of the names."""
        return self._list_behind(prefix, "")

    def look_up(self, name: str) -> Listed | None:
        """A file as a listing would show it; None when it is not there."""
        try:
            found = self._patiently(
                Operation.READ, name, lambda: self._store.look_up(self._folder + name)
            )
        except NotFoundError as error:
            if error.problem.reason is Reason.NOT_FOUND:
                return None
            raise
        return _renamed(found, name)

    def expires_at(self, name: str) -> datetime | None:
        """When a rule of the store will delete the file; None when it does not say that."""
        return self._patiently(
            Operation.READ, name, lambda: self._store.expires_at(self._folder + name)
        )

    def exists(self, name: str) -> bool:
        """Whether the file is there."""
        return self.look_up(name) is not None

    def exists_as_folder(self) -> bool:
        """Whether the place itself is there, even if it is empty."""
        is_listed = any(True for _ in self._listed(self._folder))
        return is_listed or not self._folder

    def read(self, name: str, *, start: int = 0, length: int | None = None) -> bytes:
        """The content of a file, or as much of a part of it as there is."""
        stop = None if length is None else start + length
        return b"".join(self._pieces(name, Span(start, stop)))

    def read_many(
        self, names: Iterable[str], limits: ReadLimits = _LIMITS
    ) -> Iterator[tuple[str, bytes | StorageError]]:
        """Files as they arrive, some ahead of what is taken; one that fails does not end it.

        What concerns all of them, such as an expired key, is raised, and so is a store that has
        stopped to answer. `names` is taken from a thread of its own, so it may wait for something
        that the results bring about.
        """
        silences = 0

        def read(name: str, take: Callable[[int], None]) -> bytes | StorageError:
            nonlocal silences
            try:
                content = b"".join(self._pieces(name, on_size=take))
            except StorageError as error:
                silences = silences + 1 if error.may_pass else 0
                if error.concerns_one_file and silences < limits.at_once:
                    return error
                raise
            silences = 0
            return content

        return read_ahead(read, names, limits)

    def download(self, name: str, path: Path) -> None:
        """Write the content of a file to a local path, a piece at a time."""
        pieces = self._pieces(name)
        first = next(pieces, b"")  # what is not there leaves no file behind
        with path.open("wb") as file:
            file.write(first)
            file.writelines(pieces)

    def read_url(self, name: str, *, seconds: int) -> str:
        """An address at which anybody can read the file for so long."""
        lifetime = timedelta(seconds=seconds)
        return self._patiently(
            Operation.SIGN, name, lambda: self._store.read_url(self._folder + name, lifetime)
        )

    def _list_behind(self, prefix: str, after: str) -> Iterator[Listed]:
        start = len(self._folder)
        for listed in self._listed(self._folder + prefix, after and self._folder + after):
            if not listed.name.endswith("/"):
                yield _renamed(listed, listed.name[start:])

    def _listed(self, prefix: str, after: str = "") -> Iterator[Listed]:
        """By whole names, with those that are only there so that a folder exists."""
        where = prefix.removeprefix(self._folder)
        token: str | None = None
        while True:
            page = self._page(prefix, token, after)
            files = iter(page.files)
            while listed := self._try(Operation.LIST, where, _next_of(files, None)):
                yield listed
            if (token := page.token) is None:
                return

    def _page(self, prefix: str, token: str | None, after: str) -> Page:
        return self._patiently(
            Operation.LIST,
            prefix.removeprefix(self._folder),
            lambda: self._store.page(prefix, token, after=after),
        )

    def _pieces(
        self, name: str, span: Span = _ALL, *, on_size: Callable[[int], None] | None = None
    ) -> Iterator[bytes]:
        """The content of a file, piece by piece.

        When a connection breaks, the next one goes on from the byte that was missing. If the file
        was replaced in between, that is a Conflict: no mixture is ever returned.
        """
        position, stop, etag = span.start, span.stop, span.etag
        while stop is None or position < stop:
            try:
                body, piece = self._begin(name, Span(position, stop, etag))
            except PastTheEnd:
                return
            if on_size:
                on_size(body.stop - position)
                on_size = None
            stop, etag = body.stop, body.etag
            try:
                while piece:
                    position += len(piece)
                    yield piece
                    piece = self._try(Operation.READ, name, _next_of(body.pieces, b""))
            except StorageError as error:
                if not error.may_pass:
                    raise

    def _begin(self, name: str, span: Span) -> tuple[Body, bytes]:
        """The first piece: once there is one, patience starts anew."""

        def begin() -> tuple[Body, bytes]:
            body = self._store.open(self._folder + name, span)
            piece = next(body.pieces, b"")
            if not piece and span.start < body.stop:
                raise self._said(_TOO_SHORT, Operation.READ, name)
            return body, piece

        return self._patiently(Operation.READ, name, begin)

    def _patiently(self, operation: Operation, name: str, action: Callable[[], T]) -> T:
        done: T = self._patience.repeating()(self._try, operation, name, action)
        return done

    def _try(self, operation: Operation, name: str, action: Callable[[], T]) -> T:
        """Do it once; what goes wrong is said in our words."""
        try:
            return action()
        except (StorageError, PastTheEnd):
            raise
        except Exception as error:
            trouble = self._store.trouble(error)
            if trouble is None:
                scrub(error, self._store.secrets)
                raise
        is_certain = bool(trouble.fix)
        if (
            operation is Operation.READ
            and trouble.reason is Reason.ACCESS_DENIED
            and not is_certain
        ):
            trouble = self._absent_or(trouble, name)
        # Raised here, so that the library's error, and what is in it, does not come along.
        raise self._said(trouble, operation, name)

    def _absent_or(self, trouble: Trouble, name: str) -> Trouble:
        """Whether a file is not there: stores say "denied" to those who may not list all."""
        key = self._folder + name
        try:
            first = next(iter(self._store.page(key, None).files), None)
        except Exception as error:
            if self._store.trouble(error) is None:
                raise
            return trouble
        is_there = first is not None and first.name == key
        return trouble if is_there else Trouble(Reason.NOT_FOUND)

    def _said(self, trouble: Trouble, operation: Operation, name: str) -> StorageError:
        store = self._store
        place = Place(
            where=f"{self.location}{name}",
            bucket=store.name,
            endpoint=store.endpoint,
            region=store.region,
        )
        right = store.right(operation, self._folder + name)
        return storage_error(_clean(trouble, store.secrets), operation, place, right=right)


class InputBucket(Bucket[ReadableStore]):
    """Raw files. There is no way to write one."""

    def list(self, prefix: str = "") -> Iterator[Listed]:
        """Every raw file; what we have derived from them is none, even if it lies here too."""
        listing = super().list(prefix)
        is_behind = not self._store.starts_anywhere
        while (listed := next(listing, None)) is not None:
            if not listed.name.startswith(_OURS):
                yield listed
            elif not is_behind:
                # There may be a million thumbnails before the first raw file.
                listing, is_behind = self._list_behind(prefix, _OURS + _LAST_CHARACTER), True


class LightlyBucket(Bucket[Store]):
    """Everything derived from raw files."""

    def write(self, name: str, content: bytes | Path) -> None:
        """Write a file, as a whole or not at all; an existing one is replaced."""
        key = self._ours(name)
        self._patiently(
            Operation.REPLACE,
            name,
            lambda: self._store.put(key, content, only_if_absent=False),
        )

    def write_if_absent(self, name: str, content: bytes | Path) -> bool:
        """Write a file unless it is there; says whether it was written."""
        key = self._ours(name)
        repeating = self._patience.repeating()
        try:
            repeating(
                self._try,
                Operation.WRITE,
                name,
                lambda: self._store.put(key, content, only_if_absent=True),
            )
        except ConflictError:
            if repeating.statistics["attempt_number"] == 1:
                return False
            # An earlier attempt may have been ours, with only its answer lost.
            return self.read(name) == (
                content if isinstance(content, bytes) else content.read_bytes()
            )
        return True

    def copy(self, source: str, target: str) -> None:
        """Make the target the same as the source; an existing one is replaced."""
        from_key, to_key = self._folder + source, self._ours(target)
        self._patiently(Operation.REPLACE, target, lambda: self._store.copy(from_key, to_key))

    def delete(self, name: str) -> None:
        """Remove a file; that it is not there is fine."""
        key = self._ours(name)
        self._patiently(Operation.DELETE, name, lambda: self._store.delete(key))

    def _ours(self, name: str) -> str:
        """The whole name; raw files may lie beside `.lightly/`, and nothing may happen to them."""
        if not name.startswith(_OURS) or has_dot_parts(name) or name.endswith("/"):
            raise ValueError(f"{name!r} is no file below {DERIVED}/")
        return self._folder + name


def _next_of(pieces: Iterator[T], otherwise: T) -> Callable[[], T]:
    return lambda: next(pieces, otherwise)


def _renamed(listed: Listed, name: str) -> Listed:
    return Listed(name, listed.size, listed.version, listed.modified)


def _clean(trouble: Trouble, secrets: Iterable[str]) -> Trouble:
    detail = " ".join(scrubbed(trouble.detail, secrets).split())
    if len(detail) > _LONGEST_DETAIL:
        detail = f"{detail[:_LONGEST_DETAIL]}…"
    return Trouble(trouble.reason, detail, trouble.fix, trouble.retry_after_seconds)


_OURS = f"{DERIVED}/"
_LAST_CHARACTER = "\U0010ffff"

_TOO_SHORT = Trouble(Reason.UNREACHABLE, "the answer ended too early")

# Enough for what a store has to say; some libraries add whole pages.
_LONGEST_DETAIL = 160
