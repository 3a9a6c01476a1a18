"""A place for raw files in memory: where a million names would be too slow on any real store.

The contract suite holds it to the same promises as the real ones.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from curation_api.problems import Reason
from curation_storage import Listed, NotFoundError, StorageError


class FakePlace:
    """Files of one byte, and some with content."""

    location = "fake://place/"

    def __init__(self, names: Iterable[str], contents: Mapping[str, bytes] | None = None) -> None:
        self._contents = {**dict.fromkeys(names, b"x"), **(contents or {})}
        self._names = sorted(self._contents)
        self.listings: list[str] = []
        """The prefix of every listing so far."""
        self.files_shown = 0

    def list(self, prefix: str = "") -> Iterator[Listed]:
        self.listings.append(prefix)
        for name in self._names:
            if name.startswith(prefix):
                self.files_shown += 1
                yield Listed(name, len(self._contents[name]), "v")

    def look_up(self, name: str) -> Listed | None:
        content = self._contents.get(name)
        return None if content is None else Listed(name, len(content), "v")

    def expires_at(self, name: str) -> None:
        """Nothing here does."""

    def exists(self, name: str) -> bool:
        return name in self._contents

    def exists_as_folder(self) -> bool:
        return True

    def read(self, name: str, *, start: int = 0, length: int | None = None) -> bytes:
        if name not in self._contents:
            raise NotFoundError(
                f"Reading {self.location}{name} failed: it is not there.",
                fix="Check the name",
                reason=Reason.NOT_FOUND,
                where=f"{self.location}{name}",
            )
        stop = None if length is None else start + length
        return self._contents[name][start:stop]

    def read_many(self, names: Iterable[str]) -> Iterator[tuple[str, bytes | StorageError]]:
        for name in names:
            try:
                yield name, self.read(name)
            except NotFoundError as error:
                yield name, error

    def download(self, name: str, path: Path) -> None:
        path.write_bytes(self.read(name))

    def read_url(self, name: str, *, seconds: int) -> str:
        return f"{self.location}{name}?for={seconds}"
