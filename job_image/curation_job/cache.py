"""What earlier runs found out about files that have not changed since.

Rows are keyed by the identity of a file, and a whole cache by a digest of everything else that
decides its rows (network, weights, preprocessing). Each run adds a generation of sorted parts; a
lookup merges them, the newest first. So a run reads and writes in proportion to what is new.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from curation_api.names import CACHE, SUCCESS_FILE
from curation_job.buckets import LightlyBucket
from curation_job.records import Corrupt, Source
from curation_job.tables.samples import concatenated, marked_as_cached, sample_schema

logger = logging.getLogger(__name__)

ROWS_A_PART = 65_536

# Chunks ask for neighbouring rows one after the other, in each generation.
TABLES_KEPT = 32

# These say something about a moment, not about the file.
PASSING = frozenset(
    {
        Corrupt.MISSING,
        Corrupt.ACCESS_DENIED,
        Corrupt.DECODER_CRASHED,
        Corrupt.TOO_SLOW,
    }
)


@dataclass(frozen=True, slots=True)
class _Part:
    """A sorted table of a generation, and between which sources it lies."""

    key: str
    first: str
    last: str


class Cache:
    """The rows of one digest."""

    def __init__(
        self, bucket: LightlyBucket, digest: str, *, dimensions: int, scratch: Path
    ) -> None:
        self._bucket = bucket
        self._prefix = f"{CACHE}/embeddings/{digest}"
        self._dimensions = dimensions
        self._scratch = scratch
        self._generations = self._read_generations()
        self._loaded: dict[str, pa.Table] = {}

    def _read_generations(self) -> list[list[_Part]]:
        """The parts of each complete generation, the newest first."""
        keys = sorted(self._bucket.keys(f"{self._prefix}/"), reverse=True)
        indexes = [key for key in keys if key.endswith(SUCCESS_FILE)]
        return [
            [_Part(**part) for part in json.loads(content)]
            for content in map(self._bucket.read, indexes)
            if content is not None
        ]

    def lookup(self, sources: Sequence[Source]) -> pa.Table:
        """The rows of those sources (given by name) that are known and have not changed."""
        found = []
        missing = {source.name: source.identity for source in sources}
        for generation in self._generations:
            if not missing:
                break
            for part in generation:
                if part.last.encode() < sources[0].name.encode():
                    continue
                if part.first.encode() > sources[-1].name.encode():
                    break
                rows = _matching(self._table(part), missing)
                found.append(rows)
                for name in set(rows.column("source").to_pylist()):
                    missing.pop(name, None)
        return marked_as_cached(concatenated(found, self._dimensions))

    def _table(self, part: _Part) -> pa.Table:
        """A part; the last few are kept, since chunks ask for them one after the other."""
        if part.key not in self._loaded:
            if len(self._loaded) >= TABLES_KEPT:
                self._loaded.pop(next(iter(self._loaded)))
            path = self._scratch / "cache-part.parquet"
            self._bucket.download(part.key, path)
            self._loaded[part.key] = pyarrow.parquet.read_table(path)
        return self._loaded[part.key]

    def writer(self, generation: str) -> "GenerationWriter":
        """Write what this run has found out, under a name that sorts behind all earlier ones."""
        return GenerationWriter(
            self._bucket, f"{self._prefix}/{generation}", self._dimensions, self._scratch
        )


def _matching(table: pa.Table, missing: dict[str, str]) -> pa.Table:
    """The rows whose source is asked for and whose identity is still the same."""
    wanted = pa.table({"source": list(missing), "identity": list(missing.values())})
    asked = table.filter(pc.is_in(table.column("source"), wanted.column("source")))
    names, identities = asked.column("source").to_pylist(), asked.column("identity").to_pylist()
    same = [missing[name] == identity for name, identity in zip(names, identities, strict=True)]
    return asked.filter(pa.array(same, pa.bool_()))


class GenerationWriter:
    """Adds rows, given by source name, and makes them visible at the end."""

    def __init__(self, bucket: LightlyBucket, prefix: str, dimensions: int, scratch: Path) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._path = scratch / "cache-new.parquet"
        self._waiting = [sample_schema(dimensions).empty_table()]
        self._parts: list[_Part] = []

    def add(self, table: pa.Table) -> None:
        """Keep the rows that are new and will still be true tomorrow."""
        passing = pc.is_in(table.column("corrupt"), pa.array([str(reason) for reason in PASSING]))
        known = pc.or_(passing, table.column("cached"))
        self._waiting.append(table.filter(pc.invert(known)))
        if sum(waiting.num_rows for waiting in self._waiting) >= ROWS_A_PART:
            self._write()

    def _write(self) -> None:
        table = pa.concat_tables(self._waiting)
        self._waiting = [table.slice(0, 0)]
        if table.num_rows == 0:
            return
        key = f"{self._prefix}/part-{len(self._parts):08}.parquet"
        pyarrow.parquet.write_table(table, self._path, compression="zstd")
        self._bucket.write(key, self._path)
        names = table.column("source")
        self._parts.append(_Part(key, names[0].as_py(), names[-1].as_py()))

    def commit(self) -> None:
        """From now on later runs see these rows."""
        self._write()
        self._path.unlink(missing_ok=True)
        if self._parts:
            index = [{"key": p.key, "first": p.first, "last": p.last} for p in self._parts]
            self._bucket.write(f"{self._prefix}/{SUCCESS_FILE}", json.dumps(index).encode())
