"""Places on S3 with the rights that our pages tell people to give, and no others."""

import json
from typing import Any

import yaml

from curation_api import Datasource, names
from tests.repository.snippets import Snippet, snippets
from tests.support.servers.session import Servers
from tests.support.storage_owners import S3Owner
from tests.support.storage_places import StoragePlace, unique

FOLDER = "docs/how-to/storage"


def blocks(page: str, language: str) -> list[Snippet]:
    return [block for block in snippets(language) if block.page == f"{FOLDER}/{page}.md"]


def policies(page: str) -> list[dict[str, Any]]:
    return [json.loads(block.text) for block in blocks(page, "json")]


def datasource(page: str) -> Datasource:
    text = blocks(page, "yaml")[0].text
    (found,) = (
        document for document in yaml.safe_load_all(text) if document["kind"] == "Datasource"
    )
    return Datasource.model_validate(found)


def renamed(policy: dict[str, Any], old: str, new: str) -> list[dict[str, Any]]:
    """The statements of a policy, for another bucket."""
    text = json.dumps(policy["Statement"]).replace(f"arn:aws:s3:::{old}", f"arn:aws:s3:::{new}")
    statements: list[dict[str, Any]] = json.loads(text)
    return statements


def s3_places(servers: Servers) -> tuple[StoragePlace, StoragePlace]:
    """The two places of the page, each in a bucket with the policy that stands there."""
    spec = datasource("s3").spec
    assert spec.lightly is not None
    places = []
    for location, policy in zip(
        (spec.input_location, spec.lightly_location), policies("s3"), strict=True
    ):
        assert location.s3 is not None
        bucket, _, folder = location.s3.resource_path.removeprefix("s3://").partition("/")
        owner = S3Owner(servers.s3_owner, unique(bucket), servers.worker)
        owner.client.create_bucket(Bucket=owner.bucket)
        statements = renamed(policy, bucket, owner.bucket)
        owner.allow(*({**statement, "Principal": PRINCIPAL} for statement in statements))
        owner.put(f"{folder}a.jpg", b"raw")
        s3 = {
            "resourcePath": f"s3://{owner.bucket}/{folder}",
            "endpointUrl": f"http://127.0.0.1:{servers.ceph.keys_port}",
        }
        secret = {
            names.S3_ACCESS_KEY_ID: servers.worker.access_key,
            names.S3_SECRET_ACCESS_KEY: servers.worker.secret_key,
        }
        credentials = {"secretRef": {"name": "keys"}}
        places.append(
            StoragePlace("s3", {"s3": s3, "credentials": credentials}, secret, folder, owner)
        )
    return places[0], places[1]


PRINCIPAL = {"AWS": ["arn:aws:iam::123456789012:user/worker"]}
