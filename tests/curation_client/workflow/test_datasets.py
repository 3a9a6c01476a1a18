"""Datasets as Datasources, through the documented client."""

import pickle
import subprocess
import sys
import threading

import pytest

from curation_client import (
    ApiException,
    ApiWorkflowClient,
    DatasetCreateRequest,
    DatasetType,
)
from tests.curation_client.conftest import Clients
from tests.curation_client.people import somebody
from tools.control_plane.cluster import ControlPlane
from tools.waiting import wait_until

EVERYTHING = "get,list,watch,create,patch,delete datasources.curation.dev"


@pytest.mark.covers("C1", "C5")
@pytest.mark.parametrize("kind", [DatasetType.IMAGES, DatasetType.VIDEOS])
def test_a_dataset_that_is_created_is_the_current_one(client: ApiWorkflowClient, kind: str) -> None:
    client.create_dataset("dataset-name", kind)

    assert len(client.dataset_id) == 24
    assert client.dataset_type == kind
    assert client.get_dataset_by_id(client.dataset_id).name == "dataset-name"


@pytest.mark.covers("C1", "C10")
def test_another_client_goes_on_with_the_id(client: ApiWorkflowClient, clients: Clients) -> None:
    client.create_dataset("dataset-name")

    again = clients(dataset_id=client.dataset_id)

    assert again.get_dataset_by_id(again.dataset_id).name == "dataset-name"


def test_the_first_generation_of_scripts_creates_one_too(client: ApiWorkflowClient) -> None:
    request = DatasetCreateRequest(name="dataset-name", type=DatasetType.IMAGES)

    response = client._datasets_api.create_dataset(request)

    assert client.dataset_exists(response.id)


@pytest.mark.covers("C6")
def test_a_name_is_taken_once_and_the_unique_variant_counts_on(client: ApiWorkflowClient) -> None:
    client.create_dataset("farm animals")

    with pytest.raises(ValueError, match=r"'farm animals' already.*set_dataset_id_by_name"):
        client.create_dataset("farm animals")
    for _ in range(2):
        client.create_new_dataset_with_unique_name("farm animals")

    names = {dataset.name for dataset in client.get_datasets()}
    assert names == {"farm animals", "farm animals_1", "farm animals_2"}


@pytest.mark.covers("C6")
def test_of_two_who_create_the_same_name_at_once_one_succeeds(clients: Clients) -> None:
    refused: list[ValueError] = []

    def create() -> None:
        try:
            clients().create_dataset("same name")
        except ValueError as error:
            refused.append(error)

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 3
    assert len(clients().get_datasets_by_name("same name")) == 1


@pytest.mark.covers("C7")
@pytest.mark.parametrize("name", ["ab", "-ab", "farm/animals", "öko", ""])
def test_a_name_that_is_not_allowed_is_refused(client: ApiWorkflowClient, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name of a dataset"):
        client.create_dataset(name)


@pytest.mark.covers("C7")
def test_names_with_spaces_and_capitals_stay_as_they_are(client: ApiWorkflowClient) -> None:
    client.create_dataset("Farm_Animals 2026 - A")

    assert client.dataset_name_exists("Farm_Animals 2026 - A")
    assert not client.dataset_name_exists("farm_animals 2026 - a")


@pytest.mark.covers("C3")
def test_where_no_dataset_is_set_the_one_that_changed_last_is_taken(
    client: ApiWorkflowClient, clients: Clients
) -> None:
    client.create_dataset("older")
    client.create_dataset("newer")
    fresh = clients()

    with pytest.warns(UserWarning, match="'newer'"):
        chosen = fresh.dataset_id

    assert chosen == client.dataset_id
    assert fresh.dataset_id == chosen  # remembered, without another warning


@pytest.mark.covers("C3")
def test_where_there_is_no_dataset_the_error_says_how_to_get_one(client: ApiWorkflowClient) -> None:
    with pytest.raises(ValueError, match="Create one with create_dataset"):
        _ = client.dataset_id


@pytest.mark.covers("C4")
def test_an_unknown_id_cannot_be_set(client: ApiWorkflowClient) -> None:
    with pytest.raises(ValueError, match="no dataset with the id"):
        client.dataset_id = "0123456789abcdef01234567"


@pytest.mark.covers("C8")
def test_own_datasets_and_those_of_others_are_told_apart(
    client: ApiWorkflowClient, clients: Clients, control_plane: ControlPlane, namespace: str
) -> None:
    ana = clients(somebody(control_plane, namespace, "ana", EVERYTHING).kubeconfig)
    client.create_dataset("of the administrator")
    ana.create_dataset("of ana")

    assert [one.name for one in ana.get_datasets()] == ["of ana"]
    assert [one.name for one in ana.get_datasets(shared=True)] == ["of the administrator"]
    assert len(ana.get_datasets(shared=None)) == 2
    assert ana.dataset_name_exists("of the administrator", shared=True)
    assert ana.get_datasets_by_name("of the administrator") == []
    ana.set_dataset_id_by_name("of the administrator", shared=None)
    assert ana.dataset_id == client.dataset_id
    with pytest.raises(ValueError, match="no dataset named 'nobody'"):
        ana.set_dataset_id_by_name("nobody")


@pytest.mark.covers("C8")
def test_a_missing_dataset_is_an_api_exception(client: ApiWorkflowClient) -> None:
    assert not client.dataset_exists("0123456789abcdef01234567")
    with pytest.raises(ApiException) as error:
        client.get_dataset_by_id("0123456789abcdef01234567")

    assert error.value.status == 404


@pytest.mark.covers("C9")
def test_deleting_a_dataset_removes_its_runs_and_secrets(
    client: ApiWorkflowClient, control_plane: ControlPlane, namespace: str
) -> None:
    client.create_dataset("dataset-name")
    client.set_s3_config("s3://bucket/input/", "eu-central-1", "KEY", "SECRET")
    client.schedule_compute_worker_run(
        selection_config={
            "n_samples": 1,
            "strategies": [{"input": {"type": "RANDOM"}, "strategy": {"type": "WEIGHTS"}}],
        }
    )

    client.delete_dataset_by_id(client.dataset_id)

    def left() -> int:
        paths = (
            f"/apis/curation.dev/v1alpha1/namespaces/{namespace}/datasources",
            f"/apis/curation.dev/v1alpha1/namespaces/{namespace}/curationruns",
            f"/api/v1/namespaces/{namespace}/secrets",
        )
        return sum(len(control_plane.api.get(path).body["items"]) for path in paths)

    # The garbage collector takes up to half a minute to hear of a kind that is new to it.
    wait_until(lambda: left() == 0, seconds=60, what="everything of the dataset is removed")
    assert client._current.known_dataset_id is None


@pytest.mark.covers("C72", "C73")
def test_a_dataset_can_be_shared_before_any_run(client: ApiWorkflowClient) -> None:
    client.create_dataset("dataset-name")
    id_ = client.dataset_id

    client.share_dataset_only_with(dataset_id=id_, user_emails=["user@something.com"])
    users = client.get_shared_users(dataset_id=id_)
    users.append("additional_user2@something.com")
    client.share_dataset_only_with(dataset_id=id_, user_emails=users)

    assert client.get_shared_users(id_) == ["user@something.com", "additional_user2@something.com"]
    client.share_dataset_only_with(dataset_id=id_, user_emails=[])
    assert client.get_shared_users(id_) == []


def test_the_deprecated_list_of_all_datasets_still_works(client: ApiWorkflowClient) -> None:
    client.create_dataset("dataset-name")

    with pytest.warns(DeprecationWarning, match="shared=None"):
        assert len(client.get_all_datasets()) == 1


def test_a_client_survives_pickling_and_shows_no_token(clients: Clients) -> None:
    client = clients()
    client.create_dataset("dataset-name")

    again = pickle.loads(pickle.dumps(client))  # noqa: S301  our own

    assert again.get_dataset_by_id(client.dataset_id).name == "dataset-name"


def test_importing_the_client_brings_nothing_large() -> None:
    large = "pydantic", "kubernetes", "boto3", "numpy", "pyarrow", "torch"
    code = (
        "import sys; from curation_client import ApiWorkflowClient;"
        f"print([m for m in {large} if m in sys.modules])"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout == "[]\n"
