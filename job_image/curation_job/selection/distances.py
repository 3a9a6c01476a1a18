"""How far every sample is from its nearest pick, brought up to date only where somebody asks."""

# N samples, D embedding dimensions, K picks, R rows looked at.

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from curation_job.selection import heads, kernels
from curation_job.selection.compiled import threads_for
from curation_job.selection.points import Points, PointSource, Rows

# Enough picks to judge by whether heads pay, early enough to matter.
TRIAL_PICKS = 128


class Distances(Protocol):
    """Squared distances to the nearest of the picks that each row has been compared with.

    Distances only shrink as picks are added, so that of a row which is not up to date is an upper
    bound.
    """

    source: PointSource
    squared_N: NDArray[np.float64]
    seen_N: NDArray[np.int32]
    """With how many picks each row has been compared."""

    def add(self, points_KD: Points) -> None:
        """From now on these points are picks, too."""

    def cover(
        self, rows_R: Rows, limit_R: NDArray[np.float64], held_RD: Points | None = None
    ) -> None:
        """Compare rows with the picks they missed; a row at its limit may be left behind.

        `held_RD` are the rows' points, for a caller that has them at hand.
        """


def measure_on(device: str | None, source: PointSource) -> Distances:
    """Distances measured by a torch device, or without one by the processor."""
    if device is None:
        return ProcessorDistances(source)
    from curation_job.selection.device_distances import DeviceDistances  # torch is heavy

    return DeviceDistances(source, device)


class ProcessorDistances:
    """Distances measured by compiled loops, on all cores."""

    def __init__(self, source: PointSource) -> None:
        self.source = source
        self.squared_N = np.full(source.count, kernels.FAR)
        self.seen_N = np.zeros(source.count, np.int32)
        self._slack = slack_of(source)
        self._picks = Stack(source.width)
        self._heads = heads.no_heads(source)
        self._pick_heads = Stack(0)
        self._trial_due = heads.may_pay(source)

    @property
    def pick_points(self) -> Points:
        """The points of all picks so far."""
        return self._picks.rows

    def add(self, points_KD: Points) -> None:
        """From now on these points are picks, too."""
        self._picks.push(points_KD)
        self._pick_heads.push(self._heads.of(points_KD))

    def cover(
        self, rows_R: Rows, limit_R: NDArray[np.float64], held_RD: Points | None = None
    ) -> None:
        """Compare rows with the picks they missed, leaving each as soon as it is at its limit."""
        behind = np.flatnonzero(self.seen_N[rows_R] < len(self.pick_points))
        rows_R, limit_R = rows_R[behind], limit_R[behind]
        if (
            self._trial_due
            and len(self.pick_points) >= TRIAL_PICKS
            and len(rows_R) >= heads.TRIAL_ROWS
        ):
            self._try_heads(rows_R)
        if held_RD is not None:
            self._cover(held_RD, behind, rows_R, limit_R)
        elif self.source.is_kept:
            self._cover(self.source.kept, rows_R, rows_R, limit_R)
        else:
            for part, points_RD in self.source.blocks(rows_R):
                self._cover(points_RD, np.arange(len(points_RD)), rows_R[part], limit_R[part])

    def _cover(
        self, points_XD: Points, at_R: Rows, rows_R: Rows, limit_R: NDArray[np.float64]
    ) -> None:
        missed = len(rows_R) * len(self.pick_points) - int(self.seen_N[rows_R].sum())
        with threads_for(missed * self.source.width):
            kernels.cover(
                points_XD,
                at_R,
                rows_R,
                limit_R,
                self.squared_N,
                self.seen_N,
                self.pick_points,
                self._heads.heads_NH,
                self._pick_heads.rows,
                self._slack,
                self._heads.doubt,
            )

    def _try_heads(self, rows_R: Rows) -> None:
        self._trial_due = False
        trial_S = rows_R[:: len(rows_R) // heads.TRIAL_ROWS]
        found = heads.heads_that_pay(
            self.source, self.source.read(trial_S), self.squared_N[trial_S], self.pick_points
        )
        if found is not None:
            self._heads = found
            self._pick_heads = Stack(heads.HEAD_WIDTH)
            self._pick_heads.push(found.of(self.pick_points))


def slack_of(source: PointSource) -> float:
    """By which factor at most a sum of squares in single precision is too large."""
    return 1 + 2 * (source.width + 4) * 2.0**-24


class Stack:
    """Rows of one width that grow at the end."""

    def __init__(self, width: int) -> None:
        self._room = np.empty((64, width), np.float32)
        self._count = 0

    @property
    def rows(self) -> Points:
        """Everything pushed so far."""
        return self._room[: self._count]

    def push(self, rows: Points) -> None:
        """Add these at the end."""
        needed = self._count + len(rows)
        if needed > len(self._room):
            room = np.empty((max(needed, 2 * len(self._room)), rows.shape[1]), np.float32)
            room[: self._count] = self.rows
            self._room = room
        self._room[self._count : needed] = rows
        self._count = needed
