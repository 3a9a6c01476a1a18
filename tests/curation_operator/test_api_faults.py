"""An API server that stumbles, a network that loses things: nothing is lost or done twice."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from curation_operator.program import NotServedError, Running, run, running
from tests.curation_operator.conftest import Operators, settings_for
from tests.curation_operator.farm import Farm, condition
from tests.support.api_proxy import Call, Proxy, api_proxy
from tests.support.background import in_background
from tools.control_plane.cluster import ControlPlane


@pytest.fixture
def proxy(control_plane: ControlPlane, tmp_path: Path) -> Iterator[Proxy]:
    with in_background(api_proxy(control_plane, tmp_path)) as running:
        yield running.thing


def writes(call: Call) -> bool:
    return call.method != "GET"


def ours(call: Call) -> bool:
    return call.is_ours


def watches(call: Call) -> bool:
    return call.is_watch


def complete_a_run(farm: Farm) -> None:
    farm.create_datasource()
    farm.create_run()
    farm.wait_for_state("Completed")
    assert [line["what"] for line in farm.journal()] == ["began", "succeeded"]


@pytest.mark.parametrize("status", [401, 429, 500])
def test_an_api_server_that_turns_every_third_request_away(
    farm: Farm, proxy: Proxy, operators: Operators, status: int
) -> None:
    counted = iter(range(1_000_000))
    proxy.fault(lambda call: ours(call) and next(counted) % 3 == 2, status=status)

    with operators(kubeconfig=proxy.kubeconfig):
        complete_a_run(farm)


def test_answers_that_are_lost_after_the_write_was_made(
    farm: Farm, proxy: Proxy, operators: Operators
) -> None:
    counted = iter(range(1_000_000))
    proxy.fault(lambda call: writes(call) and next(counted) % 2 == 0, lose_answer=True)

    with operators(kubeconfig=proxy.kubeconfig):
        complete_a_run(farm)


def test_a_conflict_is_followed_by_another_look(
    farm: Farm, proxy: Proxy, operators: Operators
) -> None:
    fault = proxy.fault(lambda call: call.path.endswith("/status"), status=409, times=3)

    with operators(kubeconfig=proxy.kubeconfig):
        complete_a_run(farm)

    assert fault.met == 3


def test_an_api_server_that_is_slow(farm: Farm, proxy: Proxy, operators: Operators) -> None:
    proxy.fault(ours, delay_seconds=0.1)

    with operators(kubeconfig=proxy.kubeconfig):
        complete_a_run(farm)


def test_events_that_come_twice_and_out_of_order_and_late(
    farm: Farm, proxy: Proxy, operators: Operators
) -> None:
    held: list[bytes] = []

    def confuse(lines: list[bytes]) -> list[bytes]:
        held.extend(lines)
        return [*lines, *held[-5:][::-1]]  # Each one again, with older ones after it.

    proxy.fault(watches, watch_events=confuse)

    with operators(kubeconfig=proxy.kubeconfig):
        complete_a_run(farm)


BOOKMARK = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "1"}}}
EXPIRED = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired"}}


@pytest.mark.parametrize("last_line", [BOOKMARK, EXPIRED], ids=["cut off", "too old"])
def test_watches_that_end_all_the_time(
    farm: Farm, proxy: Proxy, operators: Operators, last_line: object
) -> None:
    proxy.fault(watches, watch_ends_with=json.dumps(last_line).encode(), times=12)

    with operators(kubeconfig=proxy.kubeconfig):
        complete_a_run(farm)


def test_an_error_in_a_watch_ends_the_operator_and_the_next_one_goes_on(
    farm: Farm, proxy: Proxy, operators: Operators
) -> None:
    failure = {"kind": "Status", "code": 500, "message": "etcdserver: leader changed"}
    line = json.dumps({"type": "ERROR", "object": failure}).encode()
    proxy.fault(watches, watch_ends_with=line, times=1)
    gave_up = asyncio.Event()

    with in_background(running(settings_for(farm.namespace), str(proxy.kubeconfig), gave_up)):
        farm.create_datasource()
        farm.create_run()
        farm.wait(gave_up.is_set, "it gives up, to be started again")
    with operators():
        farm.wait_for_state("Completed")

    assert [line["what"] for line in farm.journal()] == ["began", "succeeded"]


def test_where_our_kinds_are_not_served_it_gives_up_and_says_what_to_do(
    farm: Farm, proxy: Proxy
) -> None:
    proxy.fault(lambda call: call.path.endswith("/curationruns"), status=404)
    settings = settings_for(farm.namespace, crd_wait_seconds=0.5)

    with pytest.raises(NotServedError, match="To fix it: install the CRDs"):
        asyncio.run(run(settings, str(proxy.kubeconfig), asyncio.Event()))


def test_what_no_event_told_of_is_found_by_listing_and_counted(
    farm: Farm, proxy: Proxy, operators: Operators
) -> None:
    proxy.fault(watches, watch_events=lambda _: [])  # Stalled: connected, and silent.

    with operators(kubeconfig=proxy.kubeconfig, resync_seconds=1.0) as operator:
        farm.wait(lambda: sum(map(watches, proxy.calls)) == 3, "all kinds are watched")
        farm.create_datasource()
        farm.create_run()
        farm.wait_for_state("Completed")

    assert missed(operator) >= 2


def missed(operator: Running) -> float:
    return operator.metrics.registry.get_sample_value("curation_operator_resync_missed_total") or 0


def test_rights_that_are_taken_away_are_named_and_work_goes_on_when_they_are_back(
    farm: Farm, proxy: Proxy, operators: Operators
) -> None:
    refused = proxy.fault(
        lambda call: call.method == "POST" and call.path.endswith("/jobs"),
        status=403,
        message='jobs.batch is forbidden: User "operator" cannot create resource "jobs"',
    )
    with operators(kubeconfig=proxy.kubeconfig):
        farm.create_datasource()
        farm.create_run(workerConfig={"datasource": {"bypassVerify": True}})
        status = farm.wait_for_reason("OperatorForbidden")

        assert condition(status, "Stalled")["status"] == "True"
        assert 'cannot create resource "jobs"' in status["message"]
        refused.times = 0
        farm.annotate("curationruns", "first", please="look again")  # Or wait half a minute.
        farm.wait_for_state("Completed")
