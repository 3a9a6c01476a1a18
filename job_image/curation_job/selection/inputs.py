"""What is known of the samples a run selects from, and looking it up by what a user calls it."""

# K categories, N samples.

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from curation_api.selection_config import InputType, PredictionInput, SelectionInput
from curation_api.spelling import closest
from curation_job.selection.errors import some_of
from curation_job.selection.points import Embeddings
from curation_job.selection.problem import Objects

Numbers = NDArray[np.float64]
Column = Sequence[object] | NDArray[Any]
Found = TypeVar("Found")

EXAMPLES_SHOWN = 20


class NotThereError(Exception):
    """An input that is not there or not of the kind that is needed, in words."""


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """What a model predicts for a task."""

    categories: Sequence[str]
    """The categories of the task's schema."""
    distribution_NK: Numbers
    """How much of each category each sample shows, in sums of probabilities."""
    count_NK: Numbers | None = None
    """How many objects of each category each sample has; None where a task has no objects."""


@dataclass(frozen=True, slots=True, eq=False)
class SampleInputs:
    """What is known of the samples that a run selects from, one row a sample."""

    names: Sequence[str]
    embeddings: Embeddings | None = None
    objects: Mapping[str, Objects] = field(default_factory=dict)
    """By task: embeddings of the objects on the samples."""
    scores: Mapping[str, Mapping[str, Numbers]] = field(default_factory=dict)
    """By task and score."""
    predictions: Mapping[str, Predictions] = field(default_factory=dict)
    """By task."""
    metadata: Mapping[str, Column] = field(default_factory=dict)
    """By key."""
    queries: Mapping[tuple[str, str], Embeddings] = field(default_factory=dict)
    """By Datasource and tag: what to be similar to."""
    preselected: Sequence[int] = ()
    """Rows that earlier runs selected."""
    input_size: int | None = None
    """How many samples there were before any was rejected: what shares are of."""


def describe(seen: SelectionInput) -> str:
    """The input in a few words."""
    about = {
        InputType.SCORES: f"{seen.task}/{seen.score}",
        InputType.PREDICTIONS: f"{seen.task}",
        InputType.METADATA: f"{seen.key}",
    }.get(seen.type, seen.task or seen.tag_name or "")
    return f"{seen.type} {about}".rstrip()


def look_up(wanted: str | None, known: Mapping[str, Found], what: str) -> Found:
    """The entry of this name; what else there is, if there is none."""
    name = wanted or ""
    if name in known:
        return known[name]
    raise NotThereError(not_among(name, known, what))


def not_among(name: str, known: Iterable[str], what: str) -> str:
    """That there is no such thing, what was probably meant, and what there is."""
    choices = list(known)
    near = closest(name, choices)
    guess = f"; did you mean {near!r}?" if near else "."
    more = ", …" if len(choices) > EXAMPLES_SHOWN else ""
    there_is = f"{', '.join(sorted(choices)[:EXAMPLES_SHOWN])}{more}" if choices else "none"
    return f"there is no {what} {name!r}{guess} There is: {there_is}"


def numbers(seen: SelectionInput, inputs: SampleInputs) -> Numbers:
    """The number that each sample has in this input."""
    match seen.type:
        case InputType.SCORES:
            by_score = look_up(seen.task, inputs.scores, "task with scores called")
            return np.asarray(look_up(seen.score, by_score, f"score of task {seen.task} called"))
        case InputType.PREDICTIONS:
            return _category_count(seen, inputs)
        case InputType.METADATA:
            return _as_numbers(_metadata(seen, inputs), seen.key or "")
        case InputType.RANDOM:
            return random_numbers(inputs.names, seen.random_seed or 0)
        case InputType.EMBEDDINGS:
            raise NotThereError("embeddings are no numbers")


def categories(seen: SelectionInput, inputs: SampleInputs) -> list[str]:
    """The category that each sample has in this metadata."""
    values = _metadata(seen, inputs)
    broken = next((value for value in values if isinstance(value, float | np.floating)), None)
    if broken is not None:
        raise NotThereError(
            f"metadata {seen.key!r} are numbers such as {broken:g}, BALANCE needs categories;"
            " THRESHOLD and WEIGHTS work with numbers"
        )
    return [
        str(value).lower() if isinstance(value, bool | np.bool_) else str(value) for value in values
    ]


def task_with_categories(
    seen: SelectionInput, inputs: SampleInputs, named: Iterable[str]
) -> Predictions:
    """The predictions of the input's task, if its schema has these categories."""
    predictions = look_up(seen.task, inputs.predictions, "task with predictions called")
    for category in named:
        if category not in predictions.categories:
            what = f"category of task {seen.task} called"
            raise NotThereError(not_among(category, predictions.categories, what))
    return predictions


def random_numbers(names: Sequence[str], seed: int) -> Numbers:
    """A number from 0 to 1 for each name: its own, whatever other names there are."""
    key = str(seed).encode()
    digests = b"".join(blake2b(name.encode(), digest_size=8, key=key).digest() for name in names)
    return np.frombuffer(digests, "<u8").astype(np.float64) * 2.0**-64


def _category_count(seen: SelectionInput, inputs: SampleInputs) -> Numbers:
    wanted = seen.categories or []
    predictions = task_with_categories(seen, inputs, wanted)
    if predictions.count_NK is None:
        raise NotThereError(
            f"task {seen.task!r} predicts no objects that could be counted;"
            f" use name: {PredictionInput.CLASS_DISTRIBUTION}"
        )
    columns = [predictions.categories.index(category) for category in wanted]
    return np.asarray(predictions.count_NK[:, columns].sum(axis=1))


def _metadata(seen: SelectionInput, inputs: SampleInputs) -> Column:
    values = look_up(seen.key, inputs.metadata, "metadata called")
    missing = [row for row, value in enumerate(values) if value is None]
    if missing:
        raise NotThereError(
            f"{len(missing):,} samples have no metadata {seen.key!r}:"
            f" {some_of(missing, lambda row: repr(inputs.names[row]))};"
            " give a defaultValue in metadataFields"
        )
    return values


def _as_numbers(values: Column, key: str) -> Numbers:
    table = np.asarray(values)
    if table.dtype.kind not in "fiu":
        word = next((value for value in values if not isinstance(value, int | float)), None)
        raise NotThereError(
            f"metadata {key!r} are categories such as {word!r}, numbers are needed here;"
            " BALANCE works with categories"
        )
    return table.astype(np.float64)
