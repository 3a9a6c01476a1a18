"""`make dev`: a cluster with our operator in the foreground, to try things out on.

The control plane is a real one. Its only node is the stand-in of `tools.node`, which runs workers
as processes of this machine, or where that is asked for and possible a real one with containers.
"""

import argparse
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

from tools.control_plane.binaries import ensure_binaries
from tools.control_plane.cluster import ControlPlane, KubectlError
from tools.control_plane.crds import install_crds
from tools.control_plane.errors import ControlPlaneError
from tools.control_plane.pins import NODE_PROGRAMS
from tools.control_plane.processes import Processes, supervised_processes
from tools.control_plane.start import PROGRAMS, running_control_plane
from tools.demo.data import make_pictures
from tools.locks import file_lock
from tools.real_node.machine import NoNodeHereError, need_node_machine
from tools.real_node.start import running_cluster
from tools.waiting import wait_until

# Seen from the root of the checkout, where `python -m tools.dev` runs.
FOLDER = Path(".cache/dev")
CRDS = Path("crds")

ROOT = Path(__file__).parents[1]
SOURCES = ("api", "storage", "operator", "job_image")
WORKER_IMAGE = "curation-job:dev"

# Of each animal in each scene: enough for a first run that takes a minute.
PICTURES_OF_A_KIND = 4

# A machine that compiles at the same time takes long to start Python programs.
PATIENCE_SECONDS = 60

HOW_TO_USE = f"""
  export KUBECONFIG={FOLDER}/kubeconfig
  export PATH="$(python3 -m tools.control_plane.binaries --path):$PATH"   # kubectl, helm

Try it:

  kubectl apply -f examples/first-run/
  kubectl get crun -w

What workers write lies in {FOLDER}/node/claims, what the operator says in {FOLDER}/logs.

Ctrl-C stops everything and removes {FOLDER}."""


ClusterWithANode = Callable[[], AbstractContextManager[tuple[Processes, ControlPlane]]]


def main() -> int:
    """Run until Ctrl-C or SIGTERM, or until a program that should run ends."""
    parser = argparse.ArgumentParser(prog="python -m tools.dev", description=main.__doc__)
    parser.add_argument("--node", choices=NODES, default="stand-in", help="what runs Pods")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with file_lock(FOLDER.with_suffix(".lock"), when_taken=_refuse):
            _remove_leftovers()
            _serve(NODES[arguments.node])
    except KeyboardInterrupt:
        print("Everything is stopped.")
        return 0
    except (ControlPlaneError, KubectlError, NoNodeHereError, TimeoutError) as error:
        print(error, file=sys.stderr)
        return 1


def _serve(cluster_with_a_node: ClusterWithANode) -> NoReturn:
    with cluster_with_a_node() as (processes, cluster):
        _start_operator(processes, cluster)
        print(f"Kubernetes is at {cluster.server}, our CRDs and the operator are installed.")
        print(HOW_TO_USE)
        print("ready", flush=True)
        while True:
            time.sleep(1)
            processes.check()


@contextmanager
def _with_a_stand_in() -> Iterator[tuple[Processes, ControlPlane]]:
    programs = ensure_binaries(*PROGRAMS)
    print("Starting a control plane …", flush=True)
    with (
        supervised_processes(FOLDER) as processes,
        running_control_plane(processes, programs) as cluster,
    ):
        install_crds(cluster, CRDS)
        _put_pictures()
        _start(
            processes,
            "node",
            ["-m", "tools.node", f"--kubeconfig={cluster.kubeconfig}",
             f"--folder={processes.folder / 'node'}", f"--image={WORKER_IMAGE}"],
            until="The node is ready",
        )  # fmt: skip
        yield processes, cluster


@contextmanager
def _with_a_real_node() -> Iterator[tuple[Processes, ControlPlane]]:
    need_node_machine()
    programs = ensure_binaries(*PROGRAMS, *NODE_PROGRAMS)
    print("Starting a control plane and a node …", flush=True)
    with running_cluster(FOLDER, programs) as node:
        install_crds(node.cluster, CRDS)
        _put_pictures()
        node.add_image(WORKER_IMAGE, {})
        yield node.processes, node.cluster


NODES: Mapping[str, ClusterWithANode] = {
    "stand-in": _with_a_stand_in,
    "real": _with_a_real_node,
}


def _put_pictures() -> None:
    """Where the claim `pictures` of the first run will find them."""
    make_pictures(FOLDER / "node/claims/default/pictures", of_a_kind=PICTURES_OF_A_KIND)


def _start_operator(processes: Processes, cluster: ControlPlane) -> None:
    settings = {
        "CURATION_KUBECONFIG": str(cluster.kubeconfig),
        "CURATION_WORKER_IMAGE": WORKER_IMAGE,
        "CURATION_HTTP_HOST": "127.0.0.1",
        "CURATION_HTTP_PORT": "0",
        "CURATION_PROGRESS_SECONDS": "2",
    }
    _start(processes, "operator", ["-m", "curation_operator"], settings, until="Working for")


def _start(
    processes: Processes,
    name: str,
    arguments: Sequence[str],
    settings: Mapping[str, str] = MappingProxyType({}),
    *,
    until: str,
) -> None:
    """Start a Python program of this checkout, and wait until it says that it is ready."""
    modules = os.pathsep.join(str(ROOT / folder) for folder in (".", *SOURCES))
    variables = [f"{key}={value}" for key, value in {**settings, "PYTHONPATH": modules}.items()]
    processes.start(name, ["env", *variables, sys.executable, *arguments])

    def says_so() -> bool:
        processes.check()
        return until in processes.log(name).read_text()

    wait_until(says_so, seconds=PATIENCE_SECONDS, what=f"the {name} is ready")


def _refuse() -> NoReturn:
    raise ControlPlaneError("`make dev` already runs in this checkout; stop that one first.")


def _remove_leftovers() -> None:
    # If the last one was killed a moment ago, its supervisor is still removing the folder.
    with suppress(TimeoutError):
        wait_until(lambda: not FOLDER.exists(), seconds=3, what=f"{FOLDER} is removed")
    shutil.rmtree(FOLDER, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
