"""Stopping on request: SIGTERM and Ctrl-C end the work at its next safe point."""

import signal
import threading
from types import FrameType

from curation_api import CurationError, ExitCode, Reason


class Stopped(CurationError):  # noqa: N818  says what the run is
    """The run was told to stop; what is done is kept, and the same run goes on from there."""

    reason = Reason.STOPPED
    exit_code = ExitCode.CHECKPOINTED


class StopRequest:
    """Whether somebody asked to stop."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    def listen(self) -> None:
        """Heed SIGTERM and SIGINT from now on; the second one ends the process at once."""
        signal.signal(signal.SIGTERM, self._heed)
        signal.signal(signal.SIGINT, self._heed)

    def _heed(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if self._asked.is_set():
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self._asked.set()

    def ask(self) -> None:
        """Ask to stop."""
        self._asked.set()

    def is_asked(self) -> bool:
        """Whether to stop."""
        return self._asked.is_set()

    def check(self) -> None:
        """Stop here, if somebody asked."""
        if self._asked.is_set():
            raise Stopped("The run was told to stop. What is done is kept.")
