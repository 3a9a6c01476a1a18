"""An API server that is killed while the client is at something: nothing is lost, or done twice."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from curation_client import ApiWorkflowClient
from curation_job.opening import Address, open_derived
from curation_job.publishing import Tags
from tests.curation_client.operators_part import Cluster, a_job_config
from tests.support.cluster_fixtures import CRDS, new_namespace, own_control_plane
from tools.control_plane.cluster import ControlPlane
from tools.control_plane.crds import install_crds
from tools.control_plane.processes import Processes
from tools.waiting import wait_until

SELECTION = {
    "n_samples": 1,
    "strategies": [{"input": {"type": "RANDOM"}, "strategy": {"type": "WEIGHTS"}}],
}
PATIENCE_SECONDS = 60

# An API server is ready a moment before it serves kinds that are not its own.
RUNS = "/apis/curation.dev/v1alpha1/curationruns"


class Mortal:
    """A control plane whose API server can be killed and comes back."""

    def __init__(self, processes: Processes, control_plane: ControlPlane) -> None:
        self._processes, self.control_plane = processes, control_plane
        self._pid, self._lives = processes.pids["kube-apiserver"], 1
        self._command = Path(f"/proc/{self._pid}/cmdline").read_text().rstrip("\0").split("\0")

    def kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        wait_until(lambda: not self._answers(), seconds=PATIENCE_SECONDS, what="it is gone")

    def start_again(self) -> None:
        self._lives += 1
        name = f"kube-apiserver-{self._lives}"
        self._processes.start(name, self._command)
        self._pid = self._processes.pids[name]
        wait_until(self._answers, seconds=PATIENCE_SECONDS, what="it is ready again")

    def _answers(self) -> bool:
        try:
            return self.control_plane.api.get(RUNS).status == 200
        except Exception:  # noqa: BLE001  however a server that is gone shows itself
            return False


@pytest.fixture(scope="module")
def mortal(
    control_plane_programs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mortal]:
    folder = tmp_path_factory.mktemp("mortal")
    with own_control_plane(folder, control_plane_programs) as (processes, control_plane):
        install_crds(control_plane, CRDS)
        yield Mortal(processes, control_plane)


@pytest.fixture
def namespace(mortal: Mortal) -> str:
    return new_namespace(mortal.control_plane)


@pytest.fixture
def cluster(mortal: Mortal, namespace: str) -> Cluster:
    return Cluster(mortal.control_plane, namespace)


@pytest.fixture
def client(
    mortal: Mortal, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ApiWorkflowClient:
    """A client of a dataset on volumes that are mounted here."""
    for claim in ("pictures", "results"):
        (tmp_path / claim).mkdir()
    monkeypatch.setenv("CURATION_VOLUMES", str(tmp_path))
    kubeconfig = str(mortal.control_plane.kubeconfig)
    client = ApiWorkflowClient(kubeconfig=kubeconfig, namespace=namespace)
    client.create_dataset("dataset-name")
    client.set_local_config(claim_name="pictures", purpose="INPUT")
    client.set_local_config(claim_name="results", purpose="LIGHTLY")
    return client


def in_background(do: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """What it returns arrives in the list."""
    returned: list[Any] = []
    thread = threading.Thread(target=lambda: returned.append(do()), daemon=True)
    thread.start()
    return thread, returned


@pytest.mark.covers("C21", "C38")
def test_what_is_scheduled_meanwhile_is_scheduled_once(
    client: ApiWorkflowClient, cluster: Cluster, mortal: Mortal
) -> None:
    mortal.kill()
    thread, returned = in_background(
        lambda: client.schedule_compute_worker_run(selection_config=SELECTION)
    )

    mortal.start_again()
    thread.join(timeout=PATIENCE_SECONDS)

    assert [run["metadata"]["labels"]["curation.dev/id"] for run in cluster.runs()] == returned


@pytest.mark.covers("C34", "C38")
def test_a_run_is_followed_past_it_to_its_end(
    client: ApiWorkflowClient, cluster: Cluster, mortal: Mortal
) -> None:
    id_ = client.schedule_compute_worker_run(selection_config=SELECTION)
    seen: list[Any] = []
    thread, _ = in_background(lambda: seen.extend(client.compute_worker_run_info_generator(id_)))
    wait_until(lambda: seen, seconds=PATIENCE_SECONDS, what="the first state is told")

    mortal.kill()
    mortal.start_again()
    cluster.say(id_, "Completed", "COMPLETED")
    thread.join(timeout=PATIENCE_SECONDS)

    assert [info.state for info in seen] == ["OPEN", "COMPLETED"]


@pytest.mark.covers("C61", "C63")
def test_a_download_that_was_begun_meanwhile_is_whole(
    client: ApiWorkflowClient, mortal: Mortal, tmp_path: Path
) -> None:
    names = [f"{number}.jpg" for number in range(20)]
    for name in names:
        (tmp_path / "pictures" / name).write_bytes(name.encode() * 1000)
    dataset = client._current.dataset()
    bucket = open_derived(Address(dataset.spec.lightly_location, {}, tmp_path))
    config = a_job_config(dataset.spec.complete(), dataset.uid, "first")
    Tags(bucket, tmp_path).publish(config, names, names)
    mortal.kill()
    out = tmp_path / "out"
    thread, returned = in_background(lambda: client.download_dataset(str(out), verbose=False))

    mortal.start_again()
    thread.join(timeout=PATIENCE_SECONDS)

    assert returned == [[]]
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {
        name: name.encode() * 1000 for name in names
    }
