"""Runs a command in namespaces and control groups of its own, and leaves nothing of them behind.

A program of its own that outlives its caller: `enclosure.py FOLDER NAME COMMAND…`. The command is
the first process in its namespaces. When it ends, the kernel ends all others there; then the
control groups called NAME and the folder are removed.
"""

import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

CONTROL_GROUPS = Path("/sys/fs/cgroup")

# A group counts as one process against all others of the machine, unless it is given more.
PROCESSOR_SHARES = {"cpu.shares": "16384", "cpu.weight": "1600"}

# Where the network that we leave can be entered again, below the folder.
NETWORK_OUTSIDE = "network-outside"

# The bridge that all Pods hang on, with the address of the node.
BRIDGE, NODE_ADDRESS, POD_RANGE = "pods0", "10.77.0.1", "10.77.0.0/24"

OUTER = ("unshare", "--mount", "--propagation=private", "sh", "-ec")
INNER = "unshare --net --pid --fork --kill-child --mount-proc --propagation=unchanged"

# Programs of a node insist on places below /var/lib, /var/log and /run; these become our own.
SETUP = f"""
folder="$1"; shift
touch "$folder/{NETWORK_OUTSIDE}"
mount --bind /proc/self/ns/net "$folder/{NETWORK_OUTSIDE}"
mkdir "$folder/upper" "$folder/work"
mount -t overlay -o "lowerdir=/var/lib,upperdir=$folder/upper,workdir=$folder/work" none /var/lib
mount -t tmpfs none /var/log
mount -t tmpfs none /run
mount --make-rshared /
exec {INNER} sh -ec '
    ip link set lo up
    ip link add {BRIDGE} type bridge
    ip address add {NODE_ADDRESS}/24 dev {BRIDGE}
    ip link set {BRIDGE} up
    ip route add default dev {BRIDGE}
    echo 1 > /proc/sys/net/ipv4/ip_forward
    exec "$@"
' sh "$@"
"""


def enclose(folder: Path, name: str, command: list[str]) -> int:
    """Run the command to its end; the exit code comes back."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # The command ends first, whoever asks.
    try:
        make_control_groups(name)
        script = [*OUTER, SETUP, "sh", str(folder), *command]
        return subprocess.run(script, check=False).returncode
    finally:
        remove_control_groups(name)
        shutil.rmtree(folder, ignore_errors=True)


def make_control_groups(name: str) -> None:
    """A group of this name at the top of every hierarchy, for the kubelet to work in."""
    for hierarchy in hierarchies():
        group = hierarchy / name
        group.mkdir(exist_ok=True)
        for file in ("cpuset.cpus", "cpuset.mems"):
            if (group / file).exists():  # Empty at first, and then nothing could run there.
                (group / file).write_text((hierarchy / file).read_text())
        for file, share in PROCESSOR_SHARES.items():
            if (group / file).exists():
                (group / file).write_text(share)


def remove_control_groups(name: str) -> None:
    """Remove these groups with all in them; their processes are gone."""
    for hierarchy in hierarchies():
        group = hierarchy / name
        for path in sorted(group.rglob("*/"), reverse=True):
            path.rmdir()
        with suppress(FileNotFoundError):
            group.rmdir()


def hierarchies() -> list[Path]:
    """The one hierarchy of version 2, or those of version 1."""
    if (CONTROL_GROUPS / "cgroup.controllers").exists():
        return [CONTROL_GROUPS]
    return [
        path
        for path in CONTROL_GROUPS.iterdir()
        if (path / "cgroup.procs").exists() and not path.is_symlink()
    ]


if __name__ == "__main__":
    sys.exit(enclose(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
