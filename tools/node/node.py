"""The node itself: it registers, stays alive, and runs the Pods that are bound to it."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tools.node.api import GoneError, NodeApi, connected
from tools.node.images import Image
from tools.node.logs import serving_logs
from tools.node.pod import PodRunner
from tools.node.reaper import Reaper, reaping
from tools.node.volumes import provide_volumes

logger = logging.getLogger(__name__)

# What a node may promise that measures nothing.
CAPACITY = {"cpu": "1000", "memory": "4Ti", "pods": "5000", "nvidia.com/gpu": "64"}
LEASE_SECONDS, HEARTBEAT_SECONDS = 40, 10
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"

PodKey = tuple[str, str]


class Node:
    """A node that runs Pods as processes."""

    def __init__(
        self, name: str, api: NodeApi, folder: Path, images: Mapping[str, Image], reaper: Reaper
    ) -> None:
        self.name, self._api, self._folder, self._images = name, api, folder, images
        self._reaper = reaper
        self._runners: dict[str, PodRunner] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._addresses = 0
        self.is_silent = False
        """Set it to let the node fall silent: no heartbeat, no report, nothing new."""

    async def register(self, kubelet_port: int) -> None:
        """Become known to the cluster, ready for Pods."""
        node = {
            "metadata": {
                "name": self.name,
                "labels": {"kubernetes.io/hostname": self.name, "kubernetes.io/os": "linux"},
            }
        }
        await self._api.create("/api/v1/nodes", node)
        await self._api.patch(
            f"/api/v1/nodes/{self.name}/status",
            {
                "status": {
                    "capacity": CAPACITY,
                    "allocatable": CAPACITY,
                    "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
                    "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet_port}},
                    "conditions": [
                        {
                            "type": "Ready",
                            "status": "True",
                            "reason": "StandIn",
                            "lastHeartbeatTime": _now(),
                            "lastTransitionTime": _now(),
                        }
                    ],
                }
            },
        )
        await self._heartbeat()

    async def stay_alive(self) -> None:
        """Renew the node's lease, for ever."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            if not self.is_silent:
                with contextlib.suppress(GoneError):
                    await self._heartbeat()

    async def _heartbeat(self) -> None:
        spec = {
            "holderIdentity": self.name,
            "leaseDurationSeconds": LEASE_SECONDS,
            "renewTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        lease = {"metadata": {"name": self.name}, "spec": spec}
        created = await self._api.create(LEASES, lease)
        await self._api.replace(f"{LEASES}/{self.name}", {**created, "spec": spec})

    async def run_pods(self) -> None:
        """Run whatever is bound to this node, for ever."""
        query = f"fieldSelector=spec.nodeName={self.name}"
        async for change, pod in self._api.watch("/api/v1/pods", query):
            if not self.is_silent:
                self._pod_changed(change, pod)

    def _pod_changed(self, change: str, pod: Any) -> None:
        uid = pod["metadata"]["uid"]
        runner = self._runners.get(uid)
        if runner is not None:
            runner.update(pod)
            if change == "DELETED":
                runner.lose()
        elif change != "DELETED" and pod.get("status", {}).get("phase") == "Pending":
            self._start(uid, pod)

    def _start(self, uid: str, pod: Any) -> None:
        self._addresses += 1
        number = self._addresses
        ip = f"127.{1 + number // 62_500 % 250}.{number // 250 % 250}.{1 + number % 250}"
        folder = self._folder / "pods" / uid
        runner = PodRunner(pod, ip, folder, self._images, self._api, self._reaper)
        runner.update(pod)
        self._runners[uid] = runner
        self._tasks[uid] = asyncio.create_task(self._run(uid, runner))

    async def _run(self, uid: str, runner: PodRunner) -> None:
        try:
            await runner.run()
        except Exception:
            logger.exception("Pod %s could not be run", uid)
        finally:
            del self._runners[uid], self._tasks[uid]

    def log_of(self, uid: str) -> Path | None:
        """Where the output of a Pod goes."""
        runner = self._runners.get(uid)
        return runner.log if runner else None

    def is_at_work(self, uid: str) -> bool:
        """Whether the process of a Pod runs."""
        runner = self._runners.get(uid)
        return runner is not None and runner.is_at_work

    def lose_pod(self, uid: str) -> None:
        """Let a Pod vanish without a word."""
        self._runners[uid].lose()

    async def stop(self) -> None:
        """End every Pod's process."""
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)


@contextlib.asynccontextmanager
async def running_node(
    kubeconfig: Path, folder: Path, images: Mapping[str, Image], name: str = "stand-in"
) -> AsyncIterator[Node]:
    """A node that works while the block does."""
    with reaping() as reaper:
        async with connected(kubeconfig) as api:
            node = Node(name, api, folder, images, reaper)
            async with serving_logs(node, api) as port:
                await node.register(port)
                async with _at_work(node, provide_volumes(api, folder / "claims")):
                    yield node


@contextlib.asynccontextmanager
async def _at_work(node: Node, provider: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    coroutines = (node.stay_alive(), node.run_pods(), provider)
    duties = [asyncio.create_task(duty) for duty in coroutines]
    try:
        yield
    finally:
        for duty in duties:
            duty.cancel()
        await asyncio.gather(*duties, return_exceptions=True)
        await node.stop()


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
