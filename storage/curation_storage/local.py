"""Folders: a volume of the cluster, or any folder of this machine."""

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from curation_api.problems import Reason
from curation_storage.errors import Operation, Trouble
from curation_storage.folders import UNFINISHED_SUFFIX, Walk
from curation_storage.port import Listed
from curation_storage.store import PIECE_BYTES, Body, Page, PastTheEnd, Span

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
_REASONS = {
    errno.EACCES: Reason.ACCESS_DENIED,
    errno.EPERM: Reason.ACCESS_DENIED,
    errno.EROFS: Reason.ACCESS_DENIED,
    errno.ENOENT: Reason.NOT_FOUND,
    errno.ENOTDIR: Reason.NOT_FOUND,
    errno.EISDIR: Reason.NOT_FOUND,
    errno.ELOOP: Reason.NOT_FOUND,
    errno.ENAMETOOLONG: Reason.NOT_FOUND,
    errno.EEXIST: Reason.CONFLICT,
}
_WITHOUT_LINKS = {errno.EPERM, errno.ENOTSUP}


class LocalStore:
    """One volume, which nothing leads out of."""

    region = ""
    starts_anywhere = True
    secrets: tuple[str, ...] = ()

    def __init__(self, root: Path) -> None:
        # The volume itself may be a link; what is in it may lead nowhere else.
        self._root = root.resolve()
        self.name = str(self._root)
        self.endpoint = f"the volume {self._root}"

    def page(
        self,
        prefix: str,
        token: str | None,  # noqa: ARG002  all is one page
        *,
        after: str = "",
    ) -> Page:
        """Files whose keys start with the prefix."""
        if not self._root.is_dir():
            raise _NoVolumeError
        return Page(self._walk(prefix, after))

    def look_up(self, key: str) -> Listed:
        """A file as a listing would show it."""
        known = self._inside(key).stat()
        if not stat.S_ISREG(known.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        return _described(key, known)

    def expires_at(self, key: str) -> datetime | None:  # noqa: ARG002  none does
        """When a rule of the store will delete a file: never."""
        return None

    def open(self, key: str, span: Span) -> Body:
        """Start to read."""
        file = self._inside(key).open("rb")
        known = _described(key, os.fstat(file.fileno()))
        stop = known.size if span.stop is None else min(span.stop, known.size)
        if span.etag not in {None, known.version}:
            file.close()
            raise FileExistsError(errno.EEXIST, "it was replaced")
        if 0 < span.start >= known.size:
            file.close()
            raise PastTheEnd
        return Body(stop, known.version, _pieces(file, span.start, stop))

    def put(self, key: str, content: bytes | Path, *, only_if_absent: bool) -> None:
        """Write a file, as a whole or not at all."""
        target = self._inside(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        with _unfinished(target) as unfinished:
            if isinstance(content, bytes):
                unfinished.write_bytes(content)
            else:
                shutil.copyfile(content, unfinished)
            if only_if_absent:
                _claim(target, unfinished)
            else:
                unfinished.replace(target)

    def copy(self, source: str, target: str) -> None:
        """Make the target the same as the source."""
        self.put(target, self._inside(source), only_if_absent=False)

    def delete(self, key: str) -> None:
        """Remove a file."""
        self._inside(key).unlink(missing_ok=True)

    def read_url(self, key: str, lifetime: timedelta) -> str:  # noqa: ARG002  folders have no keys
        """The address of the file on this machine."""
        return self._inside(key).as_uri()

    def trouble(self, error: Exception) -> Trouble | None:
        """What an error of the operating system means."""
        if isinstance(error, _NoVolumeError):
            return Trouble(Reason.BUCKET_NOT_FOUND, fix=f"Create the folder {self.name}")
        if isinstance(error, _LeadsOutError):
            fix = f"Put the files themselves into {self.name} instead of a link"
            return Trouble(Reason.ACCESS_DENIED, "a link leads out of it", fix)
        if not isinstance(error, OSError) or error.errno is None:
            return None
        detail = error.strerror or os.strerror(error.errno)
        if error.errno in _NO_ROOM:
            return Trouble(Reason.ACCESS_DENIED, detail, f"Make room in {self.name}")
        return Trouble(_REASONS.get(error.errno, Reason.UNREACHABLE), detail)

    def right(self, operation: Operation, key: str) -> str:
        """What has to be allowed for an operation."""
        verb = {Operation.LIST: "list", Operation.READ: "read"}.get(operation, "write")
        return f"user {os.geteuid()} to {verb} {self.name}/{key}"

    def _walk(self, prefix: str, after: str) -> Iterator[Listed]:
        folder, _, start = prefix.rpartition("/")
        place = self._inside(folder) if folder else self._root
        if not place.is_dir():
            return
        base = f"{folder}/" if folder else ""
        if base and not start:
            os.scandir(place).close()  # who may not list it is told so first
            yield Listed(base, 0, "")
        walk = Walk(os.fsencode(self._root))
        behind = after.removeprefix(base) if after.startswith(base) else ""
        for path, known in walk.files(os.fsencode(place), start.encode(), behind.encode()):
            yield _described(base + path.decode(), known)

    def _inside(self, key: str) -> Path:
        """The real path of a file that lies where its key says."""
        if any(part in {"", ".", ".."} for part in key.split("/")) or "\0" in key:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        path = (self._root / key).resolve()
        if not path.is_relative_to(self._root):
            raise _LeadsOutError
        return path


class _NoVolumeError(Exception):
    """The folder that stands for the volume is not there."""


class _LeadsOutError(Exception):
    """A link leads out of the volume."""


@contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """A path beside the target; what is left there in the end is removed."""
    path = target.parent / f".{secrets.token_hex(8)}{UNFINISHED_SUFFIX.decode()}"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _claim(target: Path, finished: Path) -> None:
    """Give the file its name, unless somebody else has it."""
    try:
        target.hardlink_to(finished)
    except OSError as error:
        if error.errno not in _WITHOUT_LINKS:
            raise
        # Volumes that are made of object stores have no hard links: take the name first.
        os.close(os.open(target, os.O_CREAT | os.O_EXCL))
        finished.replace(target)


def _described(key: str, known: os.stat_result) -> Listed:
    version = f"{known.st_mtime_ns:x}-{known.st_size:x}-{known.st_ino:x}"
    return Listed(key, known.st_size, version, datetime.fromtimestamp(known.st_mtime, UTC))


def _pieces(file: IO[bytes], start: int, stop: int) -> Iterator[bytes]:
    with file:
        file.seek(start)
        while piece := file.read(min(PIECE_BYTES, stop - file.tell())):
            yield piece
