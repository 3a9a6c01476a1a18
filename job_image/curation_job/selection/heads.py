"""A cheap lower bound of distances, for embeddings that need few directions to be described.

Real embeddings vary in far fewer directions than they have coordinates. In a basis of the
strongest directions, fifteen coordinates and the length of what is left (the head of a point) tell
most pairs apart: heads are never farther from each other than their points, so a pick whose head is
too far away need not be looked at.
"""

# N samples, D embedding dimensions, H dimensions of a head, K picks, S samples for a trial.

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curation_job.selection import head_kernels
from curation_job.selection.points import Points, PointSource

HEAD_WIDTH = 16
TRIAL_ROWS = 512

# Below this width or count a head costs more than it saves.
LEAST_WIDTH = 4 * HEAD_WIDTH
LEAST_COUNT = 50_000

# Measured at 128 dimensions: heads pay when they settle about two pairs of three.
MOST_UNSETTLED = 0.3


@dataclass(frozen=True, slots=True)
class Heads:
    """The heads of all points; none at all is a width of zero."""

    basis_HD: NDArray[np.float32]
    heads_NH: NDArray[np.float32]

    def of(self, points_RD: Points) -> NDArray[np.float32]:
        """The heads of these points."""
        if not self.heads_NH.shape[1]:
            return np.empty((len(points_RD), 0), np.float32)
        return _heads(points_RD, self.basis_HD)

    @property
    def doubt(self) -> float:
        """How much too far apart rounding can make two heads."""
        width, head_width = self.basis_HD.shape[1], self.heads_NH.shape[1]
        return float(2 * np.sqrt(head_width) * (width + 4) * 2.0**-24)


def no_heads(source: PointSource) -> Heads:
    """What a comparison without heads uses."""
    return Heads(np.empty((0, source.width), np.float32), np.empty((source.count, 0), np.float32))


def may_pay(source: PointSource) -> bool:
    """Whether there is anything to gain."""
    return source.is_kept and source.width >= LEAST_WIDTH and source.count >= LEAST_COUNT


def heads_that_pay(
    source: PointSource, trial_SD: Points, squared_S: NDArray[np.float64], picks_KD: Points
) -> Heads | None:
    """Heads for all points, if they would have spared most of these rows a look at most picks."""
    basis_HD = np.empty((HEAD_WIDTH - 1, source.width), np.float32)
    head_kernels.strongest_directions(trial_SD - trial_SD.mean(axis=0), basis_HD)
    unsettled = head_kernels.closer_pairs(
        _heads(trial_SD, basis_HD), squared_S, _heads(picks_KD, basis_HD)
    )
    if unsettled > MOST_UNSETTLED * len(trial_SD) * len(picks_KD):
        return None
    heads_NH = np.empty((source.count, HEAD_WIDTH), np.float32)
    head_kernels.heads(source.kept, basis_HD, heads_NH)
    return Heads(basis_HD, heads_NH)


def _heads(points_RD: Points, basis_HD: NDArray[np.float32]) -> NDArray[np.float32]:
    heads_RH = np.empty((len(points_RD), len(basis_HD) + 1), np.float32)
    head_kernels.heads(points_RD, basis_HD, heads_RH)
    return heads_RH
