"""Reads a CSV of embeddings that a user brings, and names the exact fault of a wrong one."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curation_api import CurationError, ExitCode, Reason

_EMBEDDING = re.compile(r"embedding_(\d+)")
_SPECIAL = ("masked", "selected")


class EmbeddingsFileError(CurationError):
    """A file of embeddings that does not follow the documented form."""

    reason = Reason.INVALID_CONFIG
    exit_code = ExitCode.INVALID_CONFIG


@dataclass(frozen=True, slots=True)
class EmbeddingsFile:
    """What a file of embeddings holds."""

    names: list[str]
    embeddings_ND: NDArray[np.float32]
    labels_N: NDArray[np.float32]
    masked_N: NDArray[np.bool_]
    """Samples that the selection must not see."""
    selected_N: NDArray[np.bool_]
    """Samples that are selected already."""


def read_embeddings(text: str, *, source: str, dimensions: int | None = None) -> EmbeddingsFile:
    """The content of a file; `dimensions` is what the configuration promises."""
    rows = csv.reader(io.StringIO(text))
    header = next(rows, [])
    columns = _columns(header, source)
    if dimensions is not None and len(columns.embedding) != dimensions:
        raise EmbeddingsFileError(
            f"{source} has embeddings of {len(columns.embedding)} numbers,"
            f" but lightlyConfig.model.numFtrs is {dimensions}",
            fix=f"Set lightlyConfig.model.numFtrs to {len(columns.embedding)}",
        )
    names: list[str] = []
    values: list[list[float]] = []
    for name, numbers in _read_rows(rows, header, columns, source):
        names.append(name)
        values.append(numbers)
    width = len(columns.embedding)
    table = np.array(values, np.float32).reshape(len(values), width + 1 + len(columns.special))
    special = dict(zip(columns.special, table[:, width + 1 :].T.astype(bool), strict=True))
    nothing = np.zeros(len(names), bool)
    return EmbeddingsFile(
        names,
        embeddings_ND=table[:, :width],
        labels_N=table[:, width],
        masked_N=special.get("masked", nothing),
        selected_N=special.get("selected", nothing),
    )


@dataclass(frozen=True, slots=True)
class _Columns:
    embedding: list[int]
    labels: int
    special: dict[str, int]


def _columns(header: list[str], source: str) -> _Columns:
    def refuse(what: str) -> EmbeddingsFileError:
        return EmbeddingsFileError(
            f"{source}: {what}",
            fix="The first line must be filenames,embedding_0,…,embedding_N,labels",
        )

    if not header or header[0] != "filenames":
        raise refuse(f"the first column is {header[0] if header else ''!r}, not 'filenames'")
    for cell in header:
        if cell != cell.strip() or " " in cell:
            raise refuse(f"the column {cell!r} has a space in its name")
    if "labels" not in header:
        raise refuse("there is no column 'labels'")
    labels = header.index("labels")
    between = list(enumerate(header))[1:labels]
    strange = [
        cell for _, cell in between if not _EMBEDDING.fullmatch(cell) and cell not in _SPECIAL
    ]
    if strange:
        raise refuse(f"between 'filenames' and 'labels' there is the column {strange[0]!r}")
    embedding = [place for place, cell in between if cell not in _SPECIAL]
    numbers = [int(cell.removeprefix("embedding_")) for _, cell in between if cell not in _SPECIAL]
    if numbers != list(range(len(numbers))):
        raise refuse("the columns embedding_0, embedding_1, … are not complete and in order")
    if not embedding:
        raise refuse("there is no column 'embedding_0'")
    special = {cell: place for place, cell in enumerate(header) if cell in _SPECIAL}
    return _Columns(embedding, labels, special)


def _read_rows(
    rows: Iterator[list[str]], header: list[str], columns: _Columns, source: str
) -> Iterator[tuple[str, list[float]]]:
    wanted = [*columns.embedding, columns.labels, *columns.special.values()]
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            what = "is empty" if not row else f"has {len(row)} columns instead of {len(header)}"
            raise EmbeddingsFileError(f"{source}: line {number} {what}", fix="Correct this line")
        try:
            numbers = [float(row[place]) for place in wanted]
        except ValueError as error:
            raise EmbeddingsFileError(
                f"{source}: line {number} holds something that is no number: {error}",
                fix="Correct this line",
            ) from error
        if not np.isfinite(numbers).all():
            raise EmbeddingsFileError(
                f"{source}: line {number} holds NaN or infinity", fix="Correct this line"
            )
        yield row[0], numbers
