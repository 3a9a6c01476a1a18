"""The documented text files: lists of names, and embeddings as CSV, written as a stream."""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

# A few megabytes at a time, whatever the number of rows.
ROWS_AT_ONCE = 8192


# What some program or other takes for the end of a line.
_LINE_BREAKS = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


def write_names(path: Path, names: Iterable[str]) -> None:
    """One name a line.

    A name with a line break in it is written as a JSON string, and so is one that would be taken
    for such a string.
    """
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{_on_one_line(name)}\n" for name in names)


def _on_one_line(name: str) -> str:
    if name.startswith('"') or _LINE_BREAKS.search(name):
        return json.dumps(name)
    return name


def write_embeddings(
    path: Path,
    names: Sequence[str] | pa.Array,
    embeddings_ND: NDArray[np.float32],
    labels_N: NDArray[np.int64],
    *,
    further: dict[str, NDArray[np.float32]] | None = None,
) -> None:
    """`filenames,embedding_0,…,labels`, and further columns behind them."""
    dimensions = embeddings_ND.shape[1]
    columns = [f"embedding_{number}" for number in range(dimensions)]
    schema = pa.schema(
        [
            ("filenames", pa.string()),
            *((column, pa.float32()) for column in columns),
            ("labels", pa.int64()),
            *((name, pa.float32()) for name in further or {}),
        ]
    )
    options = pyarrow.csv.WriteOptions(quoting_style="needed", quoting_header="none")
    with pyarrow.csv.CSVWriter(path, schema, write_options=options) as writer:
        for start in range(0, len(names), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            arrays = [
                pa.array(names[part], pa.string()),
                *(pa.array(embeddings_ND[part, number]) for number in range(dimensions)),
                pa.array(labels_N[part]),
                *(pa.array(values[part]) for values in (further or {}).values()),
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))


def weak_labels(
    sources: pa.Array | Sequence[str], frames_of: Sequence[str | None]
) -> NDArray[np.int64]:
    """For each sample the number of its folder, or of its video; 0 where all lie in one folder."""
    groups = [
        video if video is not None else source.rpartition("/")[0]
        for source, video in zip(sources, frames_of, strict=True)
    ]
    number_of = {group: number for number, group in enumerate(sorted(set(groups)))}
    return np.array([number_of[group] for group in groups], dtype=np.int64)
