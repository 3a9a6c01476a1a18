"""The files of one stage of one run in the LIGHTLY bucket, and whether it is complete.

A stage writes whatever it likes under its own prefix and `_SUCCESS.json` last. So whoever starts it
again sees what is there, and a stage that is complete is not done twice.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from curation_api.names import RUNS, SUCCESS_FILE
from curation_api.states import Stage
from curation_job.buckets import LightlyBucket


class StageFiles:
    """The files of one stage."""

    def __init__(self, bucket: LightlyBucket, run_uid: str, stage: Stage, scratch: Path) -> None:
        self._bucket = bucket
        self._prefix = f"{RUNS}/{run_uid}/stages/{stage}"
        self._scratch = scratch

    def facts(self, part: str = "") -> dict[str, Any] | None:
        """What the stage (or a part of it) left when it was complete; None while it is not."""
        content = self._bucket.read(self._key(f"{part}{SUCCESS_FILE}"))
        return None if content is None else dict(json.loads(content))

    def complete(self, facts: dict[str, Any], part: str = "") -> None:
        """Everything is written; leave what later stages need to know."""
        self._bucket.write(self._key(f"{part}{SUCCESS_FILE}"), json.dumps(facts).encode())

    def names(self) -> Iterator[str]:
        """The files that are there."""
        for key in self._bucket.keys(f"{self._prefix}/"):
            yield key.removeprefix(f"{self._prefix}/")

    def write(self, name: str, content: bytes | Path) -> None:
        """Write a file of the stage."""
        self._bucket.write(self._key(name), content)

    def read(self, name: str) -> bytes | None:
        """Read a file of the stage."""
        return self._bucket.read(self._key(name))

    def write_table(self, name: str, table: pa.Table) -> None:
        """Write a table of the stage."""
        path = self._scratch / name.replace("/", "-")
        pyarrow.parquet.write_table(table, path, compression="zstd")
        self._bucket.write(self._key(name), path)
        path.unlink()

    def read_table(self, name: str) -> pa.Table | None:
        """Read a table of the stage; None when it is not there."""
        path = self._scratch / name.replace("/", "-")
        if not self._bucket.download(self._key(name), path):
            return None
        table = pyarrow.parquet.read_table(path, memory_map=False)
        path.unlink()
        return table

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}"
