"""What a user should know about a selection."""

from dataclasses import replace

import numpy as np
import pytest

from curation_job.selection import (
    Diversity,
    Objects,
    SelectionProblem,
    Similarity,
    Typicality,
    Weights,
    select,
)
from tests.curation_job.selection.samples import embeddings

SAME = np.ones((300, 4))
NO_OBJECTS = Objects(np.empty((0, 4)), np.empty(0, int))
PLAIN = SelectionProblem(5, [Diversity()], embeddings=embeddings(30))


def test_a_selection_as_meant_gives_nothing_to_remark() -> None:
    assert select(PLAIN).remarks == ()


@pytest.mark.parametrize(
    ("problem", "remark"),
    [
        (
            replace(PLAIN, count=100),
            "Selected 30 of the 100 samples asked for: there are no more candidates.",
        ),
        (
            replace(PLAIN, count=9, objectives=[Diversity(1.9)]),
            "Selected 1 of the 9 samples asked for:"
            " everything else is too near to a selected sample.",
        ),
        (
            SelectionProblem(3, [Weights(np.array([2.0, 3.0, 4.0]), max_sum=8)]),
            "Selected 2 of the 3 samples asked for:"
            " the next one would have made a sum of values too large.",
        ),
        (
            replace(PLAIN, embeddings=SAME, objectives=[Diversity(), Similarity(SAME[:1])]),
            "All 300 candidates have the same embedding:"
            " DIVERSITY and SIMILARITY cannot tell them apart, their names decide.",
        ),
        (
            replace(PLAIN, objectives=[Diversity(strength=-1)]),
            "DIVERSITY has a negative strength: it prefers the opposite.",
        ),
        (
            replace(PLAIN, objectives=[Diversity(), Typicality(strength=0)]),
            "TYPICALITY has a strength of 0: it has no influence on the order.",
        ),
        (
            replace(PLAIN, objectives=[Diversity(objects=NO_OBJECTS)]),
            "DIVERSITY finds no object on any sample: it has no influence.",
        ),
        (
            replace(PLAIN, objectives=[Typicality(50)]),
            "TYPICALITY looks for 50 neighbours among 30 candidates: it uses all others.",
        ),
    ],
)
def test_what_may_not_be_meant_is_remarked(problem: SelectionProblem, remark: str) -> None:
    assert select(problem).remarks == (remark,)
