"""The node itself: it starts what it consists of, takes images, and can be taken away."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from tools.control_plane.cluster import ControlPlane
from tools.control_plane.errors import ControlPlaneError
from tools.control_plane.processes import Processes
from tools.real_node.configuration import (
    NODE_NAME,
    Site,
    base_spec,
    containerd_config,
    kubelet_config,
    network_config,
    proxy_config,
)
from tools.real_node.enclosure import NODE_ADDRESS
from tools.real_node.images import ROOT, write_pause_image, write_worker_image
from tools.real_node.network import NodeNetwork
from tools.waiting import wait_until

# Three to five seconds are usual.
PATIENCE_SECONDS = 90

GPU, GPUS = "nvidia.com/gpu", 4
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
JSON_PATCH = "application/json-patch+json"


class RealNode:
    """A node that runs real containers."""

    def __init__(
        self, site: Site, processes: Processes, cluster: ControlPlane, network: NodeNetwork
    ) -> None:
        self.name = NODE_NAME
        self.cluster, self.network = cluster, network
        self._site, self.processes = site, processes

    def start(self) -> None:
        """Start what a node consists of, and wait until it takes Pods."""
        self._start_containerd()
        self.start_kubelet()
        kubeconfig = self.cluster.kubeconfig_for("system:kube-proxy")
        proxy = self._write("kube-proxy.json", proxy_config(kubeconfig))
        self._run("kube-proxy", f"--config={proxy}")
        self._start_services()
        self.wait_until_ready()
        self._offer_gpus()

    def start_kubelet(self) -> None:
        """Start the kubelet, or start it again."""
        kubeconfig = self.cluster.kubeconfig_for(f"system:node:{self.name}", ["system:nodes"])
        folder = self._site.folder
        self._run(
            "kubelet",
            f"--config={self._write('kubelet.json', kubelet_config(self._site))}",
            f"--kubeconfig={kubeconfig}",
            f"--root-dir={folder / 'kubelet'}",
            f"--cert-dir={folder / 'kubelet-certificates'}",
            f"--hostname-override={self.name}",
            f"--node-ip={NODE_ADDRESS}",
            "--runtime-cgroups=/",
            "--kubelet-cgroups=/",
        )

    def kill_kubelet(self) -> None:
        """Let the node fall silent."""
        self.processes.end("kubelet")

    def declare_out_of_service(self) -> None:
        """Tell the cluster, as an administrator does, that nothing runs on the node any more."""
        self._set_taints({"key": OUT_OF_SERVICE, "value": "nodeshutdown", "effect": "NoExecute"})

    def bring_back(self) -> None:
        """Let the node take Pods again after it was gone."""
        self.start_kubelet()
        self.wait_until_ready()
        self._set_taints()

    def _set_taints(self, *taints: Mapping[str, str]) -> None:
        path = f"/api/v1/nodes/{self.name}"
        answer = self.cluster.api.patch(path, {"spec": {"taints": list(taints)}})
        if answer.status != HTTPStatus.OK:
            raise ControlPlaneError(f"The node could not be tainted: {answer.body}")

    def wait_until_ready(self) -> None:
        """Wait until the cluster believes in the node."""
        self._wait(self.is_ready, "the node is ready", blame="kubelet")

    def add_image(self, name: str, environment: Mapping[str, str]) -> None:
        """An image of workers, found by this name on the node."""
        archive = self._site.folder / "image.tar"
        write_worker_image(archive, name, environment)
        self.take_image(archive)
        archive.unlink()

    def take_image(self, archive: Path) -> None:
        """An image that somebody has built, by the name that the archive gives it."""
        self._ctr("--namespace=k8s.io", "images", "import", str(archive))

    def _start_containerd(self) -> None:
        folder = self._site.folder
        network = folder / "cni"
        network.mkdir()
        (network / "10-pods.conflist").write_text(network_config(self._site))
        usual = json.loads(self._ctr("oci", "spec"))
        spec = self._write(
            "base-spec.json", json.dumps(base_spec(usual, self._site.shared_folders))
        )
        config = self._write("containerd.toml", containerd_config(self._site, spec))
        self._run("containerd", f"--config={config}")
        self._wait(self._containerd_answers, "containerd answers", blame="containerd")
        archive = folder / "pause.tar"
        write_pause_image(archive, self._site.programs["pause"])
        self.take_image(archive)
        archive.unlink()

    def _containerd_answers(self) -> bool:
        try:
            self._ctr("plugins", "list")
        except ControlPlaneError:
            return False
        return True

    def _start_services(self) -> None:
        claims = self._site.folder / "node" / "claims"
        modules = ["-m", "tools.real_node"]
        options = [f"--kubeconfig={self.cluster.kubeconfig}", f"--claims={claims}"]
        command = [sys.executable, *modules, *options]
        self.processes.start("services", ["env", f"PYTHONPATH={ROOT}", *command])

    def is_ready(self) -> bool:
        """Whether the cluster believes in the node."""
        node = self._node()
        conditions = node.get("status", {}).get("conditions", [])
        return any((entry["type"], entry["status"]) == ("Ready", "True") for entry in conditions)

    def _node(self) -> Any:
        answer = self.cluster.api.get(f"/api/v1/nodes/{self.name}")
        return answer.body if answer.status == HTTPStatus.OK else {}

    def _offer_gpus(self) -> None:
        """Promise GPUs to the scheduler; containers that asked for some find none."""
        key = GPU.replace("/", "~1")
        patch = [
            {"op": "add", "path": f"/status/{kind}/{key}", "value": str(GPUS)}
            for kind in ("capacity", "allocatable")
        ]
        path = f"/api/v1/nodes/{self.name}/status"
        answer = self.cluster.api.patch(path, patch, kind=JSON_PATCH)
        if answer.status != HTTPStatus.OK:
            raise ControlPlaneError(f"The node could not be given GPUs: {answer.body}")

    def _ctr(self, *arguments: str) -> str:
        ran = subprocess.run(
            [self._site.programs["ctr"], f"--address={self._site.socket}", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode != 0:
            raise ControlPlaneError(f"`ctr {' '.join(arguments)}` said: {ran.stderr.strip()}")
        return ran.stdout

    def _run(self, name: str, *flags: str) -> None:
        self.processes.start(name, [self._site.programs[name], *flags])

    def _write(self, name: str, content: str) -> Path:
        path = self._site.folder / name
        path.write_text(content)
        return path

    def _wait(self, holds: Callable[[], bool], what: str, *, blame: str) -> None:
        def holds_while_all_run() -> bool:
            self.processes.check()
            return holds()

        try:
            wait_until(holds_while_all_run, seconds=PATIENCE_SECONDS, what=what)
        except TimeoutError as error:
            words = self.processes.last_words(blame)
            raise ControlPlaneError(f"{error}. {blame} said last:\n{words}") from error
