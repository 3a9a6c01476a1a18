"""Small JPEGs of the samples of this run, kept on local disk for whoever needs a picture.

Thumbnails are made from the one decode of each image, before anybody knows which will be selected,
pictured in the report or trained on. A budget bounds the disk they take.
"""

import sqlite3
from collections.abc import Sequence
from functools import partial
from pathlib import Path

# File systems allow this many bytes between two slashes. Object stores allow 1,024 in all, of which
# a bucket's prefix takes a part.
LONGEST_NAME_BYTES = 255
LONGEST_KEY_BYTES = 900

# What a thumbnail takes on average, generously.
BYTES_EACH = 16 * 1024


class Thumbnails:
    """A local store of thumbnails by sample name."""

    def __init__(self, path: Path, *, samples: int, budget_bytes: int) -> None:
        self._how = path, samples, budget_bytes
        self._every = max(1, -(-samples * BYTES_EACH // budget_bytes))
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS thumbnails (name TEXT PRIMARY KEY, jpeg BLOB) WITHOUT ROWID"
        )

    def __reduce__(self) -> tuple[object, ...]:
        """Another process opens the same file."""
        path, samples, budget_bytes = self._how
        return partial(Thumbnails, path, samples=samples, budget_bytes=budget_bytes), ()

    def keep(self, first: int, names: Sequence[str], jpegs: Sequence[bytes]) -> None:
        """Keep those that the budget allows: evenly spaced ones; `first` counts all samples."""
        rows = [
            (name, jpeg)
            for number, (name, jpeg) in enumerate(zip(names, jpegs, strict=True), start=first)
            if jpeg and number % self._every == 0
        ]
        self._database.execute("BEGIN")
        self._database.executemany("INSERT OR REPLACE INTO thumbnails VALUES (?, ?)", rows)
        self._database.execute("COMMIT")

    def get(self, name: str) -> bytes | None:
        """The thumbnail of a sample, if it was kept."""
        row = self._database.execute("SELECT jpeg FROM thumbnails WHERE name = ?", (name,))
        found = row.fetchone()
        return None if found is None else bytes(found[0])

    def names(self) -> list[str]:
        """The samples whose thumbnails were kept, by name."""
        rows = self._database.execute("SELECT name FROM thumbnails ORDER BY name")
        return [name for (name,) in rows]

    def close(self) -> None:
        """Give the file back."""
        self._database.close()


def can_be_stored(key: str) -> bool:
    """Whether every store takes this key: what we derive has longer names than what it is of."""
    encoded = key.encode()
    return len(encoded) <= LONGEST_KEY_BYTES and all(
        len(part) <= LONGEST_NAME_BYTES for part in encoded.split(b"/")
    )
