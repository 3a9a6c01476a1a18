"""Runs a command as a Pod runs the worker, by the means of the kernel and without an engine.

Nobody's user without any capability, a root file system that cannot be written, `/tmp` as the one
folder that can, shared memory, no network, one processor, 4 GB of memory.
"""

import functools
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

USER = 65532
TMP = "/tmp"  # noqa: S108  the one folder of the container that can be written
MEMORY_BYTES = 4 * 2**30
TOOLS = ("unshare", "mount", "taskset", "prlimit", "setpriv", "awk")


@functools.cache
def what_is_missing() -> str:
    """Why this machine has no such walls; empty when it has."""
    if os.geteuid() != 0:
        return "only root can take rights away"
    if absent := [tool for tool in TOOLS if shutil.which(tool) is None]:
        return f"there is no {', '.join(absent)}"
    tried = subprocess.run(
        ["unshare", "--mount", "--net", "true"], capture_output=True, text=True, check=False
    )
    return tried.stderr.strip()


def confined(writable: Path) -> Sequence[str]:
    """The beginning of a command line; whatever follows it sees `writable` as `/tmp`."""
    for path in (writable, *writable.rglob("*")):
        os.chown(path, USER, USER)
    script = f"""
        set -e
        {_opened_to_everybody()}
        {_mounted_as_tmp(writable)}
        mount -t tmpfs -o mode=1777 shared-memory /dev/shm
        awk '{{print $5}}' /proc/self/mountinfo | while read -r place; do
            case $place in /tmp|/dev/shm) ;; *) mount -o remount,bind,ro "$place" ;; esac
        done
        exec setpriv --reuid={USER} --regid={USER} --clear-groups --no-new-privs \
            --bounding-set=-all --inh-caps=-all "$@"
    """
    modules = os.pathsep.join(os.path.realpath(folder) for folder in sys.path if folder)
    return (
        *("env", "-i", f"PATH={os.environ['PATH']}", f"PYTHONPATH={modules}"),
        *("HOME=/tmp", "TMPDIR=/tmp", "PYTHONDONTWRITEBYTECODE=1"),
        *("unshare", "--mount", "--net", "--propagation=private"),
        *("taskset", "--cpu-list", str(min(os.sched_getaffinity(0)))),
        *("prlimit", f"--data={MEMORY_BYTES}"),
        *("sh", "-c", script, "sh"),
    )


def _mounted_as_tmp(writable: Path) -> str:
    """The writable folder in the place of `/tmp`. Python and the code stay if they lie there."""
    hidden = sorted(path for path in _needed() if path.startswith(f"{TMP}/"))
    kept = [f"mkdir -p {path} && mount --bind /mnt{path[len(TMP) :]} {path}" for path in hidden]
    mounted = [f"mount --rbind {TMP} /mnt", f"mount --bind {shlex.quote(str(writable))} {TMP}"]
    return "\n".join([*mounted, *kept, "umount -l /mnt"])


def _needed() -> set[str]:
    """The folders of Python and the code."""
    needed = {sys.prefix, sys.base_prefix, *filter(os.path.isdir, sys.path)}
    return needed | {os.path.realpath(path) for path in needed}


def _opened_to_everybody() -> str:
    """Python and the code, where they lie below a folder that only its owner may enter."""
    closed_to = {path: _closed_folder(Path(path)) for path in _needed()}
    lines = []
    for closed in sorted({str(closed) for closed in closed_to.values() if closed}):
        lines += [f"mount --rbind {closed} /mnt", f"mount -t tmpfs -o mode=755 opened {closed}"]
        for path in sorted(path for path, by in closed_to.items() if str(by) == closed):
            inside = os.path.relpath(path, closed)
            lines.append(f"mkdir -p {path} && mount --bind /mnt/{inside} {path}")
        lines.append("umount -l /mnt")
    return "\n".join(lines)


def _closed_folder(path: Path) -> Path | None:
    """The outermost folder on the way that others may not enter."""
    ways = [folder for folder in reversed(path.parents) if folder.is_dir()]
    return next((folder for folder in ways if not folder.stat().st_mode & 0o001), None)
