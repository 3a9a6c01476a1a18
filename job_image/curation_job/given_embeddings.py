"""Embeddings that a user brings in a file, instead of those of a network."""

import logging
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation_api import JobConfig
from curation_api.names import EMBEDDINGS
from curation_job.buckets import LightlyBucket
from curation_job.records import Pixels
from curation_job.tables.embeddings_file import (
    EmbeddingsFile,
    EmbeddingsFileError,
    read_embeddings,
)
from curation_job.tables.samples import with_embeddings

logger = logging.getLogger(__name__)


class NoNetwork:
    """Stands where a network would, so that files are looked at and measured all the same."""

    dimensions = 1

    def embed(self, pixels_NHWC: Pixels) -> NDArray[np.float32]:
        """A zero for each; the file has what takes its place."""
        return np.zeros((len(pixels_NHWC), self.dimensions), np.float32)


@dataclass(frozen=True)
class GivenEmbeddings:
    """The embeddings of a file, and which samples it says are masked or selected already."""

    source: str
    """The file, for messages."""
    file: EmbeddingsFile

    @property
    def dimensions(self) -> int:
        """How many numbers an embedding has."""
        return int(self.file.embeddings_ND.shape[1])

    @property
    def masked(self) -> set[str]:
        """Samples that the selection must not see."""
        return self._names_of(self.file.masked_N)

    @property
    def selected(self) -> set[str]:
        """Samples that are selected already; they count towards the number of samples."""
        return self._names_of(self.file.selected_N)

    def put_into(self, table: pa.Table) -> pa.Table:
        """The same samples with the embeddings of the file. Each usable one must have one."""
        usable = table.column("corrupt").is_null()
        names = table.filter(usable).column("name").to_pylist()
        missing = [name for name in names if name not in self._row_of]
        if missing:
            raise EmbeddingsFileError(
                f"{self.source} has no embedding for {len(missing):,} samples of the input,"
                f" for example {missing[0]!r}",
                fix="Add their rows, or list the other files in a relevantFilenamesFile",
            )
        rows = [self._row_of[name] for name in names]
        return with_embeddings(table, self.file.embeddings_ND[rows])

    def _names_of(self, marked_N: NDArray[np.bool_]) -> set[str]:
        return {self.file.names[row] for row in np.flatnonzero(marked_N)}

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {name: row for row, name in enumerate(self.file.names)}


def read_given(config: JobConfig, bucket: LightlyBucket) -> GivenEmbeddings | None:
    """The file of embeddings that the configuration names; None where a network makes them."""
    name = config.worker_config.embeddings
    if not name:
        return None
    key = name if name.startswith(f"{EMBEDDINGS}/") else f"{EMBEDDINGS}/{name}"
    content = bucket.read(key)
    if content is None:
        raise EmbeddingsFileError(
            f"The file of embeddings {key} is not in the LIGHTLY bucket",
            fix=f"Put it there, or correct workerConfig.embeddings ({name!r})",
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EmbeddingsFileError(
            f"{key} is not UTF-8 from byte {error.start} on", fix="Save it as UTF-8 text"
        ) from error
    width = config.lightly_config.model.num_ftrs
    given = GivenEmbeddings(key, read_embeddings(text, source=key, dimensions=width))
    logger.info("Using %d embeddings of %s; no network is needed", len(given.file.names), key)
    return given
