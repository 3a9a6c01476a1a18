"""Select samples by any mix of strategies."""

# C candidates, K picks, N samples.

import numpy as np

from curation_job.selection import rounds
from curation_job.selection.checks import check
from curation_job.selection.classes import classes_of
from curation_job.selection.digest import objectives_in_order
from curation_job.selection.distances import measure_on
from curation_job.selection.farthest import farthest_order, least_squared
from curation_job.selection.ground import Ground, prepare
from curation_job.selection.moving import (
    Moving,
    MovingBalance,
    MovingDiversity,
    MovingRange,
    Parts,
)
from curation_job.selection.points import PointSource, count_rows
from curation_job.selection.problem import (
    Balance,
    Diversity,
    Objective,
    Objects,
    SelectionProblem,
    Weights,
)
from curation_job.selection.product import ProductRace, Purse
from curation_job.selection.selection import Selection, names_of
from curation_job.selection.standing import Standing, standing_of
from curation_job.selection.stops import Stop


def select(problem: SelectionProblem) -> Selection:
    """Select samples greedily by the product of objective^strength.

    The order of rows, objectives and thresholds makes no difference, nor do the machine and its
    number of threads. A problem without an answer is refused with every reason.
    """
    check(problem)
    ground = prepare(problem)
    if len(ground.candidates_C) <= problem.count and not _may_end_early(problem):
        everything = rounds.by_rank(ground.candidates_C, ground.rank_N)
        return Selection(ground, everything, {}, Stop.EVERYTHING, is_prefix=False)
    alone = _diversity_alone(problem)
    if alone is not None:
        return _select_by_diversity(ground, alone)
    return _select_by_product(ground)


def _may_end_early(problem: SelectionProblem) -> bool:
    return any(
        (isinstance(rule, Diversity) and rule.minimum_distance)
        or (isinstance(rule, Weights) and rule.max_sum is not None)
        for rule in problem.objectives
    )


def _diversity_alone(problem: SelectionProblem) -> Diversity | None:
    """The only rule, if it is plain diversity; any positive strength gives the same order."""
    match list(problem.objectives):
        case [Diversity(objects=None) as rule] if rule.strength > 0:
            return rule
    return None


def _select_by_diversity(ground: Ground, rule: Diversity) -> Selection:
    order = farthest_order(
        ground.points,
        ground.candidates_C,
        ground.taken_K,
        ground.problem.count,
        least=least_squared(rule.minimum_distance),
        rank_N=ground.rank_N,
        device=ground.problem.device,
    )
    picks = np.array(order.picks, np.intp)
    gains = {rule.name: np.sqrt(np.array(order.squared))}
    return Selection(ground, picks, gains, _stop(ground, len(picks)))


def _select_by_product(ground: Ground) -> Selection:
    problem, candidates_C = ground.problem, ground.candidates_C
    constant_N = np.full(ground.size, rounds.OUT)
    constant_N[candidates_C] = 0.0
    moving: dict[int, Moving] = {}
    standing: dict[int, Standing] = {}
    for number in objectives_in_order(ground):
        rule = problem.objectives[number]
        objective = _moving(rule, ground)
        if objective is not None:
            moving[number] = objective
        else:
            standing[number] = standing_of(number, ground)
            constant_N[candidates_C] += standing[number].potential(rule.strength)
    race = ProductRace(constant_N, list(moving.values()), _purses(problem))
    picks = np.array(race.run(problem.count, ground.rank_N), np.intp)
    at_K = np.searchsorted(candidates_C, picks)
    gained = {number: standing[number].gain_C[at_K] for number in standing}
    for place, number in enumerate(moving):
        gained[number] = np.array([gain[place] for gain in race.gains])
    return Selection(
        ground,
        picks,
        {name: gained[number] for number, name in enumerate(names_of(problem))},
        Stop.MAX_SUM if race.is_over else _stop(ground, len(picks)),
        is_prefix=not any(isinstance(objective, MovingRange) for objective in moving.values()),
    )


def _moving(rule: Objective, ground: Ground) -> Moving | None:
    """The objective, if it changes with every pick."""
    candidates_C, taken_K = ground.candidates_C, ground.taken_K
    device = ground.problem.device
    match rule:
        case Diversity(objects=None):
            distances = measure_on(device, ground.points)
            return MovingDiversity(distances, candidates_C, taken_K, rule)
        case Diversity(objects=Objects() as objects) if count_rows(objects.embeddings):
            memory_bytes = ground.problem.memory_bytes
            source = PointSource(objects.embeddings, memory_bytes=memory_bytes)
            parts = Parts(objects.owners, ground.size)
            distances = measure_on(device, source)
            return MovingDiversity(distances, candidates_C, taken_K, rule, parts)
        case Balance():
            classes = classes_of(rule.classes, len(rule.target))
            return MovingBalance(classes, candidates_C, taken_K, rule)
        case Weights(target_range=(low, high)):
            count = min(ground.problem.count, len(candidates_C))
            return MovingRange(rule, (low, high), count, candidates_C)
    return None


def _purses(problem: SelectionProblem) -> list[Purse]:
    return [
        Purse(np.asarray(rule.values, np.float64), rule.max_sum)
        for rule in problem.objectives
        if isinstance(rule, Weights) and rule.max_sum is not None
    ]


def _stop(ground: Ground, picked: int) -> Stop:
    """Why there are not more picks, where no sum was full."""
    if picked == len(ground.candidates_C):
        return Stop.EVERYTHING
    return Stop.COUNT if picked == ground.problem.count else Stop.MINIMUM_DISTANCE
