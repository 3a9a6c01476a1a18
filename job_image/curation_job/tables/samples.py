"""Samples as an Arrow table: one row each, with the embedding where there is one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation_job.records import Corrupt, Facts, FrameOf, Sample

# Columns of Facts and FrameOf keep the names of their fields.
_FACTS = {
    "size_in_bytes": pa.int64(),
    "width": pa.int32(),
    "height": pa.int32(),
    "content_hash": pa.string(),
    "pixel_hash": pa.string(),
    "sharpness": pa.float32(),
    "snr": pa.float32(),
    "luminance": pa.float32(),
    "uniform_row_ratio": pa.float32(),
    "taken_at": pa.string(),
    "latitude": pa.float64(),
    "longitude": pa.float64(),
}
_FRAME = {
    "video": pa.string(),
    "index": pa.int64(),
    "pts": pa.int64(),
    "seconds": pa.float64(),
}


def sample_schema(dimensions: int) -> pa.Schema:
    """The columns of a table of samples with embeddings of so many numbers."""
    return pa.schema(
        [
            ("name", pa.string()),
            ("source", pa.string()),
            ("identity", pa.string()),
            ("corrupt", pa.string()),
            ("detail", pa.string()),
            *_FACTS.items(),
            *((f"frame_{name}", kind) for name, kind in _FRAME.items()),
            ("cached", pa.bool_()),
            ("embedding", pa.list_(pa.float32(), dimensions)),
        ]
    )


def sample_table(
    samples: Sequence[Sample], embeddings_ND: NDArray[np.float32], dimensions: int
) -> pa.Table:
    """A table of new samples; `embeddings_ND` has a row for each usable one, in their order."""
    rows = [_row(sample) for sample in samples]
    schema = sample_schema(dimensions)
    columns = {
        name: pa.array([row.get(name) for row in rows], schema.field(name).type)
        for name in schema.names
        if name not in {"cached", "embedding"}
    }
    columns["cached"] = pa.repeat(pa.scalar(value=False), len(rows))
    columns["embedding"] = _embedding_column(samples, embeddings_ND, dimensions)
    return pa.table(columns, schema=schema)


def _row(sample: Sample) -> dict[str, object]:
    row: dict[str, object] = {
        "name": sample.name,
        "source": sample.source,
        "identity": sample.identity,
        "corrupt": None if sample.corrupt is None else str(sample.corrupt),
        "detail": sample.detail,
    }
    if sample.facts is not None:
        row |= asdict(sample.facts)
    if sample.frame is not None:
        row |= {f"frame_{name}": value for name, value in asdict(sample.frame).items()}
    return row


def _embedding_column(
    samples: Sequence[Sample], embeddings_ND: NDArray[np.float32], dimensions: int
) -> pa.Array:
    usable_N = np.array([sample.is_usable for sample in samples], dtype=bool)
    return _dense_column(usable_N, embeddings_ND.reshape(-1, dimensions))


def _dense_column(usable_N: NDArray[np.bool_], embeddings_UD: NDArray[np.float32]) -> pa.Array:
    dimensions = embeddings_UD.shape[1]
    dense_ND = np.zeros((len(usable_N), dimensions), np.float32)
    dense_ND[usable_N] = embeddings_UD
    return pa.FixedSizeListArray.from_arrays(
        pa.array(dense_ND.ravel()), dimensions, mask=pa.array(~usable_N)
    )


def samples_of(table: pa.Table) -> Iterator[Sample]:
    """The samples of a table, without their embeddings."""
    for row in table.drop_columns("embedding").to_pylist():
        has_facts, has_frame = row["width"] is not None, row["frame_video"] is not None
        yield Sample(
            name=row["name"],
            source=row["source"],
            identity=row["identity"],
            facts=Facts(**{name: row[name] for name in _FACTS}) if has_facts else None,
            corrupt=None if row["corrupt"] is None else Corrupt(row["corrupt"]),
            detail=row["detail"],
            frame=FrameOf(**{n: row[f"frame_{n}"] for n in _FRAME}) if has_frame else None,
        )


def with_embeddings(table: pa.Table, embeddings_UD: NDArray[np.float32]) -> pa.Table:
    """The same samples with other embeddings: one for each usable row, in their order."""
    usable_N = table.column("corrupt").is_null().to_numpy()
    place = table.schema.get_field_index("embedding")
    column = _dense_column(usable_N, embeddings_UD)
    return table.set_column(place, pa.field("embedding", column.type), column)


def embeddings_of(table: pa.Table) -> NDArray[np.float32]:
    """The embeddings of the usable rows of a table, in their order."""
    column = table.column("embedding").combine_chunks()
    dimensions = column.type.list_size
    values: NDArray[np.float32] = column.drop_null().flatten().to_numpy(zero_copy_only=False)
    return values.reshape(-1, dimensions)


def marked_as_cached(table: pa.Table) -> pa.Table:
    """The same rows, known from an earlier run."""
    place = table.schema.get_field_index("cached")
    return table.set_column(place, "cached", pa.repeat(pa.scalar(value=True), table.num_rows))


def concatenated(tables: Iterable[pa.Table], dimensions: int) -> pa.Table:
    """One table of several."""
    return pa.concat_tables([sample_schema(dimensions).empty_table(), *tables])
