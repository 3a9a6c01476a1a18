"""Run one piece of work in a process of its own and see how long it takes and how much it holds."""

import ctypes
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True)
class Measurement:
    """What a process reported about its work."""

    seconds: float
    """The median."""
    peak_bytes: int
    """The most it held, above what it held before the work."""
    total_bytes: int
    """The most it held altogether."""
    missing: str = ""
    """Why there is nothing to report."""


def in_own_process(arguments: list[str]) -> Measurement:
    """Run `python -m` with these arguments; the process ends with a line made by `report`."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode < 0:
        return Measurement(0, 0, 0, missing=f"killed by signal {-done.returncode}")
    if done.returncode:
        raise SystemExit(f"{done.stderr}\n{' '.join(arguments)} ended with {done.returncode}")
    return Measurement(**json.loads(done.stdout.splitlines()[-1]))


def report(work: Callable[[], Result], repeats: int) -> Result:
    """Do the work some times, print what it took, and return what it returned the last time."""
    ctypes.CDLL(None).malloc_trim(0)  # what is free, but not given back, would hide later needs
    held = _status("VmRSS")
    # Forgets the peak so far; see "clear_refs" in proc(5).
    Path("/proc/self/clear_refs").write_text("5")
    seconds = []
    while True:
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
        if len(seconds) == repeats:
            break
    peak = _status("VmHWM")
    print(
        json.dumps(
            {
                "seconds": statistics.median(seconds),
                "peak_bytes": peak - held,
                "total_bytes": peak,
            }
        )
    )
    return result


def report_missing(module: str) -> None:
    """Say that the work cannot be done here."""
    missing = f"not installed: {module}"
    print(json.dumps({"seconds": 0, "peak_bytes": 0, "total_bytes": 0, "missing": missing}))


def _status(key: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(key)
