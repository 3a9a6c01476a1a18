"""Compiles programs of the control plane into a folder, so that only whole ones are ever seen."""

import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.control_plane.errors import ControlPlaneError, ToolchainMissingError
from tools.control_plane.pins import (
    MODULES,
    NODE_PROGRAMS,
    PROGRAMS,
    Program,
    Target,
    build_flags,
)
from tools.locks import file_lock

# Long enough not to flood a log, short enough that nobody thinks it hangs.
SIGN_OF_LIFE_SECONDS = 30


def build_programs(
    names: Sequence[str], folder: Path, target: Target, environ: Mapping[str, str]
) -> None:
    """Build these programs into the folder; what another process built meanwhile is kept.

    A program appears there under its name only when it is whole, whenever the build is killed.
    """
    go = shutil.which("go", path=environ.get("PATH", ""))
    if go is None:
        raise ToolchainMissingError(
            f"No Go toolchain to build {', '.join(names)}. Install Go, or set KUBEBUILDER_ASSETS "
            "to a folder that has them."
        )
    environ = {
        **environ,
        "GOOS": target.system,
        "GOARCH": target.architecture,
        "GOWORK": "off",
    }
    for number, name in enumerate(names, start=1):
        with file_lock(folder / ".lock", when_taken=_say_that_another_process_builds):
            if not (folder / name).exists():
                _say(f"Building {name} ({number} of {len(names)}) …")
                program = {**PROGRAMS, **NODE_PROGRAMS}[name]
                took = _build_one(program, folder, go, environ)
                _say(f"Built {name} in {took:.0f} s")


def _build_one(program: Program, folder: Path, go: str, environ: Mapping[str, str]) -> float:
    for left_by_a_killed_build in folder.glob(".building-*"):
        shutil.rmtree(left_by_a_killed_build, ignore_errors=True)
    started = time.monotonic()
    with TemporaryDirectory(prefix=".building-", dir=folder) as unfinished:
        output = Path(unfinished, program.name)
        _run(
            [go, "build", *build_flags(), "-tags", program.tags, "-o", str(output),
             program.package],
            MODULES / program.module,
            {**environ, "CGO_ENABLED": "1" if program.needs_c else "0"},
        )  # fmt: skip
        output.rename(folder / program.name)
    return time.monotonic() - started


def _run(command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> None:
    started = time.monotonic()
    with subprocess.Popen(
        command, cwd=folder, env=environ, stderr=subprocess.PIPE, text=True
    ) as compiler:
        said = None
        while said is None:
            try:
                _, said = compiler.communicate(timeout=SIGN_OF_LIFE_SECONDS)
            except subprocess.TimeoutExpired:
                _say(f"  … {time.monotonic() - started:.0f} s")
    if compiler.returncode != 0:
        last_lines = "\n".join(said.splitlines()[-10:])
        raise ControlPlaneError(
            f"`go build {command[-1]}` in {folder} failed:\n{last_lines}\n"
            "Modules come from where `go env GOPROXY` says; is it reachable?"
        )


def _say_that_another_process_builds() -> None:
    _say("Another process is building the control plane; waiting for it …")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
