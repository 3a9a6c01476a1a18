"""Reads `manifest.parquet`: whole as a table, or only the rows that somebody asks about."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from curation_api.manifest import GAIN_PREFIX, SampleOutcome
from curation_api.problems import CurationError, Reason
from curation_api.spelling import closest
from curation_client.bucket.run_files import MANIFEST, RunFiles

if TYPE_CHECKING:
    from pyarrow import Table

# Names that a misspelt one is compared with; to compare millions would take minutes.
COMPARED_NAMES = 20_000


class UnknownSampleError(CurationError):
    """The run has not seen a sample of this name."""

    reason = Reason.NOT_FOUND


@dataclass(frozen=True, slots=True)
class SampleRecord:
    """What became of one sample."""

    name: str
    outcome: SampleOutcome
    reason: str | None = None
    rank: int | None = None
    """1 for the first that was selected."""
    nearest_selected: str | None = None
    """For a selected sample, of those before it; for a duplicate, what it is the same as."""
    distance: float | None = None
    gains: dict[str, float] = field(default_factory=dict)
    """What it added at its turn, by rule."""

    @property
    def is_selected(self) -> bool:
        """Whether the run selected it."""
        return self.outcome is SampleOutcome.SELECTED


def read_table(files: RunFiles, columns: Sequence[str] | None = None) -> "Table":
    """The whole of it, or these columns."""
    return _read(files, columns=columns)


def read_records(files: RunFiles, names: Collection[str]) -> dict[str, SampleRecord]:
    """The rows of these samples, by name; those that the run has not seen are left out."""
    if not names:
        return {}
    table = _read(files, filters=[("name", "in", sorted(names))])
    return {record.name: record for record in records_of(table)}


def read_selected(files: RunFiles) -> list[SampleRecord]:
    """The rows of the selected samples, by rank."""
    table = _read(files, filters=[("outcome", "==", str(SampleOutcome.SELECTED))])
    return sorted(records_of(table), key=lambda record: record.rank or 0)


def records_of(table: "Table") -> Iterator[SampleRecord]:
    """The rows of a table, each as a record."""
    return map(_record, table.to_pylist())


def unknown_sample(name: str, files: RunFiles) -> UnknownSampleError:
    """Says that a sample is not there, and what may have been meant."""
    names: list[str] = read_table(files, ["name"]).column("name").to_pylist()
    file = name.rpartition("/")[2]
    near = next((one for one in names if one.rpartition("/")[2] == file), None)
    near = near or closest(name, names[:COMPARED_NAMES])
    return UnknownSampleError(
        f"Run {files.run!r} has seen {len(names):,} samples, and none is called {name!r}"
        + (f"; did you mean {near!r}?" if near else ""),
        fix="Name the sample as it is called below spec.input of the Datasource",
    )


def _read(files: RunFiles, **how: Any) -> "Table":
    from pyarrow import parquet  # large, and only needed here

    with files.on_disk(MANIFEST) as path:
        return parquet.read_table(path, memory_map=False, **how)


def _record(row: dict[str, Any]) -> SampleRecord:
    gains = {
        column.removeprefix(GAIN_PREFIX): value
        for column, value in row.items()
        if column.startswith(GAIN_PREFIX) and value is not None
    }
    known = ("name", "reason", "rank", "nearest_selected", "distance")
    return SampleRecord(
        outcome=SampleOutcome(row["outcome"]), gains=gains, **{key: row[key] for key in known}
    )
