"""What holds for every selection, whatever the strategies."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation_job.selection import Diversity, Operation, SelectionProblem, Stop, Threshold, select
from tests.curation_job.selection.reference import distances, shuffled, unit
from tests.curation_job.selection.samples import any_problem

SEEDS = st.integers(0, 10_000)


def names_of_picks(problem: SelectionProblem) -> list[str]:
    assert problem.names is not None
    return [problem.names[row] for row in select(problem).picks]


@pytest.mark.covers("R98")
@given(seed=SEEDS)
def test_the_order_of_rows_and_of_rules_makes_no_difference(seed: int) -> None:
    problem = any_problem(seed)
    rows = np.random.default_rng(seed).permutation(problem.size)

    turned = shuffled(problem, rows)
    turned = replace(turned, objectives=list(reversed(turned.objectives)))

    assert names_of_picks(turned) == names_of_picks(problem)
    assert select(turned).digest == select(problem).digest


@given(seed=SEEDS)
def test_where_nothing_passes_nothing_is_selected_whatever_the_strategies(seed: int) -> None:
    problem = any_problem(seed)
    impassable = Threshold(np.zeros(problem.size), Operation.BIGGER, 1.0)

    selection = select(replace(problem, thresholds=[impassable]))

    assert len(selection.picks) == 0
    assert selection.stop is Stop.EVERYTHING


@given(seed=SEEDS, fewer=st.integers(0, 39))
def test_a_smaller_budget_gives_the_beginning_of_the_selection(seed: int, fewer: int) -> None:
    problem = any_problem(seed)
    whole = select(problem)
    smaller = replace(problem, count=min(fewer, problem.count))

    picks = select(smaller).picks

    if whole.is_prefix:
        np.testing.assert_array_equal(picks, whole.picks[: len(picks)])
        assert len(picks) == min(smaller.count, len(whole.picks))


@pytest.mark.covers("R75")
@given(seed=SEEDS)
def test_no_sample_comes_twice_or_although_it_is_selected_already(seed: int) -> None:
    problem = any_problem(seed)

    picks = select(problem).picks.tolist()

    assert len(set(picks)) == len(picks) <= problem.count
    assert not set(picks) & set(map(int, problem.preselected))


@pytest.mark.covers("R82", "R83")
@given(seed=SEEDS)
def test_every_pick_passes_every_threshold(seed: int) -> None:
    problem = any_problem(seed)

    picks = select(problem).picks

    for rule in problem.thresholds:
        assert rule.operation is Operation.BIGGER
        assert np.all(np.asarray(rule.values)[picks] > rule.limit)


@pytest.mark.covers("R71", "R79")
@given(seed=SEEDS)
def test_no_two_picks_are_nearer_than_the_minimum_distance(seed: int) -> None:
    problem = any_problem(seed)
    least = max(
        (
            rule.minimum_distance or 0.0
            for rule in problem.objectives
            if isinstance(rule, Diversity)
        ),
        default=0.0,
    )
    taken = list(map(int, problem.preselected))

    picks = select(problem).picks.tolist()

    points = unit(problem.embeddings)
    apart = distances(points[picks], points[taken + picks])
    apart[np.arange(len(picks)), len(taken) + np.arange(len(picks))] = 9
    assert apart.min(initial=9) >= least - 1e-6


@given(seed=SEEDS)
def test_a_selection_that_ends_early_says_why(seed: int) -> None:
    problem = any_problem(seed)

    selection = select(problem)

    full = len(selection.picks) == problem.count
    assert full or selection.stop is not Stop.COUNT


PRINT_DIGESTS = """
from curation_job.selection import select
from tests.curation_job.selection.samples import any_problem
print([select(any_problem(seed)).digest for seed in range(40)])
"""


def test_the_number_of_threads_makes_no_difference() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", PRINT_DIGESTS],
            env={**os.environ, "NUMBA_NUM_THREADS": threads, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    }

    assert len(outputs) == 1


def test_a_digest_tells_inputs_rules_and_picks_apart() -> None:
    problem = any_problem(1)
    others = [
        replace(problem, count=problem.count - 1),
        replace(problem, objectives=[replace(problem.objectives[0], strength=1.5)]),
        replace(problem, embeddings=np.asarray(problem.embeddings)[::-1]),
        replace(problem, preselected=[0]),
    ]

    digests = {select(other).digest for other in [problem, *others]}

    assert len(digests) == 5
    assert all(digest.startswith("sha256:") for digest in digests)


def test_what_a_rule_is_called_is_not_in_the_digest() -> None:
    problem = any_problem(1)
    renamed = replace(problem, objectives=[replace(r, name="x") for r in problem.objectives])

    assert select(renamed).digest == select(problem).digest
