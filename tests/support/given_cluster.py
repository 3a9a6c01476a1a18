"""A cluster that somebody has given us by a kubeconfig: kind, k3d, a cloud."""

import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tools.control_plane.api import Api
from tools.control_plane.cluster import Cluster


@contextmanager
def given_cluster(kubeconfig: Path, kubectl: Path, folder: Path) -> Iterator[Cluster]:
    """The cluster of the current context, with whatever way of signing in kubectl knows."""
    command: list[str | Path] = [kubectl, f"--kubeconfig={kubeconfig}", "proxy", "--port=0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as proxy:
        try:
            assert proxy.stdout is not None
            address = proxy.stdout.readline().split()[-1:]
            assert address, f"kubectl cannot use {kubeconfig}"
            with closing(Api(f"http://{address[0]}")) as api:
                yield Cluster(kubeconfig, api, kubectl, folder / "kubectl-cache")
        finally:
            proxy.kill()
