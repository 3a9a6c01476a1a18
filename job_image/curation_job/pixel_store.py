"""Pixels of samples on local disk, between the pass that looks and the pass that embeds.

Only a run that trains has two passes. What does not fit into the budget is fetched again.
"""

import pickle
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import xxhash

from curation_job.looking.pool import LookPool, PixelBatch
from curation_job.looking.units import Batch, Unit


class PixelStore:
    """Batches of pixels by the unit they belong to."""

    def __init__(self, folder: Path, *, budget_bytes: int) -> None:
        self._folder = folder
        self._left = budget_bytes
        self._numbers: dict[tuple[str, int], int] = {}
        """For each unit that is here as a whole, the number of its batches."""
        self._folder.mkdir(parents=True, exist_ok=True)

    def keep(self, arrived: PixelBatch) -> None:
        """Keep a batch, while there is room."""
        self._left -= arrived.pixels_NHWC.nbytes
        if self._left < 0:
            return
        path = self._path(arrived.unit, arrived.batch.number)
        np.save(path, arrived.pixels_NHWC)
        # Nobody but us writes here, and nothing outlives the run.
        path.with_suffix(".batch").write_bytes(pickle.dumps(arrived.batch))
        if arrived.batch.is_last:
            self._numbers[_key(arrived.unit)] = arrived.batch.number + 1

    def has(self, unit: Unit) -> bool:
        """Whether every batch of the unit is here."""
        return _key(unit) in self._numbers

    def replay(self, unit: Unit) -> Iterator[PixelBatch]:
        """The batches of a unit that is here, in order."""
        for number in range(self._numbers[_key(unit)]):
            path = self._path(unit, number)
            kept: Batch = pickle.loads(path.with_suffix(".batch").read_bytes())  # noqa: S301  ours
            yield PixelBatch(replace(kept, unit=unit.index), unit, np.load(path))

    def _path(self, unit: Unit, number: int) -> Path:
        name, count = _key(unit)
        digest = xxhash.xxh3_128_hexdigest(name.encode())
        return self._folder / f"{digest}-{count}-{number:05}.npy"


class ReplayedLooks:
    """Looks that are here, and for what is not, looks at the files again."""

    def __init__(self, store: PixelStore, otherwise: LookPool) -> None:
        self._store = store
        self._otherwise = otherwise

    def look_at(self, units: Iterable[Unit]) -> Iterator[PixelBatch]:
        """Every batch of every unit."""
        missing = []
        for unit in units:
            if self._store.has(unit):
                yield from self._store.replay(unit)
            else:
                missing.append(unit)
        yield from self._otherwise.look_at(missing)


def _key(unit: Unit) -> tuple[str, int]:
    """What tells a unit from others: the same files make the same unit in both passes."""
    return unit.sources[0].name, len(unit.sources)
