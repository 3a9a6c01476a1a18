"""Ends what Pods have started once their node is gone, even if that was killed.

A program of its own, so that it outlives the node: its standard input is a pipe that only the node
holds, and however the node ends, the pipe closes. A line in is the process group of a Pod that has
started, `+4711`, or ended, `-4711`.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, cast


class Reaper:
    """Knows which process groups must not outlive this process."""

    def __init__(self, orders: IO[str]) -> None:
        self._orders = orders

    def watch(self, group: int) -> None:
        """These processes end with us."""
        self._tell(f"+{group}")

    def forget(self, group: int) -> None:
        """They have ended; another program may get their number."""
        self._tell(f"-{group}")

    def _tell(self, line: str) -> None:
        print(line, file=self._orders, flush=True)


@contextmanager
def reaping() -> Iterator[Reaper]:
    """Whatever is watched and not forgotten is killed when the block or this process ends."""
    with subprocess.Popen(
        [sys.executable, "-I", "-S", __file__],
        stdin=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for us: we decide what ends, and when.
    ) as running:
        yield Reaper(cast("IO[str]", running.stdin))


def reap(lines: Iterable[str]) -> None:
    """Keep count until no more lines come, then end what is left."""
    groups: set[int] = set()
    for line in lines:
        group = int(line[1:])
        (groups.add if line[0] == "+" else groups.discard)(group)
    for group in groups:
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    reap(sys.stdin)
