"""Drives an operator through a scenario, kills it after its k-th write, and starts it anew."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from curation_api.names import RUN_LABEL
from curation_operator.kube.api_server import connected
from curation_operator.kube.client import KubernetesClient
from curation_operator.kube.errors import ApiError
from curation_operator.kube.port import Kube
from curation_operator.memory import Memory
from curation_operator.metrics import Metrics
from curation_operator.planning.keys import DatasourceKey, Key, RunKey
from curation_operator.progress_reader import progress_reader
from curation_operator.queue import WorkQueue
from curation_operator.reconcile import Reconciler
from curation_operator.recorder import Recorder
from curation_operator.settings import OperatorSettings
from tests.curation_operator.farm import Farm

PAUSE_SECONDS = 0.5

# All crash points of a scenario are played at the same time, so each takes its time.
PATIENCE_SECONDS = 120

# Probes have a scenario of their own; the others do without one each.
UNVERIFIED = {"datasource": {"bypassVerify": True}}

WRITES = {
    "create_config_map",
    "create_job",
    "delete_job",
    "patch_job",
    "write_datasource_status",
    "write_run_status",
}


class Killed(BaseException):
    """The operator is gone, right after a write."""


class KillingKube:
    """The real API server, until the write after which the operator is killed."""

    def __init__(self, kube: Kube, kill_after: int | None) -> None:
        self._kube, self._kill_after = kube, kill_after
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._kube, name)
        return partial(self._write, call) if name in WRITES else call

    async def _write(self, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        answer = await call(*arguments, **named)
        self.writes += 1
        if self.writes == self._kill_after:
            raise Killed
        return answer


@dataclass(frozen=True)
class Step:
    """Something a user does, once the status is so far."""

    when: Callable[[Any], bool]
    then: Callable[[Farm, str], None]


@dataclass(frozen=True)
class Scenario:
    """A run or a Datasource, what a user does with it, and how it has to end."""

    state: str
    script: Any = field(default_factory=dict)
    spec: dict[str, Any] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    only_datasource: bool = False


@dataclass
class Outcome:
    """How a scenario came out."""

    writes: int
    was_killed: bool
    status: Any
    name: str


async def play(
    scenario: Scenario, name: str, farm: Farm, settings: OperatorSettings, kill_after: int | None
) -> Outcome:
    """Play the scenario to its end, with an operator that is killed once."""
    (farm.folders["results"] / name).mkdir()
    farm.create_datasource(
        name,
        input={"local": {"claimName": "pictures"}},
        lightly={"local": {"claimName": "results", "path": name}},
    )
    if not scenario.only_datasource:
        spec = {**scenario.spec, "datasourceRef": {"name": name}, "workerConfig": UNVERIFIED}
        farm.create_run(name, scenario.script, **spec)
    steps = list(scenario.steps)
    deadline = time.monotonic() + PATIENCE_SECONDS
    killed = False
    async with an_operator(farm, settings, kill_after) as (reconciler, kube):
        while time.monotonic() < deadline:
            try:
                await look_once(scenario, reconciler, farm, name)
            except Killed:
                killed = True
                break
            if is_over(scenario, name, farm, steps):
                return Outcome(kube.writes, killed, status_of(scenario, name, farm), name)
            await asyncio.sleep(PAUSE_SECONDS)
    async with an_operator(farm, settings, None) as (reconciler, _):  # It remembers nothing.
        while time.monotonic() < deadline:
            await look_once(scenario, reconciler, farm, name)
            if is_over(scenario, name, farm, steps):
                return Outcome(0, killed, status_of(scenario, name, farm), name)
            await asyncio.sleep(PAUSE_SECONDS)
    raise AssertionError(
        f"killed after write {kill_after}, {name} never became {scenario.state}:"
        f" {status_of(scenario, name, farm)}"
    )


def is_over(scenario: Scenario, name: str, farm: Farm, steps: list[Step]) -> bool:
    """Let the user do what is due; whether all is done and the Jobs have been dealt with."""
    status = status_of(scenario, name, farm)
    if steps and steps[0].when(status):
        steps.pop(0).then(farm, name)
        return False
    if steps or not has_ended(scenario, status):
        return False
    labels = "" if scenario.only_datasource else f"{RUN_LABEL}={name}"
    jobs = farm.jobs(of=f"{name}-", labels=labels)
    return all("ttlSecondsAfterFinished" in job["spec"] for job in jobs)


def has_ended(scenario: Scenario, status: Any) -> bool:
    if scenario.only_datasource:
        reasons = [entry["reason"] for entry in status.get("conditions", [])]
        return scenario.state in reasons
    return bool(status.get("state") == scenario.state)


def status_of(scenario: Scenario, name: str, farm: Farm) -> Any:
    found = farm.datasource(name) if scenario.only_datasource else farm.run(name)
    return found.get("status", {})


async def look_once(scenario: Scenario, reconciler: Reconciler, farm: Farm, name: str) -> None:
    key = (DatasourceKey if scenario.only_datasource else RunKey)(farm.namespace, name)
    with contextlib.suppress(ApiError):  # The next round looks again.
        await reconciler.look(key)


@contextlib.asynccontextmanager
async def an_operator(
    farm: Farm, settings: OperatorSettings, kill_after: int | None
) -> AsyncIterator[tuple[Reconciler, KillingKube]]:
    metrics = Metrics(settings)
    async with (
        connected(settings, metrics, str(farm.control_plane.kubeconfig)) as ask,
        progress_reader() as reader,
    ):
        kube = KillingKube(KubernetesClient(ask), kill_after)
        queue: WorkQueue[Key] = WorkQueue(metrics, time.monotonic)
        now = partial(datetime.now, UTC)
        recorder = Recorder(kube, settings, now)
        yield Reconciler(kube, reader, queue, recorder, metrics, Memory(), settings, now), kube
