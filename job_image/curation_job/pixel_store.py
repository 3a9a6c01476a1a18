"""Pixels of samples on local disk, between the pass that looks and the pass that embeds.

Only a run that trains has two passes. What does not fit into the budget is fetched again.
"""

import pickle
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from curation_job.looking.pool import PixelBatch
from curation_job.looking.units import Unit


class PixelStore:
    """Batches of pixels by the unit they belong to."""

    def __init__(self, folder: Path, *, budget_bytes: int) -> None:
        self._folder = folder
        self._left = budget_bytes
        self._numbers: dict[int, int] = {}
        """For each unit that is here as a whole, the number of its batches."""
        self._folder.mkdir(parents=True, exist_ok=True)

    def keep(self, arrived: PixelBatch) -> None:
        """Keep a batch, while there is room."""
        unit, number = arrived.unit.index, arrived.batch.number
        self._left -= arrived.pixels_NHWC.nbytes
        if self._left < 0:
            return
        np.save(self._path(unit, number), arrived.pixels_NHWC)
        # Nobody but us writes here, and nothing outlives the run.
        self._path(unit, number).with_suffix(".batch").write_bytes(pickle.dumps(arrived.batch))
        if arrived.batch.is_last:
            self._numbers[unit] = number + 1

    def has(self, unit: Unit) -> bool:
        """Whether every batch of the unit is here."""
        return unit.index in self._numbers

    def replay(self, units: Iterable[Unit]) -> Iterator[PixelBatch]:
        """The batches of units that are here, in order."""
        for unit in units:
            for number in range(self._numbers[unit.index]):
                path = self._path(unit.index, number)
                batch = pickle.loads(path.with_suffix(".batch").read_bytes())  # noqa: S301  ours
                yield PixelBatch(batch, unit, np.load(path))

    def _path(self, unit: int, number: int) -> Path:
        return self._folder / f"{unit:08}-{number:05}.npy"
