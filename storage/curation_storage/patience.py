"""How long to wait for a store, and how often to ask again."""

import logging
from dataclasses import dataclass

import tenacity

from curation_storage.errors import StorageError

logger = logging.getLogger(__name__)

LONGEST_PAUSE_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Patience:
    """Limits for one request and for all of its repetitions."""

    connect_seconds: float = 10
    silence_seconds: float = 30
    """How long a store may say nothing in the middle of an answer."""
    deadline_seconds: float = 300
    """How long a request is repeated, counted from the last byte that arrived."""
    attempts: int = 10
    first_pause_seconds: float = 0.2

    def repeating(self) -> tenacity.Retrying:
        """Repeat what may pass, with growing pauses that differ from worker to worker."""
        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(_may_pass),
            wait=self._pause,
            stop=tenacity.stop_after_attempt(self.attempts)
            | tenacity.stop_before_delay(self.deadline_seconds),
            before_sleep=_say,
            reraise=True,
        )

    def _pause(self, state: tenacity.RetryCallState) -> float:
        """At least as long as the store asks for."""
        growing = tenacity.wait_random_exponential(
            multiplier=self.first_pause_seconds, max=LONGEST_PAUSE_SECONDS
        )
        error = _error(state)
        asked = error.retry_after_seconds if isinstance(error, StorageError) else 0
        return growing(state) + min(asked, LONGEST_PAUSE_SECONDS)


# For somebody who waits in front of a screen or a probe that has to answer in time.
IMPATIENT = Patience(connect_seconds=4, silence_seconds=5, deadline_seconds=5, attempts=2)


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, StorageError) and error.may_pass


def _say(state: tenacity.RetryCallState) -> None:
    logger.info("%s Trying again (%d)", _error(state), state.attempt_number)


def _error(state: tenacity.RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
