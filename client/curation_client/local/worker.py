"""Starts the worker as a process of its own and listens to it.

The worker brings torch and much else; whoever only asks for help should not wait for it.
"""

import json
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Any

from curation_api import ExitCode, JobConfig, RunReport
from curation_api.names import JOB_CONFIG_FILE

# Of what a worker wrote before it died without a word.
LAST_LINES = 15


@dataclass(frozen=True, slots=True)
class WorkerFolders:
    """Where a local worker finds what a Pod would have mounted."""

    scratch: Path
    volumes: Path

    @property
    def input_secrets(self) -> Path:
        """The keys to the raw files."""
        return self.scratch / "input-secrets"

    @property
    def lightly_secrets(self) -> Path:
        """The keys to the place for results."""
        return self.scratch / "lightly-secrets"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a worker ended."""

    exit_code: int
    report: RunReport | None
    """Its last words; None when it died without any."""
    last_lines: tuple[str, ...]


def run_worker(
    config: JobConfig, folders: WorkerFolders, show: Callable[[dict[str, Any]], None]
) -> Ended:
    """Run a worker to its end; `show` is told its progress."""
    config_file = folders.scratch / JOB_CONFIG_FILE
    config_file.write_text(json.dumps(config.complete()))
    last_words = folders.scratch / "last-words.json"
    command = [
        *(sys.executable, "-m", "curation_job", "run"),
        *("--config", str(config_file)),
        *("--input-secrets", str(folders.input_secrets)),
        *("--lightly-secrets", str(folders.lightly_secrets)),
        *("--volumes", str(folders.volumes)),
        *("--termination-log", str(last_words)),
        *("--port", "0", "--progress-lines"),
    ]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,  # A terminal's Ctrl-C reaches it once: from us.
    ) as process:
        assert process.stdout is not None  # noqa: S101
        assert process.stderr is not None  # noqa: S101
        lines: deque[str] = deque(maxlen=LAST_LINES)
        reader = threading.Thread(target=_collect, args=(process.stderr, lines), daemon=True)
        reader.start()
        with _passing_on_signals(process):
            for line in process.stdout:
                show(json.loads(line))
            process.wait()
        reader.join()
    words = last_words.read_text() if last_words.exists() else ""
    # A negative number is a signal that ended it: to us, one more thing that nobody foresaw.
    exit_code = ExitCode.UNEXPECTED if process.returncode < 0 else process.returncode
    return Ended(exit_code, RunReport.from_last_words(words), tuple(lines))


@contextmanager
def _passing_on_signals(process: subprocess.Popen[str]) -> Iterator[None]:
    """Who stops us stops the worker: first it saves what is done, the second time it just ends."""

    def pass_on(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        process.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _collect(stream: IO[str], lines: deque[str]) -> None:
    for line in stream:
        lines.append(line.rstrip())
