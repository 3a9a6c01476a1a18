"""Select sequences of consecutive frames instead of single ones.

Frames of a video are cut into sequences of one length, each of which counts as one sample with the
mean of its frames' embeddings and values. What does not fill a sequence at the end of a video is
left out.
"""

# F frames, L frames in a sequence, M objects, S sequences.

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation_job.selection.errors import InvalidConfigurationError
from curation_job.selection.points import Embeddings, Rows, rows_of, shards_of
from curation_job.selection.problem import (
    Balance,
    Diversity,
    Objective,
    Objects,
    SelectionProblem,
    Weights,
)


def cut_into_sequences(videos: Sequence[str], length: int) -> Rows:
    """The rows of each sequence, given the video (or folder) of every frame.

    Frames of one video stand together, in their order.
    """
    starts: list[int] = []
    seen: set[str] = set()
    row = 0
    for video, frames in groupby(videos):
        if video in seen:
            raise InvalidConfigurationError(
                f"The frames of {video!r} do not stand together",
                fix="Sort the frames by video and by their place in it",
            )
        seen.add(video)
        end = row + sum(1 for _ in frames)
        starts += range(row, end - length + 1, length)
        row = end
    return np.array(starts, np.intp).reshape(-1, 1) + np.arange(length)


def problem_of_sequences(problem: SelectionProblem, frames_SL: Rows) -> SelectionProblem:
    """The same problem with one row a sequence; the count stays one of frames, to be divided."""
    length = frames_SL.shape[1]
    if problem.count % length:
        raise InvalidConfigurationError(
            f"{problem.count} frames are not a whole number of sequences of {length}",
            fix=f"Ask for {problem.count // length * length} or"
            f" {(problem.count // length + 1) * length} frames",
        )
    taken = np.isin(frames_SL, np.asarray(problem.preselected, np.intp)).any(axis=1)
    names = problem.names
    return replace(
        problem,
        count=problem.count // length,
        names=None if names is None else [names[row] for row in frames_SL[:, 0]],
        embeddings=None
        if problem.embeddings is None
        else _mean_embedding(problem.embeddings, frames_SL),
        preselected=np.flatnonzero(taken),
        thresholds=[
            replace(rule, values=_mean(rule.values, frames_SL)) for rule in problem.thresholds
        ],
        objectives=[_of_sequences(objective, frames_SL) for objective in problem.objectives],
    )


def frames_of(picks: Rows, frames_SL: Rows) -> Rows:
    """The frames of picked sequences, in the order of the picks."""
    return frames_SL[picks].reshape(-1)


def _of_sequences(objective: Objective, frames_SL: Rows) -> Objective:
    match objective:
        case Weights():
            # Sums are over frames; the sum over sequences of their means is that over their length.
            length = frames_SL.shape[1]
            limit, target = objective.max_sum, objective.target_range
            return replace(
                objective,
                values=_mean(objective.values, frames_SL),
                max_sum=None if limit is None else limit / length,
                target_range=None if target is None else (target[0] / length, target[1] / length),
            )
        case Balance():
            amounts = _amounts(np.asarray(objective.classes), len(objective.target))
            return replace(objective, classes=_mean(amounts, frames_SL))
        case Diversity(objects=Objects() as objects):
            return replace(objective, objects=_objects_of_sequences(objects, frames_SL))
    return objective


def _mean(values: Any, frames_SL: Rows) -> NDArray[np.float64]:
    """The mean of the frames of each sequence."""
    return np.asarray(np.asarray(values, np.float64)[frames_SL].mean(axis=1))


def _mean_embedding(embeddings: Embeddings, frames_SL: Rows) -> NDArray[np.float32]:
    """The mean embedding of each sequence; frames are read one place in the sequences at a time."""
    shards = shards_of(embeddings)
    mean_SD = np.zeros((len(frames_SL), shards[0].shape[1]), np.float32)
    for rows_S in frames_SL.T:
        mean_SD += rows_of(shards, rows_S) / np.float32(len(frames_SL.T))
    return mean_SD


def _amounts(classes: NDArray[Any], count: int) -> NDArray[Any]:
    """Class numbers as amounts of each class; amounts as they are."""
    if classes.ndim == 2:
        return classes
    return np.asarray(classes[:, None] == np.arange(count), np.float32)


def _objects_of_sequences(objects: Objects, frames_SL: Rows) -> Objects:
    owner_M = np.asarray(objects.owners)
    sequence_F = np.full(max(owner_M.max(initial=0), frames_SL.max(initial=0)) + 1, -1)
    sequence_F[frames_SL] = np.arange(len(frames_SL))[:, None]
    sequence_M = sequence_F[owner_M]
    kept_M = np.flatnonzero(sequence_M >= 0)
    shards = shards_of(objects.embeddings)
    return Objects(rows_of(shards, kept_M), sequence_M[kept_M])
