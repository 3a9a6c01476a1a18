"""One pass over the files: fetch, check, measure and embed, chunk by chunk.

A chunk is done when its table lies in the LIGHTLY bucket. Whoever starts the same run again, after
a kill or on another machine, goes on with the next chunk.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation_job.cache import Cache
from curation_job.looking.pool import PixelBatch
from curation_job.looking.units import Unit
from curation_job.looking.worker import named
from curation_job.records import Pixels, Sample, Source
from curation_job.runtime.progress import Progress
from curation_job.runtime.stopping import StopRequest
from curation_job.stage_files import StageFiles
from curation_job.tables.samples import concatenated, sample_table
from curation_job.thumbnails import Thumbnails

logger = logging.getLogger(__name__)

Embeddings = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Files that are done together."""

    index: int
    first: int
    """The position of its first file among all."""
    sources: tuple[Source, ...]

    @property
    def file_name(self) -> str:
        """The table of its samples."""
        return chunk_file(self.index)


def chunk_file(index: int) -> str:
    """The table of a chunk's samples."""
    return f"part-{index:08}.parquet"


class Looks(Protocol):
    """Looks at units, in worker processes or from what an earlier pass kept."""

    def look_at(self, units: Iterable[Unit]) -> Iterator[PixelBatch]:
        """Every batch of every unit, as they arrive."""


class Network(Protocol):
    """Turns pixels into embeddings."""

    def embed(self, pixels_NHWC: Pixels) -> Embeddings:
        """The embeddings of at most one batch, in its order."""


@dataclass
class _UnitResult:
    """What became of one unit so far."""

    samples: list[Sample] = field(default_factory=list)
    embeddings: list[Embeddings] = field(default_factory=list)
    thumbnails: list[bytes] = field(default_factory=list)


@dataclass
class _OpenChunk:
    """A chunk on its way."""

    chunk: Chunk
    known: pa.Table
    waiting: set[int]
    results: dict[int, _UnitResult] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EmbeddingPass:
    """Everything a pass works with."""

    files: StageFiles
    cache: Cache
    looks: Looks
    network: Network
    dimensions: int
    batch_size: int
    is_video: bool
    progress: Progress
    stop: StopRequest
    thumbnails: Thumbnails | None = None

    def run(self, chunks: Iterable[Chunk]) -> None:
        """Do every chunk that is not done."""
        done = {name for name in self.files.names() if name.startswith("part-")}
        open_chunks: dict[int, _OpenChunk] = {}
        owner: dict[int, int] = {}
        units = self._units(chunks, done, open_chunks, owner)
        for arrived in self.looks.look_at(units):
            unit = arrived.unit.index
            opened = open_chunks[owner[unit]]
            self._take(arrived, opened)
            if arrived.batch.is_last:
                opened.waiting.remove(unit)
                if not opened.waiting:
                    self._finish(open_chunks.pop(owner[unit]))
            self.stop.check()
        for opened in list(open_chunks.values()):
            self._finish(opened)

    def _units(
        self,
        chunks: Iterable[Chunk],
        done: set[str],
        open_chunks: dict[int, _OpenChunk],
        owner: dict[int, int],
    ) -> Iterator[Unit]:
        """The units of what nobody knows yet; asked for one by one, while others are worked on."""
        for chunk in chunks:
            if chunk.file_name in done:
                self.progress.advance(len(chunk.sources), for_free=True)
                continue
            known = self.cache.lookup(chunk.sources)
            names = set(known.column("source").to_pylist())
            fresh = [source for source in chunk.sources if source.name not in names]
            self.progress.advance(len(chunk.sources) - len(fresh), for_free=True)
            self.progress.count("cached", known.num_rows)
            units = units_of(fresh, self.batch_size, is_video=self.is_video, start=len(owner))
            opened = _OpenChunk(chunk, known, {unit.index for unit in units})
            if not units:
                self._finish(opened)
                continue
            open_chunks[chunk.index] = opened
            for unit in units:
                owner[unit.index] = chunk.index
                yield unit

    def _take(self, arrived: PixelBatch, opened: _OpenChunk) -> None:
        """Embed a batch; the first of a unit starts it, perhaps again."""
        batch = arrived.batch
        if batch.number == 0:
            opened.results[batch.unit] = _UnitResult()
        result = opened.results[batch.unit]
        result.samples += batch.samples
        result.thumbnails += batch.thumbnails
        rows = [row for row in batch.rows if row is not None]
        started = time.monotonic()
        if rows:
            result.embeddings.append(self.network.embed(arrived.pixels_NHWC[rows]))
        self.progress.count("decoded", len(rows))
        files = len(arrived.unit.sources) if batch.is_last else 0
        self.progress.count("fetched", files)
        self.progress.advance(files, busy_seconds=time.monotonic() - started)

    def _finish(self, opened: _OpenChunk) -> None:
        """Write the table of a chunk, by name."""
        tables = [opened.known]
        for unit in sorted(opened.results):
            result = opened.results[unit]
            samples = named(result.samples)
            embeddings_ND = (
                np.concatenate(result.embeddings)
                if result.embeddings
                else np.zeros((0, self.dimensions), np.float32)
            )
            tables.append(sample_table(samples, embeddings_ND, self.dimensions))
            if self.thumbnails is not None:
                names = [sample.name for sample in samples]
                self.thumbnails.keep(opened.chunk.first, names, result.thumbnails)
        table = concatenated(tables, self.dimensions)
        self.files.write_table(opened.chunk.file_name, by_source(table))


def units_of(
    sources: Sequence[Source], batch_size: int, *, is_video: bool, start: int = 0
) -> list[Unit]:
    """Consecutive images batch by batch, or each video by itself."""
    size = 1 if is_video else batch_size
    groups = (tuple(sources[at : at + size]) for at in range(0, len(sources), size))
    return [Unit(index, group, is_video) for index, group in enumerate(groups, start=start)]


def by_source(table: pa.Table) -> pa.Table:
    """Rows in the order of the bytes of their source's name; frames by their number."""
    sources = table.column("source").to_pylist()
    frames = table.column("frame_index").to_pylist()
    order = sorted(range(table.num_rows), key=lambda row: (sources[row].encode(), frames[row] or 0))
    return table.take(pa.array(order, pa.int64()))
