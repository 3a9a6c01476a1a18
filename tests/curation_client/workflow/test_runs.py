"""Runs through the documented client: asked for, followed, listed, ended."""

import copy
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from curation_api.states import RunState, Step
from curation_client import (
    ApiException,
    ApiWorkflowClient,
    ComputeWorkerRunInfo,
    InvalidConfigurationError,
)
from curation_client.cluster import following
from curation_client.workflow.states import info_of
from tests.curation_client.conftest import Clients
from tests.curation_client.operators_part import Cluster
from tests.curation_client.workflow.stored_runs import a_stored_run
from tests.support.api_proxy import Call, Proxy, api_proxy
from tests.support.background import in_background
from tools.control_plane.cluster import ControlPlane
from tools.waiting import wait_until

SELECTION = {
    "n_samples": 50,
    "strategies": [{"input": {"type": "EMBEDDINGS"}, "strategy": {"type": "DIVERSITY"}}],
}
WORKER = {"enable_corruptness_check": True, "remove_exact_duplicates": True}


@pytest.fixture
def cluster(control_plane: ControlPlane, namespace: str) -> Cluster:
    return Cluster(control_plane, namespace)


@pytest.fixture
def client(client: ApiWorkflowClient) -> ApiWorkflowClient:
    """A client of a dataset that is complete."""
    return with_dataset(client)


def with_dataset(client: ApiWorkflowClient) -> ApiWorkflowClient:
    client.create_dataset("dataset-name")
    client.set_local_config(claim_name="pictures")
    return client


@pytest.fixture
def proxy(control_plane: ControlPlane, crds: None, tmp_path: Path) -> Iterator[Proxy]:
    del crds
    with in_background(api_proxy(control_plane, tmp_path)) as running:
        yield running.thing


@pytest.mark.covers("C21")
def test_what_is_asked_for_comes_back_as_an_id_and_is_a_run(
    client: ApiWorkflowClient, cluster: Cluster
) -> None:
    id_ = client.schedule_compute_worker_run(
        worker_config=WORKER,
        selection_config=SELECTION,
        lightly_config={"loader": {"batch_size": 16}},
        priority="HIGH",
        runs_on=["gpu-box"],
    )

    [run] = cluster.runs()
    assert run["metadata"]["labels"]["curation.dev/id"] == id_
    assert run["spec"]["priority"] == "HIGH"
    assert run["spec"]["runsOn"] == ["gpu-box"]
    assert run["spec"]["lightlyConfig"]["loader"]["batchSize"] == 16


@pytest.mark.covers("C23")
@pytest.mark.parametrize(
    ("configs", "path", "near"),
    [
        (
            {"worker_config": {"enable_trainin": True}},
            "workerConfig.enable_trainin",
            "enable_training",
        ),
        (
            {"lightly_config": {"loader": {"batchsizes": 1}}},
            "lightlyConfig.loader.batchsizes",
            "batchSize",
        ),
    ],
)
def test_an_unknown_option_is_refused_with_the_closest_one_before_anything_is_sent(
    client: ApiWorkflowClient, cluster: Cluster, configs: Any, path: str, near: str
) -> None:
    with pytest.raises(InvalidConfigurationError) as error:
        client.schedule_compute_worker_run(selection_config=SELECTION, **configs)

    assert path in str(error.value)
    assert f"did you mean {near!r}" in str(error.value)
    assert cluster.runs() == []


@pytest.mark.covers("C25")
def test_the_callers_dictionaries_stay_untouched(client: ApiWorkflowClient) -> None:
    worker, selection = copy.deepcopy(WORKER), copy.deepcopy(SELECTION)

    client.schedule_compute_worker_run(worker, {}, selection)

    assert (worker, selection) == (WORKER, SELECTION)


@pytest.mark.covers("C28")
def test_a_list_of_relevant_files_outside_of_dot_lightly_is_refused(
    client: ApiWorkflowClient,
) -> None:
    with pytest.raises(InvalidConfigurationError, match=r"below \.lightly/"):
        client.schedule_compute_worker_run(
            {"relevant_filenames_file": "relevant.txt"}, selection_config=SELECTION
        )


@pytest.mark.covers("C27")
def test_files_that_the_run_needs_and_that_are_missing_are_told_at_once(
    clients: Clients, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "pictures").mkdir()
    monkeypatch.setenv("CURATION_VOLUMES", str(tmp_path))
    client = with_dataset(clients())
    scores = {"type": "SCORES", "task": "cows", "score": "uncertainty_entropy"}
    by_weather = {"type": "METADATA", "key": "weather.rain"}
    weights = {"type": "WEIGHTS"}

    with pytest.raises(InvalidConfigurationError) as error:
        client.schedule_compute_worker_run(
            {"relevant_filenames_file": ".lightly/relevant_filenames.txt"},
            selection_config={
                "n_samples": 5,
                "strategies": [
                    {"input": scores, "strategy": weights},
                    {"input": by_weather, "strategy": weights},
                ],
            },
        )

    for name in (
        "relevant_filenames.txt",
        "tasks.json",
        "cows/schema.json",
        "metadata/schema.json",
    ):
        assert name in str(error.value)


@pytest.mark.covers("C37")
@pytest.mark.parametrize(
    ("state", "step", "documented"),
    [
        ("Pending", None, "OPEN"),
        ("Queued", None, "OPEN"),
        ("Running", None, "STARTED"),
        *(("Running", step, step) for step in Step if step not in {"COMPLETED", "FAILED"}),
        ("Completed", "COMPLETED", "COMPLETED"),
        ("Failed", "FAILED", "FAILED"),
        ("Crashed", "CRASHED", "CRASHED"),
        ("Aborted", "ABORTED", "ABORTED"),
    ],
)
def test_every_state_is_told_in_the_documented_words(
    state: str, step: str | None, documented: str
) -> None:
    run = a_stored_run(
        state=RunState(state), step=step, has_begun=state not in {"Pending", "Queued"}
    )

    assert info_of(run, run.id).state == documented


def test_a_run_that_is_asked_for_waits_and_says_for_what(client: ApiWorkflowClient) -> None:
    id_ = client.schedule_compute_worker_run(WORKER, selection_config=SELECTION)

    info = client.get_compute_worker_run_info(id_)

    assert (info.state, info.in_end_state()) == ("OPEN", False)
    assert "waits to be picked up" in info.message
    with pytest.raises(ValueError, match="has not ended"):
        info.ended_successfully()


@pytest.mark.covers("C36")
@pytest.mark.parametrize(
    "state", ["COMPLETED", "FAILED", "CRASHED", "ABORTED", "CANCELED_OR_NOT_EXISTING"]
)
def test_of_the_five_end_states_one_is_a_success(state: str) -> None:
    info = ComputeWorkerRunInfo(state, "")

    assert info.in_end_state()
    assert info.ended_successfully() is (state == "COMPLETED")


@pytest.mark.covers("C36")
@pytest.mark.parametrize("state", ["OPEN", "STARTED", "EMBEDDING", "UPLOADED_ARTIFACTS"])
def test_any_other_state_is_no_end(state: str) -> None:
    assert not ComputeWorkerRunInfo(state, "").in_end_state()


def follow_in_background(
    client: ApiWorkflowClient, id_: str
) -> tuple[threading.Thread, list[ComputeWorkerRunInfo]]:
    seen: list[ComputeWorkerRunInfo] = []

    def follow() -> None:
        seen.extend(client.compute_worker_run_info_generator(scheduled_run_id=id_))

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    wait_until(lambda: seen, seconds=20, what="the first state is told")
    return thread, seen


def told(seen: list[ComputeWorkerRunInfo], *states: str) -> None:
    wait_until(
        lambda: seen[-1].state == states[-1], seconds=20, what=f"{states[-1]} is told after {seen}"
    )


@pytest.mark.covers("C33", "C34", "C35")
def test_a_run_is_followed_at_once_on_each_change_and_to_its_end(
    client: ApiWorkflowClient, cluster: Cluster
) -> None:
    id_ = client.schedule_compute_worker_run(WORKER, selection_config=SELECTION)
    thread, seen = follow_in_background(client, id_)

    cluster.say(id_, "Running", "EMBEDDING", message="10 of 100")
    told(seen, "EMBEDDING")
    cluster.say(id_, "Running", "EMBEDDING", message="10 of 100", activeSeconds=5)
    cluster.say(id_, "Running", "EMBEDDING", message="20 of 100")
    cluster.say(id_, "Completed", "COMPLETED", message="Selected 50.")
    thread.join(timeout=20)

    assert [(info.state, info.message) for info in seen[1:]] == [
        ("EMBEDDING", "10 of 100"),
        ("EMBEDDING", "20 of 100"),
        ("COMPLETED", "Selected 50."),
    ]
    assert seen[-1].ended_successfully()


@pytest.mark.covers("C33")
def test_a_run_that_is_removed_ends_the_loop(client: ApiWorkflowClient, cluster: Cluster) -> None:
    id_ = client.schedule_compute_worker_run(WORKER, selection_config=SELECTION)
    thread, seen = follow_in_background(client, id_)

    cluster.delete(id_)
    thread.join(timeout=20)

    assert seen[-1].state == "CANCELED_OR_NOT_EXISTING"


def test_a_run_that_never_existed_is_told_so(client: ApiWorkflowClient) -> None:
    unknown = "0123456789abcdef01234567"

    [info] = client.compute_worker_run_info_generator(unknown)

    assert info.state == "CANCELED_OR_NOT_EXISTING"
    assert unknown in info.message


def is_watch(call: Call) -> bool:
    return call.is_watch


EXPIRED = (
    b'{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}'
)


@pytest.mark.covers("C33", "C34")
def test_an_expired_watch_is_begun_again(
    clients: Clients, cluster: Cluster, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "WATCH_PAUSE_SECONDS", 0.01)
    expired = proxy.fault(is_watch, times=2, watch_ends_with=EXPIRED)
    client = with_dataset(clients(proxy.kubeconfig))
    id_ = client.schedule_compute_worker_run(WORKER, selection_config=SELECTION)
    thread, seen = follow_in_background(client, id_)
    wait_until(lambda: expired.met == 2, seconds=20, what="two watches have expired")

    cluster.say(id_, "Failed", "FAILED", message="No images.")
    thread.join(timeout=20)

    assert [info.state for info in seen] == ["OPEN", "FAILED"]


@pytest.mark.covers("C38")
@pytest.mark.parametrize("status", [500, 503, 429])
def test_an_api_server_that_stumbles_never_ends_a_run(
    clients: Clients,
    cluster: Cluster,
    proxy: Proxy,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
) -> None:
    monkeypatch.setattr("curation_client.cluster.api_server.time.sleep", lambda _: None)
    client = with_dataset(clients(proxy.kubeconfig))
    id_ = client.schedule_compute_worker_run(WORKER, selection_config=SELECTION)
    thread, seen = follow_in_background(client, id_)

    away = proxy.fault(lambda call: call.method == "GET", times=15, status=status)
    proxy.fault(is_watch, times=1, watch_ends_with=EXPIRED)
    cluster.say(id_, "Running", "EMBEDDING")
    cluster.say(id_, "Completed", "COMPLETED")
    thread.join(timeout=30)

    assert seen[-1].state == "COMPLETED"
    assert "CANCELED_OR_NOT_EXISTING" not in {info.state for info in seen}
    del away


@pytest.mark.covers("C39")
def test_a_run_is_cancelled_while_it_waits_and_aborted_while_it_works(
    client: ApiWorkflowClient, cluster: Cluster
) -> None:
    waiting = client.schedule_compute_worker_run(WORKER, selection_config=SELECTION)
    working = client.schedule_compute_worker_run(WORKER, selection_config=SELECTION)
    cluster.say(working, "Running", "EMBEDDING")

    client.cancel_scheduled_compute_worker_run(waiting)
    with pytest.raises(ApiException, match="can no longer be cancelled") as error:
        client.cancel_scheduled_compute_worker_run(working)
    client.abort_compute_worker_run(working)

    assert error.value.status == 409
    assert [run["spec"]["cancel"] for run in cluster.runs()] == [True, True]


@pytest.mark.covers("C40", "C41", "C42")
def test_runs_that_have_begun_are_listed_the_oldest_first(
    client: ApiWorkflowClient, cluster: Cluster
) -> None:
    first, second, waiting = (
        client.schedule_compute_worker_run(WORKER, selection_config=SELECTION) for _ in range(3)
    )
    cluster.say(second, "Running", "SAMPLING")
    cluster.say(first, "Completed", "COMPLETED")

    runs = client.get_compute_worker_runs(dataset_id=client.dataset_id)

    assert {run.id for run in runs} == {first, second}
    assert [run.created_at for run in runs] == sorted(run.created_at for run in runs)
    assert client.get_compute_worker_run(first).state == "COMPLETED"
    assert client.get_compute_worker_run_from_scheduled(scheduled_run_id=second).id == second
    assert client.get_compute_worker_run_from_scheduled_run(second).dataset_id == client.dataset_id
    with pytest.raises(ApiException, match="has not begun yet"):
        client.get_compute_worker_run_from_scheduled_run(waiting)
    with pytest.raises(ApiException):
        client.get_compute_worker_run("0123456789abcdef01234567")
    scheduled = {run.id: run.state for run in client.get_scheduled_compute_worker_runs()}
    assert scheduled == {second: "LOCKED", waiting: "OPEN"}
    [done] = client.get_scheduled_compute_worker_runs(state="DONE")
    assert done.id == first


@pytest.mark.covers("C21")
def test_a_lost_answer_schedules_nothing_twice(
    clients: Clients, cluster: Cluster, proxy: Proxy
) -> None:
    client = with_dataset(clients(proxy.kubeconfig))
    proxy.fault(
        lambda call: call.method == "POST" and "curationruns" in call.path,
        times=1,
        lose_answer=True,
    )

    id_ = client.schedule_compute_worker_run(WORKER, selection_config=SELECTION)

    assert [run["metadata"]["labels"]["curation.dev/id"] for run in cluster.runs()] == [id_]


@pytest.mark.covers("C76")
def test_a_worker_is_registered_once_by_name(client: ApiWorkflowClient) -> None:
    id_ = client.register_compute_worker("my worker", labels=["gpu"])

    again = client.register_compute_worker("my worker", labels=["gpu"])
    other = client.register_compute_worker()

    assert again == id_
    assert client.get_compute_worker_ids() == [id_, other]
    assert [worker.labels for worker in client.get_compute_workers()] == [["gpu"], []]
    client.delete_compute_worker(id_)
    assert client.get_compute_worker_ids() == [other]
    with pytest.raises(ApiException):
        client.delete_compute_worker(id_)


def test_a_configuration_can_be_checked_alone(client: ApiWorkflowClient) -> None:
    id_ = client.create_compute_worker_config(WORKER, {}, SELECTION)

    assert id_ == client.create_compute_worker_config(WORKER, {}, SELECTION)
    with pytest.raises(InvalidConfigurationError):
        client.create_compute_worker_config({"wrong_key": 1}, {}, SELECTION)
