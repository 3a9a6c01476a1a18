"""Objectives that no pick changes: weights, similarity, typicality."""

# C candidates.

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curation_job.selection.ground import Ground
from curation_job.selection.moving import potential_of
from curation_job.selection.nearest import nearest_picks
from curation_job.selection.points import PointSource
from curation_job.selection.problem import Diversity, Similarity, Typicality, Weights

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Standing:
    """One such objective of every candidate: between 0 and 1, the best at or below 1."""

    objective_C: Values
    gain_C: Values
    """The same in the units of its input."""

    def potential(self, strength: float) -> Values:
        """Strength times the logarithm of the objective."""
        return potential_of(self.objective_C, strength)


def standing_of(number: int, ground: Ground) -> Standing:
    """How every candidate stands in the objective of this number."""
    match ground.problem.objectives[number]:
        case Weights() as rule:
            values_C = np.asarray(rule.values, np.float64)[ground.candidates_C]
            return Standing(_in_parts_of_the_largest(values_C), values_C)
        case Similarity() as rule:
            queries = PointSource(rule.queries)
            queries_QD = queries.read(np.arange(queries.count))
            near = nearest_picks(ground.points, ground.candidates_C, queries_QD)
            similarity_C = 1 - np.sqrt(near.squared_R) / 2
            return Standing(similarity_C, similarity_C)
        case Typicality():
            typical_C = ground.typicality[number][ground.candidates_C]
            return Standing(typical_C, typical_C)
        case Diversity():  # of objects, and there is none on any sample
            count = len(ground.candidates_C)
            return Standing(np.ones(count), np.zeros(count))
        case rule:
            raise TypeError(f"{rule.name} changes with the picks")


def _in_parts_of_the_largest(values_C: Values) -> Values:
    """Values from 0 to 1; where there are negative ones, counted from the smallest."""
    from_zero_C = values_C - values_C.min(initial=0.0)
    largest = from_zero_C.max(initial=0.0)
    return from_zero_C / largest if largest > 0 else np.ones(len(values_C))
