"""The first stage: what there is to look at, written down once for all workers of the run."""

import logging
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet

from curation_api.states import Stage, Step
from curation_job.embedding_pass import Chunk, chunk_file
from curation_job.expiring import without_expiring
from curation_job.listing import chunk_size, list_to_file, sort_by_name
from curation_job.records import Source
from curation_job.workspace import Workspace

logger = logging.getLogger(__name__)

SOURCES_FILE = "sources.parquet"


@dataclass(frozen=True, slots=True)
class Prepared:
    """The list of files, on local disk."""

    path: Path
    count: int
    chunk_size: int
    started_ms: int
    """When the run first listed: what later runs know is newer."""

    @property
    def chunks(self) -> int:
        """How many chunks there are."""
        return -(-self.count // self.chunk_size)

    def chunk_name(self, index: int) -> str:
        """The table of a chunk's samples."""
        return chunk_file(index)

    def files_in(self, chunk: int) -> int:
        """How many files a chunk has."""
        return min(self.chunk_size, self.count - chunk * self.chunk_size)

    def chunk(self, index: int) -> Chunk:
        """The files of a chunk."""
        first = index * self.chunk_size
        return Chunk(index, first, tuple(self._read(first)))

    def _read(self, first: int) -> list[Source]:
        """So many files from a position on; only the row groups that hold them are read."""
        file = pyarrow.parquet.ParquetFile(self.path)
        groups: list[int] = []
        offset = start = 0
        for group in range(file.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            if offset < first + self.chunk_size and offset + rows > first:
                start = start if groups else offset
                groups.append(group)
            offset += rows
        table = file.read_row_groups(groups).slice(first - start, self.chunk_size)
        return [Source(**row) for row in table.to_pylist()]


def prepare(space: Workspace) -> Prepared:
    """List the files, or read the list that an earlier attempt of the run has made."""
    files = space.files(Stage.PREPARE)
    path = space.scratch / SOURCES_FILE
    facts = files.facts()
    if facts is None:
        facts = _list(space, path)
        files.write(SOURCES_FILE, path)
        files.complete(facts)
    elif not path.exists():
        path.write_bytes(files.read(SOURCES_FILE) or b"")
    return Prepared(path, facts["count"], facts["chunkSize"], facts["startedMs"])


def _list(space: Workspace, path: Path) -> dict[str, int]:
    config = space.config
    space.progress.begin(Step.LOADING_DATASET, unit="files")
    list_of_files = config.worker_config.relevant_filenames_file
    relevant = space.lightly.relevant_filenames(list_of_files) if list_of_files else None
    sources = space.input.list_sources(relevant)
    if expiration := config.worker_config.datasource.input_expiration:
        sources = without_expiring(sources, expiration, space.input.expires_at)
    count = list_to_file(
        sources,
        path,
        kind=config.datasource_spec.type,
        location=space.input.location,
        datasource=config.datasource.name,
        progress=space.progress,
    )
    if relevant is not None:
        sort_by_name(path)  # a list is followed line by line
    logger.info("Found %d files in %s", count, space.input.location)
    batch = space.embed_settings(count).batch_size
    return {
        "count": count,
        "chunkSize": chunk_size(count, batch, config.datasource_spec.type),
        "startedMs": int(time.time() * 1000),
    }


def chunks_of_shard(prepared: Prepared, shard: int, shards: int) -> range:
    """The chunks that one of several workers does: neighbouring ones, about equally many."""
    return range(
        prepared.chunks * shard // shards,
        prepared.chunks * (shard + 1) // shards,
    )
