"""Chooses among the assembled samples and writes down what became of each, and why."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation_api import JobConfig
from curation_api.manifest import GAIN_PREFIX, NotSelected, SampleOutcome
from curation_api.names import WORKER_METADATA_PREFIX
from curation_job.assembling import Assembled, Candidates, without_duplicates
from curation_job.projection import fit_projection
from curation_job.selection.from_config import problem_from
from curation_job.selection.inputs import SampleInputs
from curation_job.selection.problem import SelectionProblem
from curation_job.selection.reasons import Outcome
from curation_job.selection.selecting import select
from curation_job.selection.selection import Selection

# N samples, C candidates, D numbers an embedding, K picks.

# What the documentation calls our measures, and the column they lie in.
MEASURES = {
    "sharpness": "sharpness",
    "snr": "snr",
    "sizeInBytes": "size_in_bytes",
    "luminance": "luminance",
    "uniformRowRatio": "uniform_row_ratio",
    "width": "width",
    "height": "height",
}
ROWS_AT_ONCE = 65_536


@dataclass(frozen=True)
class Chosen:
    """The result of the selection."""

    assembled: Assembled
    candidates: Candidates
    embeddings_CD: NDArray[np.float32]
    """What was selected by: projected and normalised as configured."""
    raw_CD: NDArray[np.float32]
    """The same, not normalised."""
    problem: SelectionProblem
    selection: Selection

    @property
    def picks_K(self) -> NDArray[np.intp]:
        """Positions among the candidates, in pick order."""
        return self.selection.picks

    @cached_property
    def candidate_names(self) -> list[str]:
        """The names of the candidates."""
        names: list[str] = self.assembled.names.take(pa.array(self.candidates.rows_C)).to_pylist()
        return names

    @cached_property
    def selected_names(self) -> list[str]:
        """The names of the selected samples, in pick order."""
        return [self.candidate_names[pick] for pick in self.picks_K]

    @cached_property
    def filtered(self) -> int:
        """How many candidates a threshold left out."""
        return int((self.selection.reasons.outcome_N == Outcome.FILTERED).sum())


def choose(
    config: JobConfig,
    assembled: Assembled,
    scratch: Path,
    *,
    device: str | None,
    taken: Collection[str] = (),
) -> Chosen:
    """Settle duplicates, project, normalise, select.

    Samples that are `taken` already count towards the number of samples.
    """
    worker = config.worker_config
    candidates = without_duplicates(assembled, remove=worker.remove_exact_duplicates)
    raw_CD = _projected(candidates.embeddings_CD, config.lightly_config.model.num_ftrs, scratch)
    embeddings_CD = _normalised(raw_CD, scratch) if worker.normalize_embeddings else raw_CD
    names = assembled.names.take(pa.array(candidates.rows_C)).to_pylist()
    inputs = SampleInputs(
        names=names,
        embeddings=embeddings_CD,
        metadata=_Measures(assembled, candidates.rows_C),
        input_size=assembled.table.num_rows,
        preselected=[number for number, name in enumerate(names) if name in taken],
    )
    problem = problem_from(config.selection_config, inputs, device=device)
    left = max(0, problem.count - len(inputs.preselected))
    problem = replace(problem, count=left)
    return Chosen(assembled, candidates, embeddings_CD, raw_CD, problem, select(problem))


def _projected(
    embeddings_CD: NDArray[np.float32], width: int, scratch: Path
) -> NDArray[np.float32]:
    """Embeddings of the configured width; those of the documented network have it already."""
    if embeddings_CD.shape[1] <= width:
        return embeddings_CD
    mean_D, directions_DW = fit_projection(embeddings_CD, width)
    projected = _local_array(scratch / "projected.f32", len(embeddings_CD), directions_DW.shape[1])
    for rows in _blocks(len(embeddings_CD)):
        projected[rows] = (embeddings_CD[rows] - mean_D) @ directions_DW
    return projected


def _normalised(embeddings_CD: NDArray[np.float32], scratch: Path) -> NDArray[np.float32]:
    """Rows of length 1."""
    normalised = _local_array(scratch / "normalised.f32", *embeddings_CD.shape)
    for rows in _blocks(len(embeddings_CD)):
        block = embeddings_CD[rows]
        lengths = np.linalg.norm(block, axis=1, keepdims=True)
        normalised[rows] = block / np.maximum(lengths, np.finfo(np.float32).tiny)
    return normalised


def _local_array(path: Path, rows: int, width: int) -> NDArray[np.float32]:
    """An array in a file: the system keeps as much of it in memory as there is room for."""
    return np.memmap(path, np.float32, "w+", shape=(rows, width))


def _blocks(count: int) -> list[slice]:
    return [slice(start, start + ROWS_AT_ONCE) for start in range(0, count, ROWS_AT_ONCE)]


class _Measures(Mapping[str, list[object]]):
    """The `lightly.*` metadata of the candidates, each read when somebody asks for it."""

    def __init__(self, assembled: Assembled, rows_C: NDArray[np.int64]) -> None:
        self._assembled = assembled
        self._rows_C = rows_C

    def __getitem__(self, key: str) -> list[object]:
        column = self._assembled.table.column(MEASURES[key.removeprefix(WORKER_METADATA_PREFIX)])
        values: list[object] = column.take(pa.array(self._rows_C)).to_pylist()
        return values

    def __iter__(self) -> Iterator[str]:
        return (f"{WORKER_METADATA_PREFIX}{name}" for name in MEASURES)

    def __len__(self) -> int:
        return len(MEASURES)


def manifest_table(chosen: Chosen) -> pa.Table:
    """One row for each sample of the input: what became of it, and why."""
    assembled, candidates, selection = chosen.assembled, chosen.candidates, chosen.selection
    count = assembled.table.num_rows
    names = assembled.names
    corrupt = assembled.table.column("corrupt")
    reason = np.array(corrupt.to_pylist(), dtype=object)
    outcome = np.where(
        corrupt.is_valid().to_numpy(), str(SampleOutcome.CORRUPT), str(SampleOutcome.MASKED)
    ).astype(object)
    nearest = np.full(count, None, dtype=object)
    distance_N = np.full(count, np.nan, np.float32)
    rank_N = np.zeros(count, np.int32)
    for row, original in candidates.duplicate_of.items():
        outcome[row] = str(SampleOutcome.DUPLICATE)
        reason[row] = "the same as another sample"
        nearest[row], distance_N[row] = names[original].as_py(), 0.0
    rows_C, reasons = candidates.rows_C, selection.reasons
    outcome[rows_C] = [_OUTCOMES[Outcome(number)] for number in reasons.outcome_N]
    reason[rows_C] = _words(chosen)
    rank_N[rows_C] = reasons.rank_N
    distance_N[rows_C] = reasons.distance_N
    has_nearest = reasons.nearest_N >= 0
    nearest[rows_C[has_nearest]] = [
        chosen.candidate_names[number] for number in reasons.nearest_N[has_nearest]
    ]
    gains = {
        f"{GAIN_PREFIX}{name}": _spread_out(chosen, values)
        for name, values in selection.gains.items()
    }
    return pa.table(
        {
            "name": names,
            "identity": assembled.table.column("identity"),
            "content_hash": assembled.table.column("content_hash"),
            "outcome": pa.array(outcome, pa.string()),
            "reason": pa.array(reason, pa.string()),
            "rank": pa.array(rank_N, pa.int32(), mask=rank_N == 0),
            "nearest_selected": pa.array(nearest, pa.string()),
            "distance": pa.array(distance_N, pa.float32(), mask=np.isnan(distance_N)),
            **gains,
        }
    )


_OUTCOMES = {
    Outcome.SELECTED: str(SampleOutcome.SELECTED),
    Outcome.PRESELECTED: str(SampleOutcome.PRESELECTED),
    Outcome.FILTERED: str(SampleOutcome.FILTERED),
    Outcome.UNTYPICAL: str(SampleOutcome.NOT_SELECTED),
    Outcome.TOO_NEAR: str(SampleOutcome.NOT_SELECTED),
    Outcome.OUTRANKED: str(SampleOutcome.NOT_SELECTED),
}
_WORDS = {
    Outcome.UNTYPICAL: str(NotSelected.UNTYPICAL),
    Outcome.TOO_NEAR: str(NotSelected.TOO_NEAR),
    Outcome.OUTRANKED: str(NotSelected.OUTRANKED),
}


def _words(chosen: Chosen) -> list[str | None]:
    """For each candidate that was not selected, the rule that decided."""
    thresholds = [rule.name for rule in chosen.problem.thresholds]
    reasons = chosen.selection.reasons
    return [
        thresholds[number] if number >= 0 else _WORDS.get(Outcome(outcome))
        for outcome, number in zip(reasons.outcome_N, reasons.threshold_N, strict=True)
    ]


def _spread_out(chosen: Chosen, values_K: NDArray[np.float64]) -> pa.Array:
    """A value for each pick as a column over all samples."""
    column_N = np.full(chosen.assembled.table.num_rows, np.nan)
    column_N[chosen.candidates.rows_C[chosen.picks_K]] = values_K
    return pa.array(column_N, mask=np.isnan(column_N))
