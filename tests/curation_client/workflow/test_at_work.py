"""The documented client beside an operator at work; its workers do what a script says."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from curation_client import ApiWorkflowClient, ArtifactNotExist
from curation_client.models import DockerRunArtifactData
from tests.curation_operator.conftest import an_operator, settings_for
from tests.curation_operator.farm import Farm
from tests.support.background import Background
from tests.support.cluster_fixtures import new_namespace
from tools.control_plane.cluster import ControlPlane
from tools.node.node import Node

SELECTION = {
    "n_samples": 5,
    "strategies": [{"input": {"type": "EMBEDDINGS"}, "strategy": {"type": "DIVERSITY"}}],
}


@pytest.fixture(scope="module")
def farm(control_plane: ControlPlane, node: Background[Node]) -> Iterator[Farm]:
    """A namespace with volumes, and an operator that serves it."""
    del node  # It has to be there and no more.
    farm = Farm(new_namespace(control_plane), control_plane)
    farm.prepare()
    with an_operator(control_plane.kubeconfig, settings_for(farm.namespace)):
        yield farm


@pytest.fixture
def client(farm: Farm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ApiWorkflowClient:
    """A client of a new dataset on the volumes."""
    for claim, folder in farm.folders.items():
        (tmp_path / claim).symlink_to(folder)
    monkeypatch.setenv("CURATION_VOLUMES", str(tmp_path))
    kubeconfig = str(farm.control_plane.kubeconfig)
    client = ApiWorkflowClient(kubeconfig=kubeconfig, namespace=farm.namespace)
    client.create_new_dataset_with_unique_name("dataset-name")
    client.set_local_config(claim_name="pictures", purpose="INPUT")
    client.set_local_config(claim_name="results", purpose="LIGHTLY")
    return client


def ended(client: ApiWorkflowClient, id_: str) -> str:
    """Wait for the end of a run; its state."""
    infos = [*client.compute_worker_run_info_generator(id_)]
    return infos[-1].state


@pytest.mark.covers("C19", "C18")
def test_rights_are_looked_at_anew_and_have_the_documented_form(client: ApiWorkflowClient) -> None:
    assert client.list_datasource_permissions() == {
        "can_list": True,
        "can_read": True,
        "can_write": True,
        "can_overwrite": True,
    }


@pytest.mark.covers("C18", "C19")
def test_a_right_that_is_missing_is_told_with_its_reason(
    client: ApiWorkflowClient, farm: Farm
) -> None:
    script = farm.folders["pictures"] / "probe-script.json"
    finding = {"granted": False, "reason": "AccessDenied", "message": "No access to the results."}
    script.write_text(json.dumps({"lightly": {"canWrite": finding}}))
    try:
        found = client.list_datasource_permissions()
    finally:
        script.unlink()

    assert found["can_write"] is False
    assert found["errors"] == {"can_write": "No access to the results."}


@pytest.mark.covers("C26", "C35")
def test_runs_of_one_dataset_work_one_after_another(client: ApiWorkflowClient, farm: Farm) -> None:
    first = client.schedule_compute_worker_run(selection_config=SELECTION)
    second = client.schedule_compute_worker_run(selection_config=SELECTION)

    assert ended(client, first) == "COMPLETED"
    assert ended(client, second) == "COMPLETED"

    began = [line["uid"] for line in farm.journal() if line["what"] == "began"]
    uids = [client._current.runs.get_by_id(id_).uid for id_ in (first, second)]
    assert [uid for uid in began if uid in uids] == uids
    tags = client._current.dataset().status.tags or []
    assert {tag.run for tag in tags} >= {client._current.runs.get_by_id(second).name}


@pytest.mark.covers("C11", "C27")
def test_a_dataset_without_its_places_waits_and_is_told_by_the_operator(
    client: ApiWorkflowClient, farm: Farm
) -> None:
    client.create_new_dataset_with_unique_name("without places")

    name = client._current.dataset().name

    status = farm.wait_for_datasource("LocationMissing", name)
    assert "Set spec.input" in str(status)


@pytest.mark.covers("C32")
def test_a_checkpoint_of_another_run_is_named_by_the_id_of_that_run(
    client: ApiWorkflowClient,
) -> None:
    first = client.schedule_compute_worker_run(selection_config=SELECTION)

    second = client.schedule_compute_worker_run(
        {"checkpoint_run_id": first}, selection_config=SELECTION
    )

    spec = client._current.runs.get_by_id(second).spec
    assert spec.worker_config.checkpoint_run_id == client._current.runs.get_by_id(first).uid
    client.abort_compute_worker_run(second)


@pytest.mark.covers("C43", "C44", "C45", "C46", "C47")
def test_every_artifact_is_downloaded_and_logs_also_where_none_is_listed(
    client: ApiWorkflowClient, farm: Farm, tmp_path: Path
) -> None:
    id_ = client.schedule_compute_worker_run(selection_config=SELECTION)
    ended(client, id_)
    folder = f".lightly/runs/{client._current.runs.get_by_id(id_).uid}"
    files = {
        "REPORT_V2_JSON": "report_v2.json",
        "CORRUPTNESS_CHECK_INFORMATION": "corruptness_check_information.json",
        "SEQUENCE_INFORMATION": "data/sequence_information.json",
        "CHECKPOINT": "lightly_epoch_1.ckpt",
    }
    for name in (*files.values(), "log.txt", "memlog.txt"):
        path = farm.folders["results"] / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    run = replace(client.get_compute_worker_run(id_), artifacts=None)
    client.download_compute_worker_run_artifacts(run, str(tmp_path / "nothing"))
    client.download_compute_worker_run_log(run, str(tmp_path / "out/log.txt"))
    client.download_compute_worker_run_memory_log(run, str(tmp_path / "out/memlog.txt"))
    with pytest.raises(ArtifactNotExist, match="has left no REPORT_PDF"):
        client.download_compute_worker_run_report_pdf(run, str(tmp_path / "out/report.pdf"))

    artifacts = [
        DockerRunArtifactData(kind, kind, name.rpartition("/")[2], f"{folder}/{name}")
        for kind, name in files.items()
    ]
    run = replace(run, artifacts=artifacts)
    client.download_compute_worker_run_artifacts(run, str(tmp_path / "all"))
    download_one = {
        "v2": client.download_compute_worker_run_report_v2_json,
        "corrupt": client.download_compute_worker_run_corruptness_check_information,
        "sequence": client.download_compute_worker_run_sequence_information,
    }
    for name, download in download_one.items():
        download(run, str(tmp_path / "out" / name))

    assert not (tmp_path / "nothing").exists()
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "log.txt", "memlog.txt", *download_one,
    }  # fmt: skip
    assert len([*(tmp_path / "all").iterdir()]) == 4
    assert client.get_compute_worker_run_checkpoint_url(run).endswith("lightly_epoch_1.ckpt")
