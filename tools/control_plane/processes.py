"""Processes that cannot outlive the one that started them."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from tools.control_plane import supervisor
from tools.control_plane.errors import ControlPlaneError


class Processes:
    """Programs that run until their block ends or this process does, even if it is killed."""

    def __init__(self, folder: Path, orders: IO[str], answers: IO[str]) -> None:
        self.folder = folder
        self.pids: dict[str, int] = {}
        """Process id of everything started so far, by name."""
        self._orders, self._answers = orders, answers

    def start(self, name: str, command: Sequence[str | Path]) -> None:
        """Start a program under this name."""
        order = {
            "start": name,
            "command": [str(part) for part in command],
            "log": str(self.log(name)),
        }
        answer = self._ask(order)
        if "error" in answer:
            raise ControlPlaneError(f"{name} could not be started: {answer['error']}")
        self.pids[name] = answer["pid"]

    def end(self, name: str) -> None:
        """Kill a program; another may be started under its name."""
        self._ask({"end": name})
        del self.pids[name]

    def check(self) -> None:
        """Raise with the last words of a program that has ended, although none should."""
        for name, exit_code in self._ask("check").items():
            raise ControlPlaneError(
                f"{name} ended with exit code {exit_code}. It said last:\n{self.last_words(name)}"
            )

    def log(self, name: str) -> Path:
        """Where this program's output goes."""
        return self.folder / "logs" / f"{name}.log"

    def last_words(self, name: str) -> str:
        """The end of this program's log."""
        return "\n".join(self.log(name).read_text(errors="replace").splitlines()[-15:])

    def _ask(self, order: object) -> dict[str, Any]:
        print(json.dumps(order), file=self._orders, flush=True)
        answer: dict[str, Any] = json.loads(self._answers.readline())
        return answer


@contextmanager
def supervised_processes(folder: Path, within: Sequence[str] = ()) -> Iterator[Processes]:
    """Let processes run and log in this folder; both are gone when the block or we end.

    `within` is a command that runs another one in surroundings of its own.
    """
    folder = folder.absolute()
    (folder / "logs").mkdir(parents=True)
    with subprocess.Popen(
        [*within, sys.executable, "-I", "-S", supervisor.__file__, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for us: we decide what ends, and when.
    ) as running:
        orders, answers = cast("IO[str]", running.stdin), cast("IO[str]", running.stdout)
        try:
            yield Processes(folder, orders, answers)
        finally:
            # Closing the pipe is not enough where a forked child of ours still holds it.
            running.communicate('"stop"\n')
