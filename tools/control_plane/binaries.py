"""Finds the programs of a Kubernetes control plane, and builds those that are missing.

Each is taken from the first place that has it: the folder in KUBEBUILDER_ASSETS, the cache, a
build of the Go modules pinned under `modules/`. What is built goes into the cache under a digest of
all that shaped it: a changed pin builds anew, another clone of the same commit builds nothing.
"""

import argparse
import hashlib
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tools.cache import cache_root
from tools.control_plane.build import build_programs
from tools.control_plane.errors import ControlPlaneError, ToolchainMissingError
from tools.control_plane.pins import PROGRAMS, Target, build_digest


def ensure_binaries(*names: str, environ: Mapping[str, str] = os.environ) -> dict[str, Path]:
    """Where each of these programs lies, after building those that no place has."""
    target = Target.this_machine()
    built = _control_plane_cache(environ) / build_digest(target)
    places = [built]
    if assets := environ.get("KUBEBUILDER_ASSETS"):
        places.insert(0, Path(assets).absolute())

    found = {
        name: next((place / name for place in places if (place / name).exists()), None)
        for name in names
    }
    if missing := [name for name, path in found.items() if path is None]:
        build_programs(missing, built, target, environ)
    return {name: path or built / name for name, path in found.items()}


def folder_for_path(binaries: Mapping[str, Path], environ: Mapping[str, str] = os.environ) -> Path:
    """A folder that has all of these programs, wherever each of them lies, for a shell's PATH."""
    names = "\0".join(f"{name}\0{path}" for name, path in sorted(binaries.items()))
    digest = hashlib.sha256(names.encode()).hexdigest()[:16]
    folder = _control_plane_cache(environ) / f"path-{digest}"
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in binaries.items():
        with suppress(FileExistsError):
            (folder / name).symlink_to(path)
    return folder


def _control_plane_cache(environ: Mapping[str, str]) -> Path:
    return cache_root(environ) / "control-plane"


def main() -> int:
    """Build what is missing, then say where everything is."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.control_plane.binaries", description=main.__doc__
    )
    parser.add_argument("--path", action="store_true", help="print one folder for PATH")
    parser.add_argument(
        "--available", action="store_true", help="a missing Go toolchain is no failure"
    )
    arguments = parser.parse_args()
    try:
        binaries = ensure_binaries(*PROGRAMS)
    except ToolchainMissingError as missing:
        print(missing, file=sys.stderr)
        return 0 if arguments.available else 1
    except ControlPlaneError as error:
        print(error, file=sys.stderr)
        return 1
    if arguments.path:
        print(folder_for_path(binaries))
    else:
        print("\n".join(f"{name:<24} {path}" for name, path in binaries.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
