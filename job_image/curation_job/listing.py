"""Lists what there is to look at, once, so that every later step speaks of the same files."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from curation_api import CurationError, ExitCode, Reason
from curation_api.datasource import DatasourceType
from curation_job.looking.image_types import type_of_name
from curation_job.looking.videos import is_video
from curation_job.records import Source
from curation_job.runtime.progress import Progress

SOURCE_SCHEMA = pa.schema([("name", pa.string()), ("size", pa.int64()), ("identity", pa.string())])
ROWS_AT_ONCE = 65_536


class NoSamplesFound(CurationError):  # noqa: N818  says what happened
    """There is nothing to choose from."""

    reason = Reason.NO_SAMPLES_FOUND
    exit_code = ExitCode.DATA_UNUSABLE


def list_to_file(
    listed: Iterable[Source],
    path: Path,
    *,
    kind: DatasourceType,
    location: str,
    datasource: str,
    progress: Progress,
) -> int:
    """Write the files that are samples (or videos) to a local table and return their number."""
    is_wanted = is_video if kind is DatasourceType.VIDEOS else _is_image
    wanted, seen = 0, 0
    with pyarrow.parquet.ParquetWriter(path, SOURCE_SCHEMA, compression="zstd") as writer:
        for batch in _batched(listed, ROWS_AT_ONCE):
            seen += len(batch)
            kept = [source for source in batch if is_wanted(source.name)]
            wanted += len(kept)
            writer.write_table(_table(kept))
            progress.advance(len(kept))
    if wanted == 0:
        what = "video" if kind is DatasourceType.VIDEOS else "image"
        raise NoSamplesFound(
            f"No {what} found in {location} among {seen:,} files.",
            fix=f"Point spec.input of Datasource {datasource!r} at a folder that has {what}s",
        )
    return wanted


def sort_by_name(path: Path) -> None:
    """Put such a table into the order of names, which everything later counts on."""
    table = pyarrow.parquet.read_table(path)
    pyarrow.parquet.write_table(
        table.sort_by("name"), path, row_group_size=ROWS_AT_ONCE, compression="zstd"
    )


def _is_image(name: str) -> bool:
    return type_of_name(name) is not None


def _batched(sources: Iterable[Source], size: int) -> Iterator[list[Source]]:
    batch: list[Source] = []
    for source in sources:
        batch.append(source)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _table(sources: list[Source]) -> pa.Table:
    columns = [
        pa.array([source.name for source in sources], pa.string()),
        pa.array([source.size for source in sources], pa.int64()),
        pa.array([source.identity for source in sources], pa.string()),
    ]
    return pa.table(columns, schema=SOURCE_SCHEMA)


def chunk_size(sources: int, batch_size: int, kind: DatasourceType) -> int:
    """Files that are done together and saved together.

    Small enough that a restart repeats little, large enough that a hundred million files do not
    become a million objects; a whole number of batches, and the same for every number of workers.
    """
    if kind is DatasourceType.VIDEOS:
        return max(1, min(64, sources // 100))
    at_least = 512 // batch_size + 1
    return batch_size * max(at_least, min(16_384, sources // 1000) // batch_size)
