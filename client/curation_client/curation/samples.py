"""A table of samples: rows for people, Arrow and pandas for programs, pictures for notebooks."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from curation_api.manifest import SampleOutcome
from curation_api.problems import CurationError
from curation_client.curation.pictures import Pictures, gallery
from curation_client.why.manifest import SampleRecord, records_of

if TYPE_CHECKING:
    from pyarrow import Table

# Pictures in a notebook are part of its file.
PICTURES_SHOWN = 12


class Samples:
    """Samples of a run, and what became of each."""

    def __init__(self, table: "Table", pictures: Pictures) -> None:
        self._table, self._pictures = table, pictures

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def __iter__(self) -> Iterator[SampleRecord]:
        for batch in self._table.to_batches(max_chunksize=10_000):
            yield from records_of(batch)

    def __repr__(self) -> str:
        """How many there are of each outcome."""
        counted = ", ".join(f"{count:,} {outcome}" for outcome, count in self.counts.items())
        return f"Samples({counted})"

    @property
    def counts(self) -> dict[str, int]:
        """How many samples there are of each outcome, the most frequent first."""
        return dict(Counter(self._table.column("outcome").to_pylist()).most_common())

    @property
    def names(self) -> list[str]:
        """Their names, in order."""
        names: list[str] = self._table.column("name").to_pylist()
        return names

    @property
    def selected(self) -> "Samples":
        """Those that the run selected, by rank."""
        return Samples(self.where(SampleOutcome.SELECTED).arrow.sort_by("rank"), self._pictures)

    def where(self, outcome: SampleOutcome | str) -> "Samples":
        """Those that became this: selected, not selected, duplicate, corrupt, filtered."""
        import pyarrow.compute as pc

        is_wanted = pc.equal(self._table.column("outcome"), str(SampleOutcome(outcome)))
        return Samples(self._table.filter(is_wanted), self._pictures)

    @property
    def arrow(self) -> "Table":
        """As a table of Arrow: name, outcome, reason, rank, nearest_selected, distance, gains."""
        return self._table

    def to_pandas(self) -> Any:
        """The same as a DataFrame."""
        try:
            return self._table.to_pandas()
        except ImportError as error:
            raise CurationError(
                "pandas is not installed here", fix="Install it, or use .arrow"
            ) from error

    def _repr_html_(self) -> str:
        """For notebooks: the first ones as pictures, each with what became of it."""
        shown = list(records_of(self._table.slice(0, PICTURES_SHOWN)))
        return gallery(shown, self._pictures, of=len(self))
