"""What the operator remembers, which only ever saves it a question."""

from collections.abc import AsyncIterator

import pytest

from curation_operator.kube.api_server import connected
from curation_operator.kube.client import KubernetesClient
from curation_operator.kube.observe import MOST_READ_BY_NAME, unfinished_runs
from curation_operator.memory import Memory
from curation_operator.metrics import Metrics
from curation_operator.planning.keys import LineKey, RunKey
from tests.curation_operator.conftest import lists_of_runs, settings_for
from tests.curation_operator.farm import Farm


@pytest.fixture
def memory() -> Memory:
    """The memory of an operator that has met everything there is."""
    memory = Memory()
    memory.has_listed = True
    return memory


@pytest.fixture
def metrics(farm: Farm) -> Metrics:
    return Metrics(settings_for(farm.namespace))


@pytest.fixture
async def kube(farm: Farm, metrics: Metrics) -> AsyncIterator[KubernetesClient]:
    settings = settings_for(farm.namespace)
    async with connected(settings, metrics, str(farm.control_plane.kubeconfig)) as ask:
        yield KubernetesClient(ask)


async def unfinished(farm: Farm, kube: KubernetesClient, memory: Memory) -> list[str]:
    runs = await unfinished_runs(LineKey(farm.namespace, "farm"), kube, memory)
    return sorted(run["metadata"]["name"] for run in runs)


async def test_known_runs_are_read_by_name(
    farm: Farm, kube: KubernetesClient, metrics: Metrics, memory: Memory
) -> None:
    for name in ("first", "second"):
        farm.create_run(name)
        memory.meet(LineKey(farm.namespace, "farm"), name)

    assert await unfinished(farm, kube, memory) == ["first", "second"]
    assert lists_of_runs(metrics) == 0


async def test_before_everything_was_met_nothing_is_taken_for_known(
    farm: Farm, kube: KubernetesClient, metrics: Metrics
) -> None:
    farm.create_run("first")

    assert await unfinished(farm, kube, Memory()) == ["first"]
    assert lists_of_runs(metrics) == 1


async def test_a_long_line_is_listed(
    farm: Farm, kube: KubernetesClient, metrics: Metrics, memory: Memory
) -> None:
    for number in range(MOST_READ_BY_NAME + 1):
        farm.create_run(f"run-{number}")
        memory.meet(LineKey(farm.namespace, "farm"), f"run-{number}")

    assert len(await unfinished(farm, kube, memory)) == MOST_READ_BY_NAME + 1
    assert lists_of_runs(metrics) == 1


async def test_what_has_ended_is_gone_or_serves_another_datasource_is_forgotten(
    farm: Farm, kube: KubernetesClient, memory: Memory
) -> None:
    line = LineKey(farm.namespace, "farm")
    for name in ("waiting", "ended", "gone", "elsewhere"):
        memory.meet(line, name)
    farm.create_run("waiting")
    farm.create_run("elsewhere", datasourceRef={"name": "barn"})
    seen = farm.create_run("ended")["metadata"]["resourceVersion"]
    await kube.write_run_status(
        RunKey(farm.namespace, "ended"), {"state": "Completed"}, resource_version=seen
    )

    assert await unfinished(farm, kube, memory) == ["waiting"]
    assert memory.unfinished(line) == frozenset({"waiting"})


def test_only_the_version_that_is_known_is_no_news(memory: Memory) -> None:
    key = RunKey("team", "first")
    memory.expect(key, "7")

    assert memory.is_no_news(key, "7")
    assert not memory.is_no_news(key, "8")
    assert not memory.is_no_news(RunKey("team", "second"), "7")
