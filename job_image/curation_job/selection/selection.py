"""What a selection found, and why."""

# C candidates, G sizes, K picks, N samples.

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from curation_job.selection.coverage import Coverage, coverage_of, sizes_up_to
from curation_job.selection.digest import digest_of
from curation_job.selection.ground import Ground
from curation_job.selection.points import Rows
from curation_job.selection.problem import SelectionProblem
from curation_job.selection.reasons import Followed, Reasons, follow, reasons_for
from curation_job.selection.remarks import remarks_on
from curation_job.selection.stops import Stop


class Selection:
    """The picks in order, what each of them gained, and why it is these.

    Reasons, coverage and digest take about as long as the selection itself or longer; they are
    worked out when somebody first asks.
    """

    def __init__(
        self,
        ground: Ground,
        picks: Rows,
        gains: Mapping[str, NDArray[np.float64]],
        stop: Stop,
        *,
        is_prefix: bool = True,
    ) -> None:
        self._ground = ground
        self.picks = picks
        """Rows in the order in which they were selected."""
        self.gains = gains
        """For each objective by name: what every pick gained in it, in the units of its input."""
        self.stop = stop
        self.is_prefix = is_prefix
        """Whether the first k picks are what a selection of k samples would be.

        They are not with a target range, which depends on how many are to come, and when all
        candidates are kept: those are in the order of their names.
        """

    @cached_property
    def reasons(self) -> Reasons:
        """What became of every row, and what decided that."""
        all_barred = self.stop is Stop.MINIMUM_DISTANCE
        return reasons_for(self._ground, self.picks, self._followed, all_barred=all_barred)

    @cached_property
    def coverage(self) -> Coverage:
        """What a selection of any smaller size would be worth; see `is_prefix`."""
        names = names_of(self._ground.problem)
        return coverage_of(self._ground, self.picks, names, self._sizes, self._followed)

    @cached_property
    def remarks(self) -> tuple[str, ...]:
        """What went as asked, but perhaps not as meant, in sentences."""
        return remarks_on(self._ground, self.picks, self.stop)

    @cached_property
    def _followed(self) -> Followed | None:
        return follow(self._ground, self.picks, self._sizes)

    @property
    def _sizes(self) -> Rows:
        return sizes_up_to(len(self.picks))

    @cached_property
    def digest(self) -> str:
        """A hash of inputs, rules and picks: the same on every machine."""
        return digest_of(self._ground, self.picks)


def names_of(problem: SelectionProblem) -> list[str]:
    """The names of the objectives, each different."""
    names: list[str] = []
    for objective in problem.objectives:
        name, number = objective.name, 1
        while name in names:
            number += 1
            name = f"{objective.name} ({number})"
        names.append(name)
    return names
