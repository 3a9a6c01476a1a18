"""Why one sample was selected, or why not and what would have kept it."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from curation_api.manifest import NotSelected, SampleOutcome
from curation_client.bucket.run_files import RunFiles
from curation_client.why.manifest import (
    SampleRecord,
    read_records,
    read_selected,
    unknown_sample,
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a run has decided about a sample. Printed, it is a few sentences."""

    run: str
    sample: SampleRecord
    selected: int
    """How many samples the run selected."""
    nearest: SampleRecord | None = None
    """The nearest selected sample, or what this one is a duplicate of."""

    def __str__(self) -> str:
        """The answer first, then what decided."""
        return "\n".join(self.lines())

    def lines(self) -> Iterator[str]:
        """The same, line by line."""
        yield f"{self.sample.name}: {what_became_of(self.sample, self.selected)}"
        match self.sample.outcome:
            case SampleOutcome.SELECTED:
                yield from self._gains()
                yield from self._nearest("Nearest of those before it")
            case SampleOutcome.NOT_SELECTED:
                yield f"  {_sentence(self.sample.reason or '')}"
                yield from self._nearest("Nearest selected")
            case SampleOutcome.DUPLICATE if self.nearest is not None:
                became = what_became_of(self.nearest, self.selected)
                yield f"  {self.nearest.name}: {became}"
        if advice := _advice(self.sample):
            yield f"  To have it: {advice}."

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "run": self.run,
            "selected": self.selected,
            "sample": asdict(self.sample),
            "nearest": None if self.nearest is None else asdict(self.nearest),
        }

    def _gains(self) -> Iterator[str]:
        for rule, gain in self.sample.gains.items():
            yield f"  {rule} gained {gain:.4g}"

    def _nearest(self, label: str) -> Iterator[str]:
        if self.nearest is not None and self.sample.distance is not None:
            rank = "" if self.nearest.rank is None else f" (rank {self.nearest.rank:,})"
            yield f"  {label}: {self.nearest.name}{rank}, at distance {self.sample.distance:.4g}"


def explain(files: RunFiles, name: str) -> Explanation:
    """Why the run decided as it did about this sample; an error when it has not seen it."""
    sample = read_records(files, [name]).get(name)
    if sample is None:
        raise unknown_sample(name, files)
    beside = sample.nearest_selected
    nearest = read_records(files, [beside]).get(beside) if beside else None
    return Explanation(files.run, sample, len(read_selected(files)), nearest)


def what_became_of(sample: SampleRecord, selected: int | None = None) -> str:
    """What became of a sample, in a few words."""
    match sample.outcome:
        case SampleOutcome.SELECTED:
            of = "" if selected is None else f" of {selected:,}"
            return f"selected at rank {sample.rank:,}{of}"
        case SampleOutcome.PRESELECTED:
            return "selected by an earlier run, and counted"
        case SampleOutcome.DUPLICATE:
            return f"left out as an exact duplicate of {sample.nearest_selected}"
        case SampleOutcome.CORRUPT:
            return f"cannot be used: {sample.reason}"
        case SampleOutcome.FILTERED:
            return f"left out by a threshold: {sample.reason}"
        case SampleOutcome.MASKED:
            return "left out by the given embeddings"
        case SampleOutcome.NOT_SELECTED:
            return "not selected"


def _advice(sample: SampleRecord) -> str | None:
    """What would have kept the sample."""
    match sample.outcome, sample.reason:
        case SampleOutcome.NOT_SELECTED, NotSelected.OUTRANKED:
            return "Select more samples"
        case SampleOutcome.NOT_SELECTED, NotSelected.TOO_NEAR if sample.distance is not None:
            return f"Lower stoppingConditionMinimumDistance below {sample.distance:.4g}"
        case SampleOutcome.NOT_SELECTED, NotSelected.UNTYPICAL:
            return "Lower stoppingConditionMinimumTypicality"
        case SampleOutcome.FILTERED, _:
            return "Loosen this threshold, or leave it out"
        case SampleOutcome.CORRUPT, _:
            return "Replace the file; the next run looks at it again"
        case _:
            return None


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
