"""Several replicas of the operator: one works, and no Job is started twice when that changes."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from curation_operator.program import running
from tests.curation_operator.conftest import settings_for
from tests.curation_operator.farm import Farm
from tests.support.background import in_background


@contextmanager
def a_leader(name: str, farm: Farm) -> Iterator[asyncio.Event]:
    """A replica that works; what it gives is set when it does not any more."""
    settings = settings_for(
        farm.namespace,
        operator_name=name,
        operator_namespace=farm.namespace,
        leader_election=True,
    )
    gave_up = asyncio.Event()
    with in_background(running(settings, str(farm.control_plane.kubeconfig), gave_up)):
        yield gave_up


def holder(farm: Farm) -> str:
    return str(farm.lease("curation-operator")["spec"]["holderIdentity"])


def test_a_leader_that_goes_lets_the_next_one_start_at_once(farm: Farm) -> None:
    with a_leader("first", farm):
        assert holder(farm) == "first"
        farm.create_datasource()
        farm.wait_for_datasource("ProbeSucceeded")

    assert holder(farm) == ""
    with a_leader("second", farm):
        assert holder(farm) == "second"


def test_a_leader_that_slept_finds_another_one_and_ends_and_the_job_is_still_the_same(
    farm: Farm,
) -> None:
    with a_leader("sleeper", farm) as gave_up:
        farm.create_datasource()
        farm.create_run(script={"run": {"wait_for": "gate"}})
        farm.wait_for_state("Running")

        farm.change_lease("curation-operator", holderIdentity="another")
        farm.wait(gave_up.is_set, "the sleeper notices, and ends")

    assert holder(farm) == "another"
    farm.change_lease("curation-operator", holderIdentity="")
    with a_leader("another", farm):
        farm.open_gate()
        farm.wait_for_state("Completed")
    assert [line["what"] for line in farm.journal()] == ["began", "succeeded"]
