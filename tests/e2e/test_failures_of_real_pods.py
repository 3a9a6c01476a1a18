"""Failure modes as a real node brings them about: what becomes of a run, and what its status says.

Here a kubelet says what is wrong, where elsewhere a stand-in speaks for it.
"""

from typing import Any

import pytest

from tests.curation_operator.farm import Farm, condition
from tests.e2e.runs import PATIENCE_SECONDS, UNVERIFIED, why_not_ready
from tools.real_node.node import RealNode

GATED = {"run": {"wait_for": "gate"}}


def create_run(farm: Farm, script: Any = None, **spec: Any) -> None:
    """A run that starts at once."""
    farm.create_datasource()
    farm.create_run(script=script, workerConfig=UNVERIFIED, **spec)


@pytest.mark.usefixtures("operator")
def test_a_worker_that_the_kernel_kills_for_its_memory_ends_the_run_with_advice(
    farm: Farm,
) -> None:
    create_run(farm, {"run": {"allocate_mebibytes": 512}})

    status = farm.wait_for_state("Crashed", seconds=PATIENCE_SECONDS)

    assert why_not_ready(status) == (
        "OutOfMemory",
        "A worker of first needed more than its 64Mi of memory. To fix it: raise job.memory, which"
        " includes job.shmSize, or lower lightlyConfig.loader.batchSize (16).",
    )
    assert status["lastFailure"]["exitCode"] == 137
    farm.wait(lambda: not farm.jobs(of="first-"), "its Job is gone")


@pytest.mark.usefixtures("operator")
def test_a_worker_that_is_evicted_is_replaced_and_costs_no_retry(farm: Farm) -> None:
    create_run(farm, GATED, job={"retries": 0})
    farm.wait(farm.journal, "a worker has begun")
    pod = farm.wait_for_pod(of="first")

    farm.evict(pod["metadata"]["name"])
    farm.wait(lambda: began(farm) == 2, "another worker has begun", seconds=PATIENCE_SECONDS)
    farm.open_gate()
    status = farm.wait_for_state("Completed")

    [stage] = status["stages"]
    assert (stage.get("disruptions"), stage.get("retries", 0)) == (1, 0)


@pytest.mark.usefixtures("operator")
def test_a_worker_that_fills_a_volume_beyond_its_limit_is_said_to_have_done_so(
    farm: Farm,
) -> None:
    scratch = {"name": "scratch", "mountPath": "/scratch", "readOnly": False}
    create_run(
        farm,
        {"run": {"fill": "/scratch/too-much", "wait_for": "gate"}},
        job={"retries": 0, "volumes": [{**scratch, "emptyDir": {"sizeLimit": "1Mi"}}]},
    )

    status = farm.wait_for_state("Crashed", "Failed", "Aborted", seconds=PATIENCE_SECONDS)

    reason, message = why_not_ready(status)
    assert (status["state"], reason) == ("Crashed", "BackoffLimitExceeded")
    because = 'Evicted: Usage of EmptyDir volume "scratch" exceeds the limit "1Mi".'
    assert message.endswith(f"was ended by its node: {because}")


@pytest.mark.usefixtures("operator")
def test_a_pod_that_somebody_deletes_is_replaced(farm: Farm) -> None:
    create_run(farm, GATED)
    farm.wait(farm.journal, "a worker has begun")
    pod = farm.wait_for_pod(of="first")["metadata"]["name"]

    farm.delete_pod(pod)
    farm.wait(lambda: began(farm) == 2, "another worker has begun", seconds=PATIENCE_SECONDS)
    farm.open_gate()

    status = farm.wait_for_state("Completed")
    assert condition(status, "Ready")["status"] == "True"
    assert len(farm.jobs(of="first-")) == 1


@pytest.mark.usefixtures("operator")
def test_a_run_that_asks_for_a_gpu_gets_one(farm: Farm) -> None:
    create_run(farm, job={"gpus": 1})

    farm.wait_for_state("Completed", seconds=PATIENCE_SECONDS)


@pytest.mark.usefixtures("operator")
def test_when_its_node_is_gone_a_run_waits_for_another_one_and_completes(
    farm: Farm, node: RealNode
) -> None:
    create_run(farm, GATED, job={"retries": 0})
    farm.wait(farm.journal, "a worker has begun")
    farm.wait_for_pod(of="first")

    node.kill_kubelet()
    try:
        farm.wait(lambda: not node.is_ready(), "the node is missed", seconds=PATIENCE_SECONDS)
        # Where all nodes are silent, Kubernetes gives up no Pod by itself.
        node.declare_out_of_service()
        waiting = farm.wait_for_run(
            lambda status: condition(status, "Ready").get("reason") == "Unschedulable",
            "the next Pod finds no node",
            seconds=PATIENCE_SECONDS,
        )
    finally:
        node.bring_back()
    farm.open_gate()
    status = farm.wait_for_state("Completed", seconds=PATIENCE_SECONDS)

    assert waiting["state"] == "Pending"
    assert "0/1 nodes are available: 1 node(s) had untolerated taint" in waiting["message"]
    [stage] = status["stages"]
    assert (stage.get("disruptions"), stage.get("retries", 0)) == (1, 0)


def began(farm: Farm) -> int:
    return [line["what"] for line in farm.journal()].count("began")
