"""Runs the container of one Pod as a process, and reports as a kubelet would."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tools.node.api import GoneError, NodeApi
from tools.node.images import Image
from tools.node.reaper import Reaper
from tools.node.volumes import NotThereYetError, Paths, lay_out, prepare_volumes, translated

# A kubelet waits longer each time; here nobody has that much time.
RETRY_SECONDS = 0.5

# A kubelet cleans up what an evicted Pod has left before it lets go of it.
CLEANING_SECONDS = 2.0

LONGEST_MESSAGE, LONGEST_TAIL = 4096, 2048


@dataclass
class Ending:
    """How the process has ended."""

    exit_code: int
    reason: str


class PodRunner:
    """One Pod, from being bound to this node until it is gone."""

    def __init__(
        self,
        pod: Any,
        ip: str,
        folder: Path,
        images: Mapping[str, Image],
        api: NodeApi,
        reaper: Reaper,
    ) -> None:
        self._pod, self._ip, self._folder, self._images, self._api = pod, ip, folder, images, api
        self._reaper = reaper
        metadata = pod["metadata"]
        self._path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        [self._container] = pod["spec"]["containers"]
        self._asked_to_go = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._killed_by_us = False
        self._is_lost = False
        self._started_at = ""
        self._root = folder / "root"
        self.log = folder / "container.log"

    def update(self, pod: Any) -> None:
        """The Pod has been changed; it may have been asked to go."""
        self._pod = pod
        if "deletionTimestamp" in pod["metadata"]:
            self._asked_to_go.set()

    @property
    def is_at_work(self) -> bool:
        """Whether its process runs."""
        return self._process is not None

    @property
    def _is_evicted(self) -> bool:
        conditions = self._pod.get("status", {}).get("conditions", [])
        return any(entry["type"] == "DisruptionTarget" for entry in conditions)

    def lose(self) -> None:
        """Let it vanish without a report, as with its node."""
        self._is_lost = True
        self._asked_to_go.set()
        self._signal(signal.SIGKILL)

    async def run(self) -> None:
        """Run the Pod to its end."""
        try:
            image = await self._pulled()
            paths = await self._mounted() if image else None
            if image and paths is not None and not self._asked_to_go.is_set():
                ending = await self._run_container(image, paths)
                if not self._is_lost:
                    await self._report(self._ended(ending))
            await self._asked_to_go.wait()  # Until then its log can be read.
            if not self._is_lost:
                if self._is_evicted:
                    await asyncio.sleep(CLEANING_SECONDS)
                await self._let_go()
        except GoneError:
            pass  # Deleted by force; whoever did that does not want to hear of it.
        finally:
            self._end_processes()
            shutil.rmtree(self._folder, ignore_errors=True)

    async def _pulled(self) -> Image | None:
        name = self._container["image"]
        reasons = iter(["ErrImagePull"])
        while name not in self._images:
            reason = next(reasons, "ImagePullBackOff")
            await self._report(self._waiting(reason, f"there is no image {name} here"))
            if await self._is_asked_to_go_within(RETRY_SECONDS):
                return None
        return self._images[name]

    async def _mounted(self) -> Paths | None:
        """The folder of each mount, by its path in the container."""
        while True:
            try:
                volumes = await prepare_volumes(self._pod, self._folder, self._api)
            except NotThereYetError as error:
                await self._report(self._waiting("ContainerCreating", ""))
                await self._complain("FailedMount", f"MountVolume.SetUp failed: {error}")
                if await self._is_asked_to_go_within(RETRY_SECONDS):
                    return None
                continue
            mounts = {
                mount["mountPath"]: volumes[mount["name"]] / mount.get("subPath", "")
                for mount in self._container.get("volumeMounts", [])
            }
            mounts[self._container["terminationMessagePath"]] = self._folder / "termination-log"
            lay_out(mounts, self._root)
            return mounts

    async def _run_container(self, image: Image, mounts: Paths) -> Ending:
        said = [*self._container.get("command", []), *self._container.get("args", [])]
        # What the image itself brings stays where it lies, even below a mount.
        command = image.command([translated(part, mounts, self._root) for part in said])
        variables = {**image.variables(), **self._environment(mounts)}
        self._folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as output:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                cwd=self._folder,
                env=variables,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        self._reaper.watch(self._process.pid)
        self._started_at = _now()
        await self._report(self._running())
        ending = await self._wait_for(self._process)
        self._end_processes()
        return ending

    async def _wait_for(self, process: asyncio.subprocess.Process) -> Ending:
        ended = asyncio.create_task(process.wait())
        asked = asyncio.create_task(self._asked_to_go.wait())
        await asyncio.wait({ended, asked}, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            self._signal(signal.SIGTERM)
            grace = self._pod["metadata"].get("deletionGracePeriodSeconds", 30)
            await asyncio.wait({ended}, timeout=grace)
        if not ended.done():
            self._killed_by_us = True
            self._signal(signal.SIGKILL)
        code = await ended
        asked.cancel()
        if code == -signal.SIGKILL and not self._killed_by_us:
            return Ending(137, "OOMKilled")  # Nobody else kills like that but the kernel.
        exit_code = code if code >= 0 else 128 - code
        return Ending(exit_code, "Error" if exit_code else "Completed")

    async def _is_asked_to_go_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._asked_to_go.wait(), seconds)
        return self._asked_to_go.is_set()

    def _environment(self, mounts: Paths) -> dict[str, str]:
        variables = {}
        for entry in self._container.get("env", []):
            source = entry.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath")
            value = self._field(source) if source else entry.get("value", "")
            variables[entry["name"]] = translated(value, mounts, self._root)
        return variables

    def _field(self, path: str) -> str:
        """A field of the Pod, as the downward API names it: metadata.labels['x'], status.podIP."""
        if path == "status.podIP":
            return self._ip
        _, name, *key = re.split(r"\.|\['|'\]", path, maxsplit=2)
        value = self._pod["metadata"].get(name, "")
        return str(value.get(key[0].rstrip("']"), "") if key else value)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def _end_processes(self) -> None:
        """Nothing that was started stays, be it a child of a child."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._reaper.forget(self._process.pid)
            self._process = None

    # -- what is reported ------------------------------------------------------------------------

    async def _report(self, status: Any) -> None:
        await self._api.patch(f"{self._path}/status", {"status": status})

    def _waiting(self, reason: str, message: str) -> Any:
        state = {"waiting": {"reason": reason, "message": message}}
        return self._status("Pending", state, is_ready=False)

    def _running(self) -> Any:
        state = {"running": {"startedAt": self._started_at}}
        return {
            **self._status("Running", state, is_ready=True),
            "podIP": self._ip,
            "podIPs": [{"ip": self._ip}],
            "hostIP": "127.0.0.1",
        }

    def _ended(self, ending: Ending) -> Any:
        terminated = {
            "exitCode": ending.exit_code,
            "reason": ending.reason,
            "message": self._last_words(ending.exit_code),
            "startedAt": self._started_at,
            "finishedAt": _now(),
        }
        phase = "Failed" if ending.exit_code else "Succeeded"
        # A null takes the earlier state out; a container has one state at a time.
        state = {"running": None, "waiting": None, "terminated": terminated}
        return self._status(phase, state, is_ready=False)

    def _status(self, phase: str, state: Any, *, is_ready: bool) -> Any:
        ready = "True" if is_ready else "False"
        conditions = [
            {"type": kind, "status": status, "lastTransitionTime": _now()}
            for kind, status in (
                ("Initialized", "True"),
                ("ContainersReady", ready),
                ("Ready", ready),
            )
        ]
        container = {
            "name": self._container["name"],
            "image": self._container["image"],
            "imageID": f"stand-in://{self._container['image']}",
            "containerID": f"stand-in://{self._pod['metadata']['uid']}",
            "ready": is_ready,
            "started": is_ready,
            "restartCount": 0,
            "state": state,
        }
        return {"phase": phase, "conditions": conditions, "containerStatuses": [container]}

    def _last_words(self, exit_code: int) -> str:
        path = self._folder / "termination-log"
        words = path.read_bytes()[:LONGEST_MESSAGE] if path.exists() else b""
        policy = self._container.get("terminationMessagePolicy")
        if not words and exit_code and policy == "FallbackToLogsOnError":
            words = self.log.read_bytes()[-LONGEST_TAIL:]
        return words.decode(errors="replace")

    async def _complain(self, reason: str, message: str) -> None:
        metadata = self._pod["metadata"]
        about = {
            "apiVersion": "v1",
            "kind": "Pod",
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
        }
        name = f"{metadata['name']}.{reason.lower()}"
        event = {
            "metadata": {"name": name, "namespace": metadata["namespace"]},
            "involvedObject": about,
            "reason": reason,
            "message": message,
            "type": "Warning",
            "source": {"component": "kubelet"},
            "lastTimestamp": _now(),
        }
        await self._api.create(f"/api/v1/namespaces/{metadata['namespace']}/events", event)

    async def _let_go(self) -> None:
        options = {
            "gracePeriodSeconds": 0,
            "preconditions": {"uid": self._pod["metadata"]["uid"]},
        }
        await self._api.delete(self._path, options)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
