"""Brings the tables of all chunks together, on local disk, for the steps that need everything."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation_api import CurationError, ExitCode, Reason
from curation_job.duplicates import duplicates_of
from curation_job.tables.samples import embeddings_of, sample_schema

# N samples, U usable ones, D numbers an embedding.


class NothingUsable(CurationError):  # noqa: N818  says what happened
    """Every single sample is unusable."""

    reason = Reason.DATA_UNUSABLE
    exit_code = ExitCode.DATA_UNUSABLE


@dataclass(frozen=True, slots=True)
class Assembled:
    """Every sample of the input, by name, and the embeddings of the usable ones."""

    table: pa.Table
    """All samples without their embeddings, in the order of the bytes of their names."""

    usable_U: NDArray[np.int64]
    """The rows of the table that have an embedding."""

    embeddings_UD: NDArray[np.float32]
    """Their embeddings, in the order of `usable_U`."""

    @property
    def names(self) -> pa.ChunkedArray:
        """The names of all samples."""
        return self.table.column("name")

    def usable_column(self, name: str) -> pa.ChunkedArray:
        """A column for the usable samples."""
        return self.table.column(name).take(pa.array(self.usable_U))

    def without(self, names: Collection[str]) -> "Assembled":
        """The same, with these samples out of sight of the selection."""
        if not names:
            return self
        masked_U = pc.is_in(self.usable_column("name"), pa.array(sorted(names), pa.string()))
        seen_U = ~masked_U.to_numpy()
        return replace(
            self, usable_U=self.usable_U[seen_U], embeddings_UD=self.embeddings_UD[seen_U]
        )


def assemble(tables: Iterable[pa.Table], *, dimensions: int, scratch: Path) -> Assembled:
    """All samples by name. Embeddings lie in a file, the rest in a file that is mapped."""
    schema = sample_schema(dimensions)
    schema = schema.remove(schema.get_field_index("embedding"))
    rows_path, embeddings_path = scratch / "samples.arrow", scratch / "embeddings.f32"
    count = 0
    with (
        pa.OSFile(str(rows_path), "wb") as sink,
        pa.ipc.new_file(sink, schema) as writer,
        embeddings_path.open("wb") as embeddings,
    ):
        for table in tables:
            writer.write_table(table.drop_columns("embedding"))
            part_UD = embeddings_of(table)
            count += len(part_UD)
            part_UD.tofile(embeddings)
    with pa.memory_map(str(rows_path)) as source:
        table = pa.ipc.open_file(source).read_all()
    _check_usable(table, count)
    embeddings_UD = np.memmap(embeddings_path, np.float32, "r", shape=(count, dimensions))
    return _by_name(table, embeddings_UD)


def _check_usable(table: pa.Table, usable: int) -> None:
    if usable:
        return
    reasons = pc.value_counts(table.column("corrupt")).to_pylist()
    worst = sorted(reasons, key=lambda entry: -entry["counts"])
    listed = ", ".join(f"{entry['counts']:,} {entry['values']}" for entry in worst)
    example = table.column("name")[0].as_py()
    raise NothingUsable(
        f"None of the {table.num_rows:,} samples can be used: {listed}; for example {example}",
        fix="Look at filenames/corrupt_filenames.txt of the run, and check access and format",
    )


def _by_name(table: pa.Table, embeddings_UD: NDArray[np.float32]) -> Assembled:
    order_N = pc.sort_indices(table.column("name")).to_numpy()
    usable_N = pc.is_null(table.column("corrupt")).to_numpy(zero_copy_only=False)
    if np.array_equal(order_N, np.arange(table.num_rows)):
        return Assembled(table, np.flatnonzero(usable_N), embeddings_UD)
    # Only frames of several videos can be out of order: their chunks were sorted by video.
    row_of_N = np.cumsum(usable_N) - 1
    usable_in_order = usable_N[order_N]
    rows = row_of_N[order_N][usable_in_order]
    return Assembled(
        table.take(pa.array(order_N)), np.flatnonzero(usable_in_order), embeddings_UD[rows]
    )


@dataclass(frozen=True, slots=True)
class Candidates:
    """The samples that selection chooses from, and those left out as duplicates."""

    rows_C: NDArray[np.int64]
    """Rows of the assembled table."""

    embeddings_CD: NDArray[np.float32]

    duplicate_of: dict[int, int]
    """Row of a duplicate → row of the sample that stays."""


def without_duplicates(assembled: Assembled, *, remove: bool) -> Candidates:
    """Keep the first by name of samples with equal bytes or equal pixels."""
    usable_U = assembled.usable_U
    if not remove:
        return Candidates(usable_U, assembled.embeddings_UD, {})
    original_U = duplicates_of(
        assembled.usable_column("content_hash"), assembled.usable_column("pixel_hash")
    )
    stays_U = original_U == np.arange(len(original_U))
    duplicate_of = {
        int(usable_U[row]): int(usable_U[original_U[row]]) for row in np.flatnonzero(~stays_U)
    }
    if stays_U.all():
        return Candidates(usable_U, assembled.embeddings_UD, {})
    return Candidates(usable_U[stays_U], assembled.embeddings_UD[stays_U], duplicate_of)
