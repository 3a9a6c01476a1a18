"""`make setup`: a Python environment for this checkout.

What others wrote is installed once per machine, into the project's cache, and shared by all
clones that pin the same versions. `.venv` of a checkout only points there and at its own sources,
so that a second clone is ready in a second and no clone sees another one's code.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tools.cache import cache_root
from tools.locks import file_lock

ROOT = Path(__file__).parents[1]
SOURCES = ("api", "storage", "client", "operator", "job_image")
OLDEST_PYTHON = (3, 11)
HEARTBEAT_SECONDS = 10

# Programs of the environment that people call by name.
PROGRAMS = ("lint-imports", "mypy", "pytest", "ruff")


def main() -> int:
    """Make the environment, or say what is missing."""
    if sys.version_info < OLDEST_PYTHON:
        return _give_up("Python 3.11 or newer", "make setup PYTHON=python3.11")
    if importlib.util.find_spec("ensurepip") is None and not _install_venv():
        return _give_up("the venv module of Python", "apt-get install python3-venv")
    shared = _shared_environment()
    _point_at(shared)
    print(f"ready: {ROOT.name}/.venv (packages in {shared})")
    return 0


def _give_up(missing: str, fix: str) -> int:
    print(f"This machine lacks {missing}. To fix it: {fix}", file=sys.stderr)
    return 1


def _install_venv() -> bool:
    """Debian keeps the venv module in a package of its own; as root it is ours to install."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    print("installing python3-venv", flush=True)
    subprocess.run(["apt-get", "update", "-qq"], check=False)
    installed = subprocess.run(["apt-get", "install", "-y", "-qq", "python3-venv"], check=False)
    return installed.returncode == 0


def own_programs() -> dict[str, str]:
    """The commands that this project brings, each with its module and function."""
    scripts: dict[str, str] = _project()["scripts"]
    return scripts


def dependencies() -> list[str]:
    """Everything that the parts of this project and their tests depend on."""
    project = _project()
    extras = project["optional-dependencies"].values()
    return sorted({*project["dependencies"], *(name for extra in extras for name in extra)})


def _project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project


def _shared_environment() -> Path:
    wanted = dependencies()
    pins = (ROOT / "constraints.txt").read_text()
    key = "\n".join([sys.version, sys.platform, *wanted, pins])
    folder = cache_root() / "python" / hashlib.sha256(key.encode()).hexdigest()[:16]
    complete = folder / "complete"
    if complete.exists():
        return folder
    lock = folder.with_suffix(".lock")
    with file_lock(lock, when_taken=lambda: print("another setup is at work; waiting", flush=True)):
        if not complete.exists():
            shutil.rmtree(folder, ignore_errors=True)
            _install(folder, wanted)
            complete.touch()
    return folder


def _install(folder: Path, wanted: Sequence[str]) -> None:
    print(f"installing {len(wanted)} packages and what they need, once per machine (about 6 GB)")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [str(folder / "bin/python"), "-m", "pip", "--disable-pip-version-check", "install"]
    command = [*pip, "--quiet", "-c", str(ROOT / "constraints.txt"), *wanted]
    started = time.monotonic()
    with subprocess.Popen(command) as installing:
        while installing.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                installing.wait(HEARTBEAT_SECONDS)
            print(f"  {time.monotonic() - started:3.0f} s", flush=True)
    if installing.returncode != 0:
        sys.exit("pip could not install the packages; its message is above")


def _point_at(shared: Path) -> None:
    venv = ROOT / ".venv"
    if not (venv / "bin/python").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", venv], check=True)
    (packages,) = shared.glob("lib/python*/site-packages")
    (own_packages,) = venv.glob("lib/python*/site-packages")
    lines = [*(str(ROOT / source) for source in SOURCES), str(packages)]
    (own_packages / "curation.pth").write_text("\n".join(lines) + "\n")
    for name, entry in own_programs().items():
        module, function = entry.split(":")
        _write_program(venv / "bin" / name, f"from {module} import {function}\n{function}()\n")
    for program in PROGRAMS:
        link = venv / "bin" / program
        link.unlink(missing_ok=True)
        if program == "ruff":
            link.symlink_to(shared / "bin" / program)
        else:
            _write_launcher(link, shared / "bin" / program)


def _write_launcher(path: Path, program: Path) -> None:
    """The same program, run by the Python of this checkout."""
    _write_program(path, program.read_text().split("\n", 1)[1])


def _write_program(path: Path, body: str) -> None:
    path.write_text(f"#!{ROOT}/.venv/bin/python\n{body}")
    path.chmod(0o755)


if __name__ == "__main__":
    sys.exit(main())
