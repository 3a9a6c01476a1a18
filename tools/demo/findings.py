"""What the runs of `make demo` have found, held against what was planted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet

from tools.demo.data import Planted


@dataclass(frozen=True, slots=True)
class Findings:
    """What a run says of its samples."""

    duplicates: dict[str, str]
    """Each exact duplicate, and the sample that stayed instead."""
    corrupt: dict[str, str]
    """Each file that cannot be used, and why."""
    selected: frozenset[str]

    def is_what_was(self, planted: Planted) -> bool:
        """Whether exactly what was planted was found."""
        return (self.duplicates, self.corrupt) == (planted.duplicates, planted.corrupt)


def findings_in(run_folder: Path) -> Findings:
    """Read the manifest of a run."""
    table = pyarrow.parquet.read_table(run_folder / "manifest.parquet")
    rows = {row["name"]: row for row in table.to_pylist()}

    def those(outcome: str, told: str) -> dict[str, str]:
        return {name: row[told] for name, row in rows.items() if row["outcome"] == outcome}

    return Findings(
        duplicates=those("duplicate", "nearest_selected"),
        corrupt=those("corrupt", "reason"),
        selected=frozenset(those("selected", "outcome")),
    )


def summary(found: Findings, planted: Planted) -> Iterator[str]:
    """What was found, line by line, and whether it is what was planted."""
    yield f"Exact duplicates, {len(found.duplicates)} of {len(planted.duplicates)} planted:"
    yield from _table(found.duplicates, "the same as ")
    yield f"Files that cannot be used, {len(found.corrupt)} of {len(planted.corrupt)} planted:"
    yield from _table(found.corrupt)
    both = sum({later, before} <= found.selected for later, before in planted.near.items())
    yield f"Near duplicates, {len(planted.near)} planted: {both or 'none'} kept beside its original"
    if found.is_what_was(planted):
        yield "This is exactly what was planted."
    else:
        yield "THIS IS NOT WHAT WAS PLANTED:"
        yield from _differences("duplicate", found.duplicates, planted.duplicates)
        yield from _differences("cannot be used", found.corrupt, planted.corrupt)


def _table(rows: Mapping[str, str], before: str = "") -> Iterator[str]:
    width = max(map(len, rows), default=0)
    yield from (f"  {name:{width}}  {before}{value}" for name, value in sorted(rows.items()))


def _differences(what: str, found: Mapping[str, str], planted: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(found.keys() | planted.keys()):
        if found.get(name) != planted.get(name):
            yield f"  {what}: {name}: {found.get(name)}, planted {planted.get(name)}"
