"""Everything a report says, in numbers: `report.json`, from which the PDF is set as well."""

from dataclasses import dataclass, field
from typing import Any

import pyarrow.compute as pc

from curation_api import JobConfig
from curation_api.names import VERSION as API_VERSION
from curation_api.run_report import RunResult
from curation_job.choosing import Chosen
from curation_job.report.distances import DistanceStatistics

# How many of the first selected samples the PDF shows.
GALLERY = 24


@dataclass(frozen=True, slots=True)
class Facts:
    """What the stages have left behind for the report."""

    model: str
    is_untrained: bool
    device: str
    precision: str
    seconds: float
    losses: tuple[float, ...] = ()
    counters: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Drawn:
    """The plots that exist."""

    gallery: bool
    distances: list[str]
    losses: bool
    maps: list[str]
    pairs: list[str]

    def as_json(self) -> dict[str, Any]:
        """For the template."""
        return {
            "gallery": self.gallery,
            "distances": self.distances,
            "losses": self.losses,
            "maps": self.maps,
            "pairs": self.pairs,
        }


def result_of(chosen: Chosen, tag: str) -> RunResult:
    """The counts that everybody is told."""
    table = chosen.assembled.table
    corrupt = table.filter(pc.is_valid(table.column("corrupt")))
    reasons = pc.value_counts(corrupt.column("corrupt")).to_pylist()
    usable = table.num_rows - corrupt.num_rows
    cached = pc.sum(pc.and_(table.column("cached"), pc.is_null(table.column("corrupt")))).as_py()
    return RunResult(
        input=table.num_rows,
        corrupt=corrupt.num_rows,
        corrupt_by_reason={entry["values"]: entry["counts"] for entry in reasons},
        duplicates=len(chosen.candidates.duplicate_of),
        filtered=chosen.filtered,
        embedded=usable,
        cached=cached or 0,
        selected=len(chosen.picks_K),
        tag=tag,
        digest=chosen.selection.digest,
    )


def report_contents(
    config: JobConfig,
    chosen: Chosen,
    facts: Facts,
    result: RunResult,
    distances: dict[str, DistanceStatistics | None],
    drawn: Drawn,
) -> dict[str, Any]:
    """All of it."""
    selected = result.selected or 0
    candidates = len(chosen.candidates.rows_C)
    return {
        "version": API_VERSION,
        "run": config.run.complete(),
        "datasource": config.datasource.complete(),
        "headline": f"{selected:,} of {result.input:,} samples of Datasource"
        f" {config.datasource.name}, published as tag {result.tag!r}",
        "counts": {
            "input": result.input,
            "corrupt": result.corrupt,
            "duplicates": result.duplicates,
            "filtered": result.filtered,
            "removed": candidates - selected,
            "selected": selected,
            "cached": result.cached,
        },
        "counters": facts.counters,
        "corruptReasons": [
            [reason, f"{count:,}"]
            for reason, count in sorted((result.corrupt_by_reason or {}).items())
        ],
        "facts": _facts(config, facts, result),
        "warnings": _warnings(facts),
        "notes": config.notes,
        "distances": [
            [f"{name} ({found.rows:,} compared)", found.mean, found.minimum, found.maximum,
             found.percentile_10, found.percentile_90]
            for name, found in distances.items()
            if found is not None
        ],
        "distanceHistograms": {
            name: found.as_json() for name, found in distances.items() if found is not None
        },
        "trainingLosses": list(facts.losses),
        "coverage": _coverage(chosen),
        "digest": result.digest,
        "gallery": min(GALLERY, selected),
        "plots": drawn.as_json(),
    }  # fmt: skip


def _facts(config: JobConfig, facts: Facts, result: RunResult) -> list[list[str]]:
    strategies = ", ".join(
        f"{entry.input.type} → {entry.strategy.type}"
        for entry in config.selection_config.strategies
    )
    rows = [
        ["Strategies", strategies],
        ["Network", f"{config.lightly_config.model.name}, {facts.model}"],
        ["Computed on", f"{facts.device}, {facts.precision}"],
        ["Time", _duration(facts.seconds)],
        ["Embeddings known already", f"{result.cached:,} of {result.embedded:,}"],
        ["Digest", (result.digest or "")[:23] + "…"],
    ]
    if facts.losses:
        rows.insert(2, ["Trained", f"{len(facts.losses)} epochs"])
    return rows


def _warnings(facts: Facts) -> list[str]:
    if not facts.is_untrained:
        return []
    return [
        "The network is untrained: it was asked for with preTrained: false. Its embeddings tell"
        " colours and coarse shapes apart and little else."
    ]


def _coverage(chosen: Chosen) -> dict[str, Any]:
    coverage = chosen.selection.coverage
    mean_G = coverage.mean_distance_G
    return {
        "sizes": coverage.size_G.tolist(),
        "meanDistance": None if mean_G is None else mean_G.tolist(),
        "knee": coverage.knee,
        "isPrefix": chosen.selection.is_prefix,
    }


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
