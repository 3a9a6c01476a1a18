"""What is handed to a worker process at once, and what comes back."""

from dataclasses import dataclass, field, replace

from curation_job.records import Corrupt, Sample, Source

# Consecutive images make one batch of the network, a video makes many: so which samples share a
# batch depends on the list of names alone, not on timing, processes, shards or restarts.


@dataclass(frozen=True, slots=True)
class Unit:
    """Consecutive images that make one batch, or one video."""

    index: int
    sources: tuple[Source, ...]
    is_video: bool = False
    given_up: dict[int, Corrupt] = field(default_factory=dict)
    """Positions of sources that took a worker down; they are not tried again."""
    stop_before: int | None = None
    """The frame of the video that took a worker down."""

    def without(self, position: int, reason: Corrupt) -> "Unit":
        """The same unit with one source given up."""
        return replace(self, given_up={**self.given_up, position: reason})


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples of a unit with their pixels in shared memory; the last one ends the unit."""

    unit: int
    number: int
    """Counts the batches of the unit from 0; a 0 after others means that the unit starts again."""
    slot: int
    samples: tuple[Sample, ...]
    rows: tuple[int | None, ...]
    """For each sample the row of its pixels in the slot; None where there is nothing to see."""
    thumbnails: tuple[bytes, ...]
    """For each sample a small JPEG; empty where there is nothing to see."""
    is_last: bool


@dataclass(frozen=True, slots=True)
class Stopped:
    """The worker cannot go on, and no file is to blame."""

    message: str
    fix: str
    exit_code: int
    reason: str


# To a worker: a unit to look at, or the number of a slot that is free again; None is the end.
Order = Unit | int | None
