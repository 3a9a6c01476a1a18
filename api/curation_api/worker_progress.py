"""What a worker says while it works, at `http://<its Pod>:9400/progress`."""

import json
from typing import Annotated, Self

from pydantic import Field, ValidationError

from curation_api.model import ApiModel, matching
from curation_api.states import Step

# What is left of a larger answer is not worth reading.
PROGRESS_LIMIT_BYTES = 16 * 1024

# Larger than anything countable here; beyond it numbers lose digits in JavaScript and jq.
LARGEST_NUMBER = 2**53

Number = Annotated[int, Field(ge=0, le=LARGEST_NUMBER)]


class WorkerProgress(ApiModel):
    """How far a worker is with the step at hand. Numbers only: whoever answers is not trusted."""

    step: Annotated[Step, Field(strict=False)]
    """What it is busy with."""

    processed: Number = 0
    """How many are done."""

    total: Number | None = None
    """Out of how many; unknown while the samples are still being listed."""

    unit: Annotated[
        str, Field(max_length=20), matching(r"^[a-z]*$", "must be a word such as samples")
    ] = "samples"
    """What is counted: samples, epochs, files."""

    per_second: Annotated[float, Field(ge=0, le=LARGEST_NUMBER)] | None = None
    """How many are done in a second."""

    eta_seconds: Number | None = None
    """About how long the step will still take."""

    @property
    def share(self) -> float:
        """Which part of the step is done, 0 to 1."""
        return min(1.0, self.processed / self.total) if self.total else 0.0

    @classmethod
    def from_answer(cls, body: bytes) -> Self | None:
        """What an answer says; None when it is not one of ours."""
        try:
            return cls.stored(json.loads(body[:PROGRESS_LIMIT_BYTES]))
        except (ValueError, ValidationError, RecursionError):
            return None
