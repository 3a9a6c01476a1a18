"""The samples of a dataset in the order of their bits: what was ever selected from it."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from curation_api.names import SAMPLES
from curation_storage import Readable


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample, and the file it is from: itself, or the video of a frame."""

    number: int
    name: str
    source: str


def samples_in(bucket: Readable) -> list[Sample]:
    """Every known sample. Its number never changes."""
    return [Sample(number, *row) for number, row in enumerate(_rows(bucket))]


def _rows(bucket: Readable) -> Iterator[tuple[str, str]]:
    from pyarrow import parquet  # large, and only needed here

    parts = sorted(listed.name for listed in bucket.list(f"{SAMPLES}/"))
    with tempfile.TemporaryDirectory(prefix="curation-") as folder:
        path = Path(folder) / "part.parquet"
        for part in parts:
            bucket.download(part, path)
            table = parquet.read_table(path, columns=["name", "source"])
            yield from zip(*(column.to_pylist() for column in table.columns), strict=True)
