"""How far a run is: told to the log, to the operator, to Prometheus and to a terminal alike."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from curation_api.states import Step

logger = logging.getLogger(__name__)

# One readable line in the log every few seconds, however fast the work is.
LOG_INTERVAL_SECONDS = 5.0

# Whoever watches a bar wants to see it move.
TELL_INTERVAL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Seen:
    """A step at one moment."""

    step: Step
    unit: str
    processed: int
    total: int | None
    per_second: float
    efficiency: float | None
    """Part of the time that the network was at work; near 0 means waiting for files."""

    @property
    def eta_seconds(self) -> int | None:
        """About how long the step will still take."""
        if self.total is None or self.per_second <= 0:
            return None
        return max(0, round((self.total - self.processed) / self.per_second))

    def as_json(self) -> dict[str, Any]:
        """For `/progress` and for a command that shows a bar."""
        percent = 0 if not self.total else min(100, 100 * self.processed // self.total)
        return {
            "step": str(self.step),
            "unit": self.unit,
            "processed": self.processed,
            "total": self.total,
            "percent": percent,
            "perSecond": round(self.per_second, 1),
            "etaSeconds": self.eta_seconds,
            "efficiency": None if self.efficiency is None else round(self.efficiency, 2),
            "message": str(self),
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
        }

    def __str__(self) -> str:
        """A sentence with numbers."""
        of = f" of {self.total:,}" if self.total is not None else ""
        parts = [f"{_VERBS.get(self.step, self.step.lower())}: {self.processed:,}{of} {self.unit}"]
        if self.per_second > 0:
            digits = 0 if self.per_second >= 10 else 1
            parts.append(f"{self.per_second:,.{digits}f}/s")
        if (eta := self.eta_seconds) and self.processed:
            parts.append(f"about {_duration(eta)} left")
        return ", ".join(parts)


_VERBS = {
    Step.LOADING_DATASET: "Listed",
    Step.TRAINING: "Trained",
    Step.EMBEDDING: "Embedded",
    Step.SAMPLING: "Selected",
    Step.SAVING_RESULTS: "Saved",
}


def _duration(seconds: int) -> str:
    if seconds < 90:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


@dataclass
class Progress:
    """The step a run is at. Safe to read from another thread."""

    listeners: Iterable[Callable[[Seen], None]] = ()
    clock: Callable[[], float] = time.monotonic
    counters: dict[str, int] = field(default_factory=dict)
    """What was done so far, for the report and for Prometheus: fetched, decoded, cached, …"""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._start(Step.STARTED, None, "")

    def begin(self, step: Step, total: int | None = None, unit: str = "samples") -> None:
        """The run enters a step."""
        with self._lock:
            self._start(step, total, unit)
        logger.info("%s", step)
        self._tell()

    def _start(self, step: Step, total: int | None, unit: str) -> None:
        self._step, self._total, self._unit = step, total, unit
        self._processed, self._skipped = 0, 0
        self._busy_seconds = 0.0
        self._began = self._logged = self._told = self.clock()

    def advance(self, count: int = 1, *, busy_seconds: float = 0.0, for_free: bool = False) -> None:
        """So many more are done; what an earlier run had done already says nothing of the speed."""
        with self._lock:
            self._processed += count
            self._skipped += count if for_free else 0
            self._busy_seconds += busy_seconds
            now = self.clock()
            log_is_due = now - self._logged >= LOG_INTERVAL_SECONDS
            self._logged = now if log_is_due else self._logged
            listeners_are_due = now - self._told >= TELL_INTERVAL_SECONDS
            self._told = now if listeners_are_due else self._told
        if log_is_due:
            logger.info("%s", self.seen())
        if listeners_are_due:
            self._tell()

    def reached(self, processed: int, total: int) -> None:
        """So many of so many are done."""
        with self._lock:
            self._total = total
            done = self._processed
        self.advance(processed - done, for_free=processed - done > 1)

    def count(self, name: str, by: int = 1) -> None:
        """Count something for the report."""
        with self._lock:
            self.counters[name] = self.counters.get(name, 0) + by

    def seen(self) -> Seen:
        """The step at this moment."""
        with self._lock:
            elapsed = max(self.clock() - self._began, 1e-9)
            return Seen(
                step=self._step,
                unit=self._unit,
                processed=self._processed,
                total=self._total,
                per_second=(self._processed - self._skipped) / elapsed,
                efficiency=self._busy_seconds / elapsed if self._busy_seconds else None,
            )

    def _tell(self) -> None:
        seen = self.seen()
        for listener in self.listeners:
            listener(seen)
