"""`curate run --local` on a bucket: its keys come from a Secret among the manifests."""

import base64
import json
from pathlib import Path

import pytest
import yaml

from curation_api import ExitCode
from tests.curation_client.local_runs import DATASOURCE, RUN, Ended, curate, write_manifests
from tests.support.images import an_image, encoded
from tests.support.servers.session import Servers
from tests.support.storage_places import StoragePlace, azure_place


@pytest.fixture
def bucket(servers: Servers, tmp_path: Path) -> StoragePlace:
    """Six images in a container."""
    place = azure_place(servers, tmp_path)
    for number in range(6):
        place.put(f"{number}.png", encoded(an_image(number), "png"))
    return place


def curate_bucket(bucket: StoragePlace, secret: dict[str, str], folder: Path) -> Ended:
    datasource = yaml.safe_load(DATASOURCE)
    datasource["spec"]["input"] = bucket.location
    manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": bucket.location["credentials"]["secretRef"]["name"]},
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in secret.items()},
    }
    (folder / "derived").mkdir()
    documents = [json.dumps(manifest) + "\n", yaml.safe_dump(datasource), RUN]
    return curate(manifests=write_manifests(folder, *documents), volumes=folder)


def test_keys_are_read_from_the_secret_that_the_datasource_names(
    bucket: StoragePlace, tmp_path: Path
) -> None:
    ended = curate_bucket(bucket, bucket.secret, tmp_path)

    assert ended.exit_code == ExitCode.OK, ended.out
    assert "  3 selected, published as tag 'initial-tag'\n" in ended.out


def test_wrong_keys_are_told_apart_from_other_trouble_and_never_shown(
    bucket: StoragePlace, tmp_path: Path
) -> None:
    wrong = {key: base64.b64encode(b"hush" * 16).decode() for key in bucket.secret}

    ended = curate_bucket(bucket, wrong, tmp_path)

    assert ended.exit_code == ExitCode.ACCESS_DENIED, ended.out
    assert ended.out.startswith("farm-3: Failed (BadKey)\n")
    assert "To fix it: " in ended.out
    assert not any(value in ended.out + ended.err for value in wrong.values())
