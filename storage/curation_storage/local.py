"""A folder of this machine, or a volume mounted into it, as a bucket."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISREG

from curation_api.names import DERIVED
from curation_storage.errors import (
    AccessDeniedError,
    ConflictError,
    NotFoundError,
    StorageError,
    UnreachableError,
)
from curation_storage.port import Listed


class LocalInput:
    """Raw files in a folder. Links that lead out of it are not followed."""

    def __init__(self, root: Path, location: str) -> None:
        self.location = location
        self._root = root.resolve()
        if not self._root.is_dir():
            raise NotFoundError(
                f"The folder of {location} does not exist: {root}",
                fix="Create it, or correct the path and the name of the volume claim",
            )

    def list(self, prefix: str = "") -> Iterator[Listed]:
        """Files by the bytes of their names, as an object store lists them."""
        folder = prefix.rpartition("/")[0]
        start = self._root / folder if folder else self._root
        if not start.is_dir():
            return
        for listed in self._walk(start, f"{folder}/" if folder else ""):
            if listed.name.startswith(prefix):
                yield listed

    def _walk(self, folder: Path, prefix: str) -> Iterator[Listed]:
        try:
            entries = list(os.scandir(folder))
        except OSError as error:
            raise self._told("list", prefix, error) from error
        # A folder counts with its slash: "a.jpg" comes before "a/b.jpg", as in an object store.
        directories = {entry.name for entry in entries if self._is_folder(entry)}
        entries.sort(key=lambda entry: _bytes_of(entry.name, entry.name in directories))
        for entry in entries:
            name = f"{prefix}{entry.name}"
            if entry.name in directories:
                yield from self._walk(Path(entry.path), f"{name}/")
            elif (status := self._status(entry)) is not None:
                version = f"{status.st_mtime_ns:x}-{status.st_size:x}-{status.st_ino:x}"
                modified = datetime.fromtimestamp(status.st_mtime, UTC)
                yield Listed(name, status.st_size, version, modified)

    def _is_folder(self, entry: os.DirEntry[str]) -> bool:
        """Links to folders are not followed: they may lead out, or round in a circle."""
        return entry.is_dir(follow_symlinks=False)

    def _status(self, entry: os.DirEntry[str]) -> os.stat_result | None:
        """The status of a regular file, also through a link that stays inside."""
        if entry.is_symlink() and not self._is_inside(Path(entry.path)):
            return None
        try:
            status = entry.stat()
        except OSError:  # removed meanwhile, or a link to nowhere
            return None
        return status if S_ISREG(status.st_mode) else None

    def _is_inside(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self._root)

    def read(self, name: str, *, start: int = 0, length: int | None = None) -> bytes:
        """The content of a file, or a part of it."""
        path = self._path(name)
        try:
            with path.open("rb") as file:
                if start:
                    file.seek(start)
                return file.read() if length is None else file.read(length)
        except OSError as error:
            raise self._told("read", name, error) from error

    def read_many(self, names: Iterable[str]) -> Iterator[tuple[str, bytes | StorageError]]:
        """Files one after the other: the system reads ahead by itself."""
        for name in names:
            try:
                yield name, self.read(name)
            except StorageError as error:
                yield name, error

    def download(self, name: str, path: Path) -> None:
        """Copy a file."""
        try:
            shutil.copyfile(self._path(name), path)
        except OSError as error:
            raise self._told("read", name, error) from error

    def exists(self, name: str) -> bool:
        """Whether the file is there."""
        return self._path(name).is_file()

    def read_url(self, name: str, *, seconds: int) -> str:  # noqa: ARG002  a file does not expire
        """The path of the file, as an address."""
        return self._path(name).as_uri()

    def _path(self, name: str) -> Path:
        path = self._root / name
        if not name or "\0" in name or not self._is_inside(path):
            raise AccessDeniedError(
                f"{name!r} leads out of {self.location}",
                fix="Remove the link, or copy what it points to into the folder",
            )
        return path

    def _told(self, operation: str, name: str, error: OSError) -> StorageError:
        """What the system's error means."""
        what = f"Cannot {operation} {name or 'the folder'} in {self.location}"
        match error:
            case FileNotFoundError() | NotADirectoryError() | IsADirectoryError():
                return NotFoundError(f"{what}: it is not there", fix="Check the name")
            case PermissionError():
                return AccessDeniedError(
                    f"{what}: permission denied",
                    fix=f"Give user {os.geteuid()} the right to {operation} it",
                )
            case _:
                return UnreachableError(
                    f"{what}: {error.strerror or error}", fix="Check the disk and the volume"
                )


class LocalLightly(LocalInput):
    """A folder for everything derived."""

    def write(self, name: str, content: bytes | Path) -> None:
        """Write beside the place and rename: nobody ever sees half a file."""
        path = self._path(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, beside = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
            try:
                with os.fdopen(handle, "wb") as file:
                    if isinstance(content, bytes):
                        file.write(content)
                    else:
                        with content.open("rb") as source:
                            shutil.copyfileobj(source, file)
                Path(beside).chmod(0o644)
                Path(beside).replace(path)
            except BaseException:
                Path(beside).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise self._told("write", name, error) from error

    def write_if_absent(self, name: str, content: bytes) -> bool:
        """Write a file unless it is there; says whether it was written."""
        path = self._path(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".writing-") as file:
                file.write(content)
                file.flush()
                os.link(file.name, path)
        except FileExistsError:
            return False
        except OSError as error:
            raise self._told("write", name, error) from error
        return True

    def delete(self, name: str) -> None:
        """Remove a file below `.lightly/`; one that is gone already is fine."""
        if not name.startswith(f"{DERIVED}/"):
            raise ConflictError(
                f"{name!r} in {self.location} is not ours to delete",
                fix=f"Only files below {DERIVED}/ are ever removed",
            )
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as error:
            raise self._told("delete", name, error) from error


def _bytes_of(name: str, is_folder: bool) -> bytes:  # noqa: FBT001
    return os.fsencode(name) + (b"/" if is_folder else b"")
