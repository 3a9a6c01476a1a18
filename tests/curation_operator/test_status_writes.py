"""What is written is written to the object that it was decided for, and to no other."""

from typing import Any

import pytest

from curation_operator.kube.api_server import connected
from curation_operator.kube.client import KubernetesClient
from curation_operator.kube.errors import ConflictError
from curation_operator.metrics import Metrics
from curation_operator.planning.keys import RunKey
from tests.curation_operator.conftest import settings_for
from tests.curation_operator.farm import Farm


async def write_state(farm: Farm, state: str, *, seen: str) -> None:
    settings = settings_for(farm.namespace)
    async with connected(settings, Metrics(settings), str(farm.control_plane.kubeconfig)) as ask:
        await KubernetesClient(ask).write_run_status(
            RunKey(farm.namespace, "first"), {"state": state}, resource_version=seen
        )


async def test_a_run_that_was_made_in_place_of_another_does_not_get_its_status(farm: Farm) -> None:
    seen = farm.create_run()["metadata"]["resourceVersion"]
    farm.delete("curationruns", "first")
    farm.create_run()

    with pytest.raises(ConflictError):
        await write_state(farm, "Running", seen=seen)

    assert "status" not in farm.run()


async def test_a_run_that_was_changed_in_the_meantime_is_looked_at_again_first(farm: Farm) -> None:
    seen = farm.create_run()["metadata"]["resourceVersion"]
    farm.change_run(cancel=True)

    with pytest.raises(ConflictError):
        await write_state(farm, "Running", seen=seen)

    await write_state(farm, "Aborted", seen=farm.run()["metadata"]["resourceVersion"])
    assert farm.run()["status"] == {"state": "Aborted"}


async def test_a_job_that_was_made_in_place_of_another_is_not_changed(farm: Farm) -> None:
    def create() -> Any:
        return farm.take_job_name("first")

    farm.create_run()
    seen = create()["metadata"]["uid"]
    farm.delete_job("first")
    farm.wait(lambda: not farm.jobs(of="first"), "the Job is gone")
    there = create()
    settings = settings_for(farm.namespace)

    async with connected(settings, Metrics(settings), str(farm.control_plane.kubeconfig)) as ask:
        with pytest.raises(ConflictError):
            await KubernetesClient(ask).patch_job(
                farm.namespace,
                there["metadata"]["name"],
                {"metadata": {"uid": seen}, "spec": {"suspend": False}},
            )

    [job] = farm.jobs(of="first")
    assert job["spec"]["suspend"] is True
