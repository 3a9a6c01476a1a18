"""What differs between two runs: their configuration, their input, and what they selected."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from curation_client.bucket.run_files import RunFiles
from curation_client.why.explaining import what_became_of
from curation_client.why.manifest import SampleRecord, read_records, read_selected, read_table

# Of each side, as many as fit on a screen.
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Change:
    """A sample that only one of two runs selected."""

    name: str
    rank: int | None
    """In the run that selected it."""
    elsewhere: str
    """What became of it in the other run."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two runs. Printed, it is a page at most."""

    before: str
    after: str
    selected_before: int
    selected_after: int
    in_both: int
    removed: tuple[Change, ...]
    """Only the first run selected these."""
    added: tuple[Change, ...]
    """Only the second run selected these."""
    configuration: dict[str, tuple[Any, Any]]
    """Each key that differs, with both values."""
    new_inputs: int
    """Samples that only the second run has seen."""
    lost_inputs: int
    """Samples that only the first run has seen."""

    def __str__(self) -> str:
        """The answer first, then why."""
        return "\n".join(self.lines())

    def lines(self) -> Iterator[str]:
        """The same, line by line."""
        yield f"{self.before} → {self.after}"
        yield (
            f"  {self.selected_before:,} → {self.selected_after:,} selected,"
            f" {self.in_both:,} of them in both"
        )
        if self.new_inputs or self.lost_inputs:
            yield f"  Input: {self.new_inputs:,} new, {self.lost_inputs:,} gone"
        if self.configuration:
            yield "Configuration:"
            for key, (before, after) in self.configuration.items():
                yield f"  {key}: {_shown(before)} → {_shown(after)}"
        yield from _side(f"Only in {self.before}", self.removed)
        yield from _side(f"Only in {self.after}", self.added)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "before": self.before,
            "after": self.after,
            "selected": {"before": self.selected_before, "after": self.selected_after,
                         "inBoth": self.in_both},
            "inputs": {"new": self.new_inputs, "lost": self.lost_inputs},
            "configuration": {
                key: {"before": before, "after": after}
                for key, (before, after) in self.configuration.items()
            },
            "removed": [_change_as_json(change) for change in self.removed],
            "added": [_change_as_json(change) for change in self.added],
        }  # fmt: skip


def compare(before: RunFiles, after: RunFiles) -> Difference:
    """What differs between two runs."""
    first = {record.name: record for record in read_selected(before)}
    second = {record.name: record for record in read_selected(after)}
    seen_before, seen_after = (_names(files) for files in (before, after))
    return Difference(
        before=before.run,
        after=after.run,
        selected_before=len(first),
        selected_after=len(second),
        in_both=len(first.keys() & second.keys()),
        removed=_only_in(first, second, after),
        added=_only_in(second, first, before),
        configuration=_differing(before.configuration(), after.configuration()),
        new_inputs=len(seen_after - seen_before),
        lost_inputs=len(seen_before - seen_after),
    )


def _names(files: RunFiles) -> set[str]:
    return set(read_table(files, ["name"]).column("name").to_pylist())


def _only_in(
    here: Mapping[str, SampleRecord], there: Mapping[str, SampleRecord], elsewhere: RunFiles
) -> tuple[Change, ...]:
    only = [record for name, record in here.items() if name not in there]
    seen = read_records(elsewhere, {record.name for record in only})
    return tuple(
        Change(record.name, record.rank, _became(seen.get(record.name))) for record in only
    )


def _became(record: SampleRecord | None) -> str:
    if record is None:
        return "not in the input"
    words = what_became_of(record)
    return f"{words}: {record.reason}" if words == "not selected" else words


def _differing(before: Any, after: Any, path: str = "") -> dict[str, tuple[Any, Any]]:
    """The keys in which two configurations differ, dotted."""
    if isinstance(before, dict) and isinstance(after, dict):
        found: dict[str, tuple[Any, Any]] = {}
        for key in dict.fromkeys([*before, *after]):
            below = f"{path}.{key}" if path else str(key)
            found |= _differing(before.get(key), after.get(key), below)
        return found
    return {} if before == after else {path: (before, after)}


def _side(title: str, changes: tuple[Change, ...]) -> Iterator[str]:
    if not changes:
        return
    yield f"{title}: {len(changes):,}"
    shown = changes[:SHOWN]
    width = max(len(change.name) for change in shown)
    for change in shown:
        yield f"  {change.name:{width}}   rank {change.rank:,}   elsewhere: {change.elsewhere}"
    if len(changes) > SHOWN:
        yield f"  … and {len(changes) - SHOWN:,} more; -o json has them all"


def _shown(value: Any) -> str:
    if value is None:
        return "not given"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _change_as_json(change: Change) -> dict[str, Any]:
    return {"name": change.name, "rank": change.rank, "elsewhere": change.elsewhere}
