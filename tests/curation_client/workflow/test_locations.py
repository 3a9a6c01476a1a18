"""Where the files of a dataset lie, and what becomes of the credentials."""

import json
from typing import Any

import pytest

from curation_client import ApiException, ApiWorkflowClient, CurationError, DatasourcePurpose
from tests.curation_client.conftest import Clients
from tools.control_plane.cluster import ControlPlane

SELECTION = {
    "n_samples": 1,
    "strategies": [{"input": {"type": "RANDOM"}, "strategy": {"type": "WEIGHTS"}}],
}
INPUT, LIGHTLY = DatasourcePurpose.INPUT, DatasourcePurpose.LIGHTLY
SECRET = "wJalrXUtnFEMI-SECRET"


@pytest.fixture
def client(client: ApiWorkflowClient) -> ApiWorkflowClient:
    """A client of a new dataset."""
    client.create_dataset("dataset-name")
    return client


def spec_of(client: ApiWorkflowClient) -> Any:
    return client._current.dataset().spec.manifest()


S3 = {"region": "eu-central-1", "access_key": "S3-ACCESS-KEY", "secret_access_key": SECRET}


@pytest.mark.covers("C11", "C12", "C13")
def test_raw_files_and_results_are_set_each_by_itself(client: ApiWorkflowClient) -> None:
    client.set_s3_config(resource_path="s3://bucket/input/", purpose=INPUT, **S3)
    client.set_gcs_config(
        resource_path="gs://other/lightly/",
        project_id="PROJECT-ID",
        credentials=json.dumps({"private_key": SECRET}),
        purpose=LIGHTLY,
    )

    spec = spec_of(client)

    assert spec["input"]["s3"]["resourcePath"] == "s3://bucket/input/"
    assert spec["input"]["purpose"] == "INPUT"
    assert spec["lightly"]["gcs"] == {
        "resourcePath": "gs://other/lightly/",
        "projectId": "PROJECT-ID",
    }


@pytest.mark.covers("C11")
@pytest.mark.parametrize(
    ("given", "missing"), [((), "INPUT"), ((INPUT,), "LIGHTLY"), ((LIGHTLY,), "INPUT")]
)
def test_without_one_of_both_nothing_can_be_scheduled(
    client: ApiWorkflowClient, given: tuple[str, ...], missing: str
) -> None:
    for purpose in given:
        client.set_s3_config("s3://bucket/folder/", purpose=purpose, **S3)

    with pytest.raises(CurationError, match=f"has no {missing}"):
        client.schedule_compute_worker_run(selection_config=SELECTION)


@pytest.mark.covers("C15")
def test_the_default_purpose_is_good_for_both(client: ApiWorkflowClient) -> None:
    client.set_s3_config("s3://bucket/farm/", **S3)

    assert client.schedule_compute_worker_run(selection_config=SELECTION)
    assert client.get_datasource().purpose == "INPUT_OUTPUT"


@pytest.mark.covers("C13", "C14")
def test_every_provider_can_be_set_by_the_documented_arguments(client: ApiWorkflowClient) -> None:
    client.set_s3_delegated_access_config(
        resource_path="s3://bucket/input/",
        region="eu-central-1",
        role_arn="arn:aws:iam::123456789012:role/Reader",
        external_id="EXTERNAL-ID-1",
        purpose=INPUT,
    )
    assert client.get_datasource(INPUT).s3_arn == "arn:aws:iam::123456789012:role/Reader"
    client.set_azure_config(
        container_name="my-container/input/",
        account_name="accountname",
        sas_token="?sv=2024&sig=abc",
        purpose=INPUT,
    )
    assert client.get_datasource(INPUT).account_name == "accountname"
    client.set_obs_config("obs://bucket/input", "https://minio.example", "KEY", SECRET)
    assert client.get_datasource().obs_endpoint == "https://minio.example"
    client.set_local_config("farm/2026/", purpose=INPUT)
    client.set_local_config(claim_name="results", purpose=LIGHTLY)

    spec = spec_of(client)

    assert spec["input"]["local"] == {"claimName": "input-mount", "path": "farm/2026"}
    assert "credentials" not in spec["input"]
    assert spec["lightly"]["local"] == {"claimName": "results", "path": ""}


@pytest.mark.covers("C14")
@pytest.mark.parametrize("path", ["/absolute", "s3://x", "../up", "a/./b"])
def test_a_local_path_stays_in_its_volume(client: ApiWorkflowClient, path: str) -> None:
    with pytest.raises(CurationError, match="must be a relative path"):
        client.set_local_config(path)


@pytest.mark.covers("C16")
def test_thumbnails_have_the_documented_default_and_can_be_turned_off(
    client: ApiWorkflowClient,
) -> None:
    client.set_s3_config("s3://bucket/farm/", purpose=INPUT, **S3)
    usual = client.get_datasource().thumb_suffix
    client.set_s3_config("s3://bucket/farm/", thumbnail_suffix=None, purpose=INPUT, **S3)

    assert usual == ".lightly/thumbnails/[filename]_thumb.[extension]"
    assert client.get_datasource().thumb_suffix == ""


def test_another_place_leaves_nothing_of_the_one_before(client: ApiWorkflowClient) -> None:
    client.set_obs_config("s3://bucket/farm/", "https://minio.example", "KEY", SECRET)

    client.set_s3_config("s3://bucket/farm/", **S3)

    assert spec_of(client)["input"]["s3"] == {
        "resourcePath": "s3://bucket/farm/",
        "region": "eu-central-1",
    }


@pytest.mark.covers("C17")
def test_credentials_lie_in_a_secret_and_nowhere_else(
    client: ApiWorkflowClient, control_plane: ControlPlane, namespace: str
) -> None:
    client.set_s3_config("s3://bucket/input/", purpose=INPUT, **S3)
    client.set_s3_config("s3://bucket/lightly/", purpose=LIGHTLY, **S3)

    said = [repr(client), repr(client._current.places), repr(client.get_datasource(INPUT))]
    for kind in ("curationruns", "datasources"):
        path = f"/apis/curation.dev/v1alpha1/namespaces/{namespace}/{kind}"
        said.append(json.dumps(control_plane.api.get(path).body))
    events = f"/apis/events.k8s.io/v1/namespaces/{namespace}/events"
    said.append(json.dumps(control_plane.api.get(events).body))
    assert not [text for text in said if SECRET in text]
    secrets = control_plane.api.get(f"/api/v1/namespaces/{namespace}/secrets").body["items"]
    assert len(secrets) == 2
    owners = [secret["metadata"]["ownerReferences"][0]["kind"] for secret in secrets]
    assert owners == ["Datasource", "Datasource"]


@pytest.mark.covers("C17")
def test_no_error_shows_a_credential(client: ApiWorkflowClient) -> None:
    wrong = {**S3, "region": "not a region"}

    with pytest.raises(CurationError) as error:
        client.set_s3_config("bucket/input/", purpose=INPUT, **wrong)

    assert "must be s3://BUCKET/FOLDER/" in str(error.value)
    assert "must be the name of a region" in str(error.value)
    shown: BaseException | None = error.value
    while shown is not None:
        assert SECRET not in repr(shown)
        shown = shown.__cause__ or shown.__context__
    assert client._current.dataset().spec.input is None


@pytest.mark.covers("C13")
def test_an_empty_key_is_refused(client: ApiWorkflowClient) -> None:
    with pytest.raises(CurationError, match="secretAccessKey must not be empty"):
        client.set_s3_config("s3://bucket/input/", "eu-central-1", "KEY", "")


def test_before_anything_is_set_there_is_no_datasource(client: ApiWorkflowClient) -> None:
    with pytest.raises(ApiException, match="has no datasource") as error:
        client.get_datasource()

    assert error.value.status == 404


def test_a_store_that_is_not_aws_is_taken_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, clients: Clients
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://minio.example")
    client = clients()
    client.create_dataset("dataset-name")

    client.set_s3_config("s3://bucket/input/", **S3)

    assert spec_of(client)["input"]["s3"]["endpointUrl"] == "https://minio.example"
