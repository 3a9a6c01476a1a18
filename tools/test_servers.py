"""Makes available what tests need beside Python: Ceph, Azurite, and promtool of Prometheus.

Ceph and promtool come from the packages of Debian 12, Azurite from npm; the latter two go into the
project's cache. Where something cannot be installed it says so, and the tests that need it are
skipped by name.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from tools.cache import cache_root
from tools.locks import file_lock

CEPH_VERSION = "16.2.15"
CEPH_PACKAGES = ("ceph-mon", "ceph-osd", "radosgw")
CEPH_PROGRAMS = (
    "ceph", "ceph-authtool", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin",
)  # fmt: skip

AZURITE_VERSION = "3.35.0"
OLDEST_NODE = 20

PROMETHEUS_VERSION = "2.42.0"


class MissingServerError(Exception):
    """A server is not here; the text says how to get it."""


def need_ceph() -> None:
    """Raise when a program of Ceph is not here."""
    missing = [program for program in CEPH_PROGRAMS if shutil.which(program) is None]
    if missing:
        packages = " ".join(CEPH_PACKAGES)
        raise MissingServerError(
            f"Ceph is not here ({', '.join(missing)}). To fix it, on Debian 12 as root:"
            f" apt-get install --no-install-recommends {packages}"
        )


def need_azurite(environ: Mapping[str, str] = os.environ) -> Path:
    """The program of Azurite; raise when it is not here."""
    program = _azurite_folder(environ) / "node_modules/.bin/azurite-blob"
    if not program.exists() or shutil.which("node") is None:
        raise MissingServerError(
            f"Azurite is not here. To fix it: install Node.js {OLDEST_NODE} or newer with npm, then"
            " python -m tools.test_servers"
        )
    return program


def install_ceph() -> None:
    """Install the packages, where that is ours to do."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    print(f"installing Ceph {CEPH_VERSION} (about 20 s)", flush=True)
    wanted = [f"{package}={CEPH_VERSION}*" for package in CEPH_PACKAGES]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=False, env=environment)
    subprocess.run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *wanted],
        check=False,
        env=environment,
    )


def install_azurite(environ: Mapping[str, str] = os.environ) -> None:
    """Install the package beside its place, and move it there when it is whole."""
    if shutil.which("npm") is None:
        return
    folder = _azurite_folder(environ)
    with file_lock(
        folder.with_name(f"{folder.name}.lock"), when_taken=lambda: print("waiting", flush=True)
    ):
        if folder.exists():
            return
        print(f"installing Azurite {AZURITE_VERSION} (about 20 s)", flush=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as beside:
            options = ("--no-audit", "--no-fund", "--ignore-scripts", "--silent")
            command = ["npm", "install", "--prefix", beside, *options, f"azurite@{AZURITE_VERSION}"]
            if subprocess.run(command, check=False).returncode == 0:
                Path(beside).rename(folder)
                Path(beside).mkdir()  # for the block to remove


def need_promtool(environ: Mapping[str, str] = os.environ) -> Path:
    """The program that tests alerts; raise when it is not here."""
    if found := shutil.which("promtool", path=environ.get("PATH")):
        return Path(found)
    program = _prometheus_folder(environ) / "usr/bin/promtool"
    if not program.exists():
        raise MissingServerError(
            "promtool is not here. To fix it, on Debian 12: apt-get install prometheus"
        )
    return program


def install_promtool(environ: Mapping[str, str] = os.environ) -> None:
    """Unpack the program; installing its package would start a Prometheus."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return
    folder = _prometheus_folder(environ)
    folder.parent.mkdir(parents=True, exist_ok=True)
    print(f"unpacking promtool {PROMETHEUS_VERSION}", flush=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as beside:
        subprocess.run(
            ["apt-get", "download", "-qq", f"prometheus={PROMETHEUS_VERSION}*"],
            cwd=beside, check=False,
        )  # fmt: skip
        for package in Path(beside).glob("*.deb"):
            subprocess.run(["dpkg-deb", "--extract", package, f"{beside}/all"], check=True)
            with suppress(OSError):  # Another setup was faster.
                Path(beside, "all").rename(folder)


def _prometheus_folder(environ: Mapping[str, str]) -> Path:
    return cache_root(environ) / f"prometheus-{PROMETHEUS_VERSION}"


def _azurite_folder(environ: Mapping[str, str]) -> Path:
    return cache_root(environ) / f"azurite-{AZURITE_VERSION}"


SERVERS: tuple[tuple[str, Callable[[], object], Callable[[], None]], ...] = (
    ("Ceph", need_ceph, install_ceph),
    ("Azurite", need_azurite, install_azurite),
    ("promtool", need_promtool, install_promtool),
)


def main() -> int:
    """Install what is missing, then say what is here."""
    parser = argparse.ArgumentParser(prog="python -m tools.test_servers", description=main.__doc__)
    parser.add_argument(
        "--available", action="store_true", help="what cannot be installed is no failure"
    )
    arguments = parser.parse_args()
    missing = 0
    for name, need, install in SERVERS:
        try:
            need()
        except MissingServerError:
            install()
        try:
            need()
            print(f"ready: {name}")
        except MissingServerError as error:
            missing += 1
            print(error, file=sys.stderr)
    return 1 if missing and not arguments.available else 0


if __name__ == "__main__":
    sys.exit(main())
