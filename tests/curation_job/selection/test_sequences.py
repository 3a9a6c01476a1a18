"""Selecting sequences of frames."""

import numpy as np
import pytest

from curation_api import CurationError
from curation_job.selection import (
    Balance,
    Diversity,
    Objects,
    Operation,
    SelectionProblem,
    Threshold,
    Weights,
    select,
)
from curation_job.selection.sequences import cut_into_sequences, frames_of, problem_of_sequences
from tests.curation_job.selection.samples import embeddings, names, on_a_circle


@pytest.mark.covers("R189")
def test_videos_are_cut_into_sequences_and_what_is_left_over_is_dropped() -> None:
    videos = ["a"] * 5 + ["b"] * 1 + ["c"] * 4

    assert cut_into_sequences(videos, 2).tolist() == [[0, 1], [2, 3], [6, 7], [8, 9]]


def test_frames_of_a_video_that_do_not_stand_together_are_refused() -> None:
    with pytest.raises(CurationError, match="frames of 'a' do not stand together"):
        cut_into_sequences(["a", "b", "a"], 1)


@pytest.mark.covers("R186")
def test_a_number_of_frames_that_is_no_number_of_sequences_is_refused() -> None:
    problem = SelectionProblem(25, [Weights(np.ones(40))])

    with pytest.raises(CurationError, match=r"25 frames .* sequences of 10.*Ask for 20 or 30"):
        problem_of_sequences(problem, cut_into_sequences(["a"] * 40, 10))


@pytest.mark.covers("R186", "R189")
def test_whole_sequences_are_selected() -> None:
    table = on_a_circle(0, 2, 90, 92, 180, 182, 270, 272)
    frames = cut_into_sequences(["a"] * 8, 2)
    problem = SelectionProblem(4, [Diversity()], embeddings=table, names=names(8))

    selection = select(problem_of_sequences(problem, frames))

    assert frames_of(selection.picks, frames).tolist() == [0, 1, 4, 5]


def test_a_sequence_has_the_mean_of_its_frames() -> None:
    values = np.array([1.0, 3.0, 10.0, 0.0])
    problem = SelectionProblem(
        2,
        [
            Weights(values, max_sum=20, target_range=(8, 16)),
            Balance(np.array([0, 1, 1, -1]), np.ones(2)),
        ],
        [Threshold(values, Operation.BIGGER, 2.0)],
        preselected=[3],
    )

    of_sequences = problem_of_sequences(problem, cut_into_sequences(["a"] * 4, 2))

    weights, balance = of_sequences.objectives
    assert isinstance(weights, Weights)
    assert isinstance(balance, Balance)
    assert of_sequences.count == 1
    assert weights.values.tolist() == [2.0, 5.0]
    assert (weights.max_sum, weights.target_range) == (10, (4, 8))
    assert balance.classes.tolist() == [[0.5, 0.5], [0.0, 0.5]]
    assert of_sequences.thresholds[0].values.tolist() == [2.0, 5.0]
    assert list(of_sequences.preselected) == [1]


def test_objects_belong_to_the_sequence_of_their_frame() -> None:
    objects = Objects(embeddings(4), np.array([0, 1, 2, 4]))
    problem = SelectionProblem(2, [Diversity(objects=objects)], names=names(5))

    [rule] = problem_of_sequences(problem, cut_into_sequences(["a"] * 5, 2)).objectives

    assert isinstance(rule, Diversity)
    assert rule.objects is not None
    assert rule.objects.owners.tolist() == [0, 0, 1]
    np.testing.assert_array_equal(rule.objects.embeddings, embeddings(4)[:3])
