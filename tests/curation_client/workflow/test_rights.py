"""What people with different rights see, and how buckets are opened from here."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curation_client import ApiException, ApiWorkflowClient, CurationError
from tests.curation_client.conftest import Clients
from tests.curation_client.people import somebody
from tests.support.servers.session import Servers
from tests.support.storage_places import StoragePlace, s3_place
from tools.control_plane.cluster import ControlPlane

OURS = "get,list,watch,create,patch datasources.curation.dev"
RUNS = "get,list,watch,create,patch curationruns.curation.dev"
SECRETS = "get secrets"
SELECTION = {
    "n_samples": 1,
    "strategies": [{"input": {"type": "RANDOM"}, "strategy": {"type": "WEIGHTS"}}],
}
TAG = {
    "id": "a" * 24,
    "datasetId": "b" * 24,
    "name": "initial-tag",
    "prevTagId": None,
    "bitMaskData": "0x0",
    "totSize": 0,
    "createdAt": 1,
    "runId": "c" * 24,
}

Users = Callable[..., ApiWorkflowClient]


@pytest.fixture
def bucket(servers: Servers, tmp_path: Path) -> StoragePlace:
    """A place on S3 that only its keys open, with a tag in it."""
    place = s3_place(servers, tmp_path)
    place.put(".lightly/tags/initial.json", json.dumps(TAG).encode())
    return place


@pytest.fixture
def owner(client: ApiWorkflowClient, bucket: StoragePlace) -> ApiWorkflowClient:
    """Who has made the dataset and given its keys."""
    client.create_dataset("dataset-name")
    client.set_obs_config(
        bucket.location["s3"]["resourcePath"],
        bucket.location["s3"]["endpointUrl"],
        bucket.secret["accessKeyId"],
        bucket.secret["secretAccessKey"],
    )
    return client


@pytest.fixture
def users(clients: Clients, control_plane: ControlPlane, namespace: str) -> Users:
    """Makes clients of users who may do only some things."""

    def make(name: str, *rights: str, **arguments: Any) -> ApiWorkflowClient:
        user = somebody(control_plane, namespace, name, *rights)
        return clients(user.kubeconfig, **arguments)

    return make


@pytest.fixture(autouse=True)
def a_machine_without_identity(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No keys of any provider lie around here."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))


def tags(client: ApiWorkflowClient) -> list[str]:
    return [tag.name for tag in client.get_all_tags()]


def test_keys_that_were_given_here_open_the_bucket(owner: ApiWorkflowClient) -> None:
    assert tags(owner) == ["initial-tag"]


def test_the_secret_opens_it_for_those_who_may_read_it(
    owner: ApiWorkflowClient, users: Users
) -> None:
    ana = users("ana", OURS, SECRETS, dataset_id=owner.dataset_id)

    assert tags(ana) == ["initial-tag"]


def test_the_identity_of_this_machine_opens_it_where_the_secret_may_not_be_read(
    owner: ApiWorkflowClient,
    users: Users,
    bucket: StoragePlace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ben = users("ben", OURS, dataset_id=owner.dataset_id)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", bucket.secret["accessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", bucket.secret["secretAccessKey"])

    assert tags(ben) == ["initial-tag"]


@pytest.mark.covers("C17")
def test_who_may_not_read_the_secret_is_told_so_and_can_do_all_that_needs_no_bucket(
    owner: ApiWorkflowClient, users: Users
) -> None:
    ben = users("ben", OURS, RUNS, dataset_id=owner.dataset_id)

    with pytest.raises(CurationError) as error:
        ben.get_all_tags()
    id_ = ben.schedule_compute_worker_run(selection_config=SELECTION)

    sentence = str(error.value)
    assert "you may not read Secret 'dataset-name-" in sentence
    assert "Ask for the right to get Secret" in sentence
    assert ben.get_compute_worker_run_info(id_).state == "OPEN"
    assert [run.id for run in ben.get_scheduled_compute_worker_runs()] == [id_]
    ben.cancel_scheduled_compute_worker_run(id_)
    assert ben.get_dataset_by_id(owner.dataset_id).name == "dataset-name"


def test_each_user_sees_only_what_was_granted(owner: ApiWorkflowClient, users: Users) -> None:
    reader = users("rita", "get,list datasources.curation.dev", dataset_id=owner.dataset_id)
    nobody = users("nemo", dataset_id=owner.dataset_id)

    assert [one.name for one in reader.get_datasets(shared=None)] == ["dataset-name"]
    with pytest.raises(ApiException, match=r'"rita" cannot list.*curationruns') as refused:
        reader.get_compute_worker_runs()
    with pytest.raises(ApiException, match='"rita" cannot create'):
        reader.create_dataset("another one")
    with pytest.raises(ApiException, match='"nemo" cannot list'):
        nobody.get_datasets()

    assert refused.value.status == 403


@pytest.mark.covers("C79")
def test_a_service_account_token_and_the_api_server_are_all_it_needs(
    owner: ApiWorkflowClient,
    control_plane: ControlPlane,
    namespace: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    somebody(control_plane, namespace, f"system:serviceaccount:{namespace}:default", OURS)
    token = control_plane.kubectl("create", "token", "default", f"--namespace={namespace}").strip()
    monkeypatch.setenv("LIGHTLY_SERVER_LOCATION", control_plane.server)
    monkeypatch.setenv("LIGHTLY_CA_CERTS", str(control_plane.ca_file))
    monkeypatch.setenv("CURATION_NAMESPACE", namespace)

    client = ApiWorkflowClient(token=token, dataset_id=owner.dataset_id)

    assert client.get_dataset_by_id(client.dataset_id).name == "dataset-name"
    assert token not in repr(client)
