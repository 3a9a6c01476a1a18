"""Whether this machine can be a node: what has to be there, and how to get it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.control_plane.binaries import ensure_binaries
from tools.control_plane.errors import ControlPlaneError, ToolchainMissingError
from tools.control_plane.pins import NODE_PROGRAMS
from tools.real_node.enclosure import hierarchies

# The programs that a node needs beside those that we build, and the packages of Debian with them.
PACKAGES = {
    "ip": "iproute2",
    "nft": "nftables",
    "unshare": "util-linux",
    "mount": "mount",
    "gcc": "gcc",
    "pkg-config": "pkg-config",
}
SECCOMP_HEADER, SECCOMP_PACKAGE = Path("/usr/include/seccomp.h"), "libseccomp-dev"

# Kinds of control groups that a kubelet insists on.
CONTROLLERS = ("cpu", "cpuset", "memory", "pids")


class NoNodeHereError(Exception):
    """This machine cannot be a node; the text names what is missing."""


def need_node_machine() -> None:
    """Raise where no node can run, and name everything that is missing."""
    if missing := list(_missing()):
        fix = f" To fix it: {' '.join(_fix())}" if _fix() else ""
        raise NoNodeHereError(f"No real node can run here: {'; '.join(missing)}.{fix}")


def _missing() -> Iterator[str]:
    if sys.platform != "linux":
        yield "it needs Linux"
        return
    if os.geteuid() != 0:
        yield "only root may make namespaces of this kind"
        return
    yield from (f"the program {name} is missing" for name in PACKAGES if not shutil.which(name))
    if not SECCOMP_HEADER.exists():
        yield f"{SECCOMP_HEADER} is missing"
    if "overlay" not in Path("/proc/filesystems").read_text().split():
        yield "the kernel has no overlayfs"
    groups = _controllers()
    yield from (f"there are no control groups for {name}" for name in CONTROLLERS
                if name not in groups)  # fmt: skip
    if shutil.which("unshare") and (refused := _refused_namespaces()):
        yield refused


def _refused_namespaces() -> str:
    """What the kernel says to somebody who wants namespaces; empty where it gives them."""
    tried = ["unshare", "--mount", "--net", "--pid", "--fork", "true"]
    return subprocess.run(tried, capture_output=True, text=True, check=False).stderr.strip()


def _controllers() -> set[str]:
    found: set[str] = set()
    for hierarchy in hierarchies():
        controllers = hierarchy / "cgroup.controllers"
        names = controllers.read_text().split() if controllers.exists() else [hierarchy.name]
        found.update(part for name in names for part in name.split(","))
    return found


def _fix() -> list[str]:
    packages = _missing_packages()
    return ["apt-get install --no-install-recommends", *packages] if packages else []


def _missing_packages() -> list[str]:
    packages = [package for name, package in PACKAGES.items() if not shutil.which(name)]
    return packages + ([] if SECCOMP_HEADER.exists() else [SECCOMP_PACKAGE])


def install_packages() -> None:
    """Install what Debian has of it, where that is ours to do."""
    packages = _missing_packages()
    if not packages or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    print(f"installing {', '.join(packages)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends"]):
        wanted = packages if arguments[0] == "install" else []
        subprocess.run(["apt-get", *arguments, *wanted], check=False, env=environment)


def main() -> int:
    """Make this machine able to be a node, as far as that is possible, or say what is missing."""
    install_packages()
    try:
        need_node_machine()
        ensure_binaries(*NODE_PROGRAMS)
    except (NoNodeHereError, ToolchainMissingError) as missing:
        print(missing, file=sys.stderr)
        return 0
    except ControlPlaneError as error:
        print(error, file=sys.stderr)
        return 1
    print("ready: a machine for a real node")
    return 0


if __name__ == "__main__":
    sys.exit(main())
