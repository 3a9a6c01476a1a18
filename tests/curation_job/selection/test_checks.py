"""A problem without an answer gets a sentence."""

import numpy as np
import pytest

from curation_api import CurationError
from curation_job.selection import (
    Balance,
    Diversity,
    Objects,
    Operation,
    SelectionProblem,
    Similarity,
    Threshold,
    Typicality,
    Weights,
    select,
)
from tests.curation_job.selection.samples import embeddings

TABLE = embeddings(4)
VALUES = np.arange(4.0)
NAMES = ["a", "b", "c", "d"]
HALVES = np.array([0.5, 0.5])


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (SelectionProblem(-1, [Weights(VALUES)]), "cannot select -1 samples"),
        (SelectionProblem(1, [Weights(np.empty(0))]), "no samples to select from"),
        (SelectionProblem(1, [], names=NAMES), "no objective says"),
        (
            SelectionProblem(1, [Weights(VALUES)], preselected=[4]),
            "preselected row 4 does not exist",
        ),
        (SelectionProblem(1, [Weights(VALUES)], names=["a"] * 4), "two samples have the same name"),
        (SelectionProblem(1, [Diversity()], names=NAMES), "DIVERSITY: it needs embeddings"),
        (
            SelectionProblem(1, [Diversity()], names=NAMES[:3], embeddings=TABLE),
            "there are 4 embeddings for 3 samples",
        ),
        (
            SelectionProblem(1, [Diversity(strength=np.nan)], embeddings=TABLE),
            "a strength of nan is not possible",
        ),
        (
            SelectionProblem(1, [Diversity(minimum_distance=-1.0)], embeddings=TABLE),
            "a minimum distance of -1.0 is not possible",
        ),
        (
            SelectionProblem(1, [Diversity(objects=Objects(TABLE, np.zeros(3, int)))], names=NAMES),
            "4 embeddings of objects have 3 owners",
        ),
        (
            SelectionProblem(1, [Diversity(objects=Objects(TABLE, np.full(4, 7)))], names=NAMES),
            "an object belongs to a sample that does not exist",
        ),
        (
            SelectionProblem(
                1, [Diversity(objects=Objects(TABLE, np.array([1, 0, 2, 3])))], names=NAMES
            ),
            "objects must be listed sample by sample",
        ),
        (
            SelectionProblem(1, [Weights(np.array([1, np.nan, np.inf, 2]))], names=NAMES),
            "2 samples have no finite value: 'b', 'c'",
        ),
        (
            SelectionProblem(1, [Weights(VALUES[:3])], names=NAMES),
            "there are 3 values for 4 samples",
        ),
        (SelectionProblem(1, [Weights(np.array(NAMES))], names=NAMES), "needs one number"),
        (
            SelectionProblem(1, [Weights(VALUES, target_range=(2, 1))]),
            "a sum cannot be between 2 and 1",
        ),
        (
            SelectionProblem(1, [Weights(VALUES)], [Threshold(VALUES, Operation.BIGGER, np.nan)]),
            "THRESHOLD: nan is no limit",
        ),
        (SelectionProblem(1, [Balance(np.array([0, 2]), HALVES)]), "numbered from 0 to 1, or -1"),
        (
            SelectionProblem(1, [Balance(np.ones((4, 3)), HALVES)]),
            r"shape \(4, 3\) do not fit a target of 2 classes",
        ),
        (
            SelectionProblem(1, [Balance(np.array([[1.0, -1], [0, 1]]), HALVES)]),
            "amounts must be at least 0: row 0",
        ),
        (SelectionProblem(1, [Balance(np.zeros(4, int), np.zeros(1))]), "one of them more than 0"),
        (
            SelectionProblem(1, [Similarity(np.ones((2, 5)))], embeddings=TABLE),
            "embeddings of 8 and of 5 dimensions cannot be compared",
        ),
        (
            SelectionProblem(1, [Typicality(0)], embeddings=TABLE),
            "0 neighbours make nothing typical",
        ),
        (
            SelectionProblem(1, [Typicality(2, np.nan)], embeddings=TABLE),
            "a minimum typicality of nan",
        ),
    ],
)
def test_a_problem_without_an_answer_is_refused_in_words(
    problem: SelectionProblem, words: str
) -> None:
    with pytest.raises(CurationError, match=words) as error:
        select(problem)

    assert error.value.problem.fix


def test_everything_that_is_wrong_is_named_at_once() -> None:
    problem = SelectionProblem(-1, [Weights(VALUES, strength=np.inf), Weights(VALUES[:2])])

    with pytest.raises(CurationError, match=r"-1 samples.*strength of inf.*2 values for 4"):
        select(problem)


def test_bad_embeddings_are_named() -> None:
    table = TABLE.copy()
    table[2] = np.nan

    with pytest.raises(CurationError, match="not finite numbers: 'c'"):
        select(SelectionProblem(1, [Diversity()], embeddings=table, names=NAMES))


def test_with_no_candidate_left_nothing_is_selected() -> None:
    nobody = [Threshold(VALUES, Operation.BIGGER, 9)]

    selection = select(SelectionProblem(2, [Diversity(0.1)], nobody, embeddings=TABLE))

    assert selection.picks.tolist() == []
    assert selection.coverage.knee is None
    assert selection.reasons.threshold_N.tolist() == [0, 0, 0, 0]
