"""Starts processes, and takes them down when whoever asked for them is gone.

A program of its own, so that it outlives a caller that is killed: its standard input is a pipe
that only the caller holds, and however the caller ends, the pipe closes. Then every process is
killed and the folder is removed. A line of JSON in is an order, a line out is the answer:

    {"start": NAME, "command": […], "log": PATH}    {"pid": 4711} or {"error": "…"}
    {"end": NAME}                                   {"pid": 4711} of what was killed
    "check"                                         {NAME: EXIT_CODE, …} of those that ended
    "stop"                                          the same as a closed pipe
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any


def supervise(folder: Path) -> None:
    """Carry out orders until no more can come."""
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for line in sys.stdin:
            if (order := json.loads(line)) == "stop":
                break
            print(json.dumps(carry_out(order, processes, folder)), flush=True)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        # The first process of a namespace takes all others along, and their mounts, when it ends.
        # Only then may the folder go, by the hand of whoever made the namespace.
        if os.getpid() != 1:
            kill(list(processes.values()))
            shutil.rmtree(folder, ignore_errors=True)


def carry_out(
    order: Any, processes: "dict[str, subprocess.Popen[bytes]]", folder: Path
) -> dict[str, Any]:
    """Do what the order says and return the answer."""
    match order:
        case {"start": name, "command": command, "log": log}:
            try:
                processes[name] = start(command, folder, Path(log))
            except OSError as error:
                return {"error": str(error)}
            return {"pid": processes[name].pid}
        case {"end": name}:
            process = processes.pop(name)
            kill([process])
            return {"pid": process.pid}
        case "check":
            exit_codes = {name: process.poll() for name, process in processes.items()}
            return {name: code for name, code in exit_codes.items() if code is not None}
        case _:
            raise ValueError(f"no such order: {order}")


def start(command: list[str], folder: Path, log: Path) -> "subprocess.Popen[bytes]":
    """Start the command in a process group of its own; what it says goes to the log."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
        )


def kill(processes: "list[subprocess.Popen[bytes]]") -> None:
    """End these processes and their children; none is left, not even as a zombie."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    for process in processes:
        process.wait()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    supervise(Path(sys.argv[1]))
