"""`make dev`: a control plane in the foreground, to try things out on."""

import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from tools.control_plane.binaries import ensure_binaries
from tools.control_plane.cluster import KubectlError
from tools.control_plane.crds import install_crds
from tools.control_plane.errors import ControlPlaneError
from tools.control_plane.processes import supervised_processes
from tools.control_plane.start import PROGRAMS, running_control_plane
from tools.locks import file_lock
from tools.waiting import wait_until

# Seen from the root of the checkout, where `python -m tools.dev` runs.
FOLDER = Path(".cache/dev")
CRDS = Path("crds")

HOW_TO_USE = f"""
  export KUBECONFIG={FOLDER}/kubeconfig
  export PATH="$(python3 -m tools.control_plane.binaries --path):$PATH"   # kubectl, helm

Ctrl-C stops everything and removes {FOLDER}."""


def main() -> int:
    """Run until Ctrl-C or SIGTERM, or until a program that should run ends."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with file_lock(FOLDER.with_suffix(".lock"), when_taken=_refuse):
            _remove_leftovers()
            _serve()
    except KeyboardInterrupt:
        print("Everything is stopped.")
        return 0
    except (ControlPlaneError, KubectlError, TimeoutError) as error:
        print(error, file=sys.stderr)
        return 1


def _serve() -> NoReturn:
    programs = ensure_binaries(*PROGRAMS)
    print("Starting a control plane …", flush=True)
    with (
        supervised_processes(FOLDER) as processes,
        running_control_plane(processes, programs) as cluster,
    ):
        install_crds(cluster, CRDS)
        print(f"Kubernetes is at {cluster.server}, our CRDs are installed.")
        print(HOW_TO_USE)
        print("ready", flush=True)
        while True:
            time.sleep(1)
            processes.check()


def _refuse() -> NoReturn:
    raise ControlPlaneError("`make dev` already runs in this checkout; stop that one first.")


def _remove_leftovers() -> None:
    # If the last one was killed a moment ago, its supervisor is still removing the folder.
    with suppress(TimeoutError):
        wait_until(lambda: not FOLDER.exists(), seconds=3, what=f"{FOLDER} is removed")
    shutil.rmtree(FOLDER, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
