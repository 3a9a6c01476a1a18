"""Load the operator like a large installation, and beside it a plain kopf operator.

    python -m benchmarks.operator_load                                 # as in the page, 20 minutes
    python -m benchmarks.operator_load --finished 1000 --active 100    # less of it

Each gets a real control plane of its own with so many finished runs, then new ones at a steady
rate, each with a Datasource of its own. Pods are bound by the real scheduler, and then are only
said to run.
"""

import argparse
import asyncio
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from curation_api.names import API_VERSION, RUN_LABEL
from tools.control_plane.binaries import ensure_binaries
from tools.control_plane.crds import install_crds
from tools.control_plane.processes import supervised_processes
from tools.control_plane.start import PROGRAMS, running_control_plane
from tools.node.api import GoneError, NodeApi, connected
from tools.node.node import Node
from tools.node.reaper import reaping

ROOT = Path(__file__).parents[1]
SOURCES = (".", "api", "operator")
COMMANDS = {
    "curation_operator": ["-m", "curation_operator"],
    "plain kopf": ["-m", "kopf", "run", "-A", "--standalone", "-q", "-m", "benchmarks.plain_kopf"],
}
OURS = f"/apis/{API_VERSION}/namespaces/default"
RUNS, DATASOURCES = f"{OURS}/curationruns", f"{OURS}/datasources"
SEEDING_AT_ONCE = 32
QUIET_SECONDS = 15

# Until an operator that has just started has gone through all that there is. How long that takes
# until it does something new is the column `restart`.
SETTLING_SECONDS = 75
PATIENCE_SECONDS = 600
SPEC = {
    "workerConfig": {},
    "selectionConfig": {
        "nSamples": 5,
        "strategies": [{"input": {"type": "EMBEDDINGS"}, "strategy": {"type": "DIVERSITY"}}],
    },
}


@dataclass(frozen=True)
class Load:
    """How much of it."""

    finished: int
    active: int
    per_second: float


@dataclass
class Bench:
    """A cluster under load, and what was seen of it."""

    api: NodeApi
    created: dict[str, float] = field(default_factory=dict)
    started: dict[str, float] = field(default_factory=dict)
    has_started: asyncio.Event = field(default_factory=asyncio.Event)

    async def create_run(self, name: str, datasource: str) -> None:
        """Create a run; from now on its Job is awaited."""
        self.created[name] = time.monotonic()
        spec = {**SPEC, "datasourceRef": {"name": datasource}}
        await self.api.create(RUNS, a_resource("CurationRun", name, spec))

    async def watch_jobs(self) -> None:
        """Note when each Job appears, for ever."""
        async for change, job in self.api.watch("/apis/batch/v1/namespaces/default/jobs"):
            run = job["metadata"].get("labels", {}).get(RUN_LABEL)
            if change == "ADDED" and run is not None:
                self.started.setdefault(run, time.monotonic())
                self.has_started.set()

    async def say_that_pods_run(self) -> None:
        """Report every Pod as running, for ever."""
        async for _, pod in self.api.watch("/api/v1/pods", "fieldSelector=spec.nodeName=stand-in"):
            if pod["status"]["phase"] == "Pending":
                ready = {"type": "Ready", "status": "True"}
                status = {"phase": "Running", "podIP": "127.0.0.1", "conditions": [ready]}
                path = f"/api/v1/namespaces/default/pods/{pod['metadata']['name']}/status"
                with contextlib.suppress(GoneError):
                    await self.api.patch(path, {"status": status})

    async def wait_for_jobs(self) -> None:
        """Until every run has its Job."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while set(self.created) - set(self.started):
                self.has_started.clear()
                await self.has_started.wait()

    def seconds_to_job(self, names: list[str]) -> list[float]:
        """From creating each run to its Job."""
        return sorted(self.started[name] - self.created[name] for name in names)

    async def versions(self) -> dict[str, str]:
        """The version of each run, which changes with every write."""
        items = (await self.api.get(RUNS))["items"]
        return {item["metadata"]["name"]: item["metadata"]["resourceVersion"] for item in items}


def a_resource(kind: str, name: str, spec: Any) -> Any:
    """A Datasource or a run, as a person would write it."""
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}


async def seed(api: NodeApi, load: Load) -> None:
    """Ready Datasources, and runs that have ended."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    ready = {"type": "Ready", "status": "True", "reason": "ProbeSucceeded", "message": "",
             "lastTransitionTime": now}  # fmt: skip
    good = {"observedGeneration": 1, "probedAt": now, "conditions": [ready]}
    # A bucket without credentials: nothing that a Pod would have to wait for.
    bucket = {"resourcePath": "s3://pictures/farm/", "region": "eu-central-1"}
    place = {"type": "IMAGES", "input": {"s3": bucket}, "lightly": {"s3": bucket}}
    done = {"observedGeneration": 1, "state": "Completed", "completionTime": now}
    gate = asyncio.Semaphore(SEEDING_AT_ONCE)

    async def one(path: str, body: Any, status: Any) -> None:
        async with gate:
            await api.create(path, body)
            name = body["metadata"]["name"]
            merge = {"metadata": {"name": name}, "status": status}
            await api.merge(f"{path}/{name}/status", merge)

    datasources = [
        one(DATASOURCES, a_resource("Datasource", f"farm-{number}", place), good)
        for number in range(load.active + 2)
    ]
    spec = {**SPEC, "datasourceRef": {"name": "farm-0"}}
    runs = [
        one(RUNS, a_resource("CurationRun", f"done-{number}", spec), done)
        for number in range(load.finished)
    ]
    await asyncio.gather(*datasources, *runs)


@contextlib.contextmanager
def the_operator(command: list[str], kubeconfig: Path, log: Path) -> Iterator[int]:
    """An operator in a process of its own."""
    settings = {
        "KUBECONFIG": str(kubeconfig),
        "CURATION_KUBECONFIG": str(kubeconfig),
        "CURATION_JOB": '{"gpus": 0, "cpu": "100m", "memory": "64Mi"}',
        "CURATION_HTTP_HOST": "127.0.0.1",
        "CURATION_HTTP_PORT": "0",
        "PYTHONPATH": os.pathsep.join(str(ROOT / source) for source in SOURCES),
    }
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *command], env={**os.environ, **settings}, stdout=output, stderr=output
        )
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def megabytes(pid: int, what: str) -> float:
    """What Linux says about the memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(what))
    return int(line.split()[1]) / 1024


@contextlib.asynccontextmanager
async def a_bench(kubeconfig: Path, folder: Path) -> AsyncIterator[Bench]:
    """A node that says that everything runs."""
    async with connected(kubeconfig) as api:
        bench = Bench(api)
        with reaping() as reaper:
            node = Node("stand-in", api, folder, {}, reaper)
            await node.register(1)
            work = (node.stay_alive(), bench.watch_jobs(), bench.say_that_pods_run())
            tasks = [asyncio.create_task(one) for one in work]
            try:
                yield bench
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)


async def measure(command: list[str], load: Load, kubeconfig: Path, folder: Path) -> list[str]:
    """The cells of a line of the table."""
    log = folder / "operator.log"
    async with a_bench(kubeconfig, folder) as bench:
        await seed(bench.api, load)
        with the_operator(command, kubeconfig, log):
            await bench.create_run("warm-up", f"farm-{load.active}")
            await bench.wait_for_jobs()
            await asyncio.sleep(SETTLING_SECONDS)
            names = [f"run-{number}" for number in range(load.active)]
            began = time.monotonic()
            for number, name in enumerate(names):
                await asyncio.sleep(max(0, began + number / load.per_second - time.monotonic()))
                await bench.create_run(name, f"farm-{number}")
            await bench.wait_for_jobs()
        restarted = time.monotonic()
        with the_operator(command, kubeconfig, log) as pid:
            await bench.create_run("after-restart", f"farm-{load.active + 1}")
            await bench.wait_for_jobs()
            restart = bench.started["after-restart"] - restarted
            await asyncio.sleep(SETTLING_SECONDS)
            before = await bench.versions()
            await asyncio.sleep(QUIET_SECONDS)
            after = await bench.versions()
            rss, peak = megabytes(pid, "VmRSS"), megabytes(pid, "VmHWM")
    writes = sum(after[name] != version for name, version in before.items())
    seconds = bench.seconds_to_job(names)
    half, most = statistics.median(seconds), seconds[int(len(seconds) * 0.95)]
    return [
        f"{half:.2f}",
        f"{most:.2f}",
        f"{restart:.1f}",
        f"{rss:.0f}",
        f"{peak:.0f}",
        str(writes),
    ]


def main() -> None:
    """Print the table of the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.operator_load")
    parser.add_argument("--finished", type=int, default=10_000)
    parser.add_argument("--active", type=int, default=1_000)
    parser.add_argument("--per-second", type=float, default=10.0)
    arguments = parser.parse_args()
    load = Load(arguments.finished, arguments.active, arguments.per_second)
    programs = ensure_binaries(*PROGRAMS)
    print("| | Job after, median s | p95 s | restart s | RSS MB | peak MB | idle writes |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for name, command in COMMANDS.items():
        with (
            tempfile.TemporaryDirectory() as folder,
            supervised_processes(Path(folder) / "cluster") as processes,
            running_control_plane(processes, programs) as cluster,
        ):
            install_crds(cluster, ROOT / "crds")
            cells = asyncio.run(measure(command, load, cluster.kubeconfig, Path(folder)))
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
