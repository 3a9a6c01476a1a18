"""Everything that is wrong with a selection problem, at once and in words."""

# K classes, N samples.

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from curation_job.selection.errors import InvalidConfigurationError, some_of
from curation_job.selection.points import count_rows, shards_of
from curation_job.selection.problem import (
    Balance,
    Diversity,
    Numbers,
    Objective,
    SelectionProblem,
    Similarity,
    Threshold,
    Typicality,
    Weights,
)


def check(problem: SelectionProblem) -> None:
    """Refuse a problem that has no answer, naming every reason."""
    complaints = [*_about_the_frame(problem)]
    for rule in problem.thresholds:
        complaints += (f"{rule.name}: {text}" for text in _about_threshold(rule, problem))
    for objective in problem.objectives:
        complaints += (f"{objective.name}: {text}" for text in _about(objective, problem))
    if complaints:
        raise InvalidConfigurationError(
            "This selection is not possible: " + "; ".join(complaints),
            fix="Correct the values named, or leave out the samples or the strategies that have"
            " them",
        )


def _about_the_frame(problem: SelectionProblem) -> Iterator[str]:
    if problem.count < 0:
        yield f"cannot select {problem.count} samples"
    if not problem.size:
        yield "there are no samples to select from"
    if not problem.objectives:
        yield "no objective says which samples are better than others"
    wrong = [row for row in map(int, problem.preselected) if not 0 <= row < problem.size]
    if wrong:
        yield f"preselected row {wrong[0]} does not exist among {problem.size:,}"
    if problem.names is not None and len(set(problem.names)) < len(problem.names):
        yield "two samples have the same name"
    if problem.embeddings is not None:
        rows = count_rows(problem.embeddings)
        if rows != problem.size:
            yield f"there are {rows:,} embeddings for {problem.size:,} samples"


def _about_threshold(rule: Threshold, problem: SelectionProblem) -> Iterator[str]:
    yield from _about_numbers(rule.values, problem)
    if not np.isfinite(rule.limit):
        yield f"{rule.limit} is no limit"


def _about(objective: Objective, problem: SelectionProblem) -> Iterator[str]:
    if not np.isfinite(objective.strength):
        yield f"a strength of {objective.strength} is not possible"
    match objective:
        case Diversity():
            yield from _about_diversity(objective, problem)
        case Weights():
            yield from _about_weights(objective, problem)
        case Balance():
            yield from _about_balance(objective, problem)
        case Similarity():
            yield from _about_embeddings(problem)
            if problem.embeddings is not None:
                ours, theirs = (
                    shards_of(table)[0].shape[1]
                    for table in (problem.embeddings, objective.queries)
                )
                if ours != theirs:
                    yield f"embeddings of {ours} and of {theirs} dimensions cannot be compared"
        case Typicality():
            yield from _about_embeddings(problem)
            if objective.neighbours < 1:
                yield f"{objective.neighbours} neighbours make nothing typical"
            if objective.minimum is not None and not 0 <= objective.minimum < np.inf:
                yield f"a minimum typicality of {objective.minimum} is not possible"


def _about_diversity(rule: Diversity, problem: SelectionProblem) -> Iterator[str]:
    least = rule.minimum_distance
    if least is not None and not 0 <= least < np.inf:
        yield f"a minimum distance of {least} is not possible, distances are from 0 to 2"
    if rule.objects is None:
        yield from _about_embeddings(problem)
        return
    owners = np.asarray(rule.objects.owners)
    rows = count_rows(rule.objects.embeddings)
    if len(owners) != rows:
        yield f"{rows:,} embeddings of objects have {len(owners):,} owners"
    if len(owners) and not 0 <= owners.min() <= owners.max() < problem.size:
        yield "an object belongs to a sample that does not exist"
    if np.any(np.diff(owners) < 0):
        yield "objects must be listed sample by sample"


def _about_weights(rule: Weights, problem: SelectionProblem) -> Iterator[str]:
    yield from _about_numbers(rule.values, problem)
    if rule.target_range is not None:
        low, high = rule.target_range
        if not low <= high:
            yield f"a sum cannot be between {low} and {high}"


def _about_balance(rule: Balance, problem: SelectionProblem) -> Iterator[str]:
    target_K = np.asarray(rule.target)
    if not np.all(np.isfinite(target_K)) or np.any(target_K < 0) or not np.any(target_K > 0):
        yield "the target needs shares of at least 0, one of them more than 0"
    classes = np.asarray(rule.classes)
    if classes.ndim == 1:
        yield from _about_length(classes, problem)
        if len(classes) and not -1 <= classes.min() <= classes.max() < len(target_K):
            yield f"classes must be numbered from 0 to {len(target_K) - 1}, or -1 for none of them"
    elif classes.ndim != 2 or classes.shape[1] != len(target_K):
        yield f"amounts of shape {classes.shape} do not fit a target of {len(target_K)} classes"
    else:
        yield from _about_length(classes, problem)
        wrong = np.flatnonzero(~np.all(np.isfinite(classes) & (classes >= 0), axis=1))
        if len(wrong):
            yield f"amounts must be at least 0: {some_of(wrong.tolist(), problem.name_of)}"


def _about_embeddings(problem: SelectionProblem) -> Iterator[str]:
    if problem.embeddings is None:
        yield "it needs embeddings"


def _about_numbers(numbers: Numbers, problem: SelectionProblem) -> Iterator[str]:
    values = np.asarray(numbers)
    if values.ndim != 1 or values.dtype.kind not in "fiub":
        yield f"needs one number for each sample, got {values.dtype} of shape {values.shape}"
        return
    yield from _about_length(values, problem)
    missing = np.flatnonzero(~np.isfinite(values))
    if len(missing):
        yield (
            f"{len(missing):,} samples have no finite value:"
            f" {some_of(missing.tolist(), problem.name_of)}"
        )


def _about_length(values: NDArray[np.generic], problem: SelectionProblem) -> Iterator[str]:
    if len(values) != problem.size:
        yield f"there are {len(values):,} values for {problem.size:,} samples"
