"""What the pages about storage tell people to allow is enough, and is all that is asked for."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from curation_api import names
from tests.support.documented_places import (
    FOLDER,
    PRINCIPAL,
    blocks,
    datasource,
    policies,
    renamed,
    s3_places,
)
from tests.support.probing import look_at
from tests.support.servers.gcs import Account
from tests.support.servers.session import Servers, client_of
from tests.support.storage_owners import S3Owner
from tests.support.storage_places import (
    azure_place,
    gcs_place,
    s3_delegated_place,
    unique,
    with_sas,
)

ENOUGH = "++ ++++"


def test_the_policies_for_s3_are_enough(servers: Servers, tmp_path: Path) -> None:
    raw, derived = s3_places(servers)

    assert look_at(raw, derived, folder=tmp_path).rights == ENOUGH
    assert derived.names() == ["a.jpg"]


@pytest.mark.parametrize("which", [0, 1])
def test_the_policies_for_s3_allow_nothing_elsewhere(which: int, servers: Servers) -> None:
    place = s3_places(servers)[which]
    assert isinstance(place.owner, S3Owner)
    place.owner.put("other/a.jpg", b"of somebody else")
    worker = client_of(servers.worker, servers.ceph.keys_port)
    bucket = place.owner.bucket

    actions: tuple[Callable[[], object], ...] = (
        lambda: worker.list_objects_v2(Bucket=bucket, Prefix="other/"),
        lambda: worker.get_object(Bucket=bucket, Key="other/a.jpg"),
        lambda: worker.put_object(Bucket=bucket, Key="other/a.jpg", Body=b""),
        lambda: worker.put_object(Bucket=bucket, Key=f"{place.folder}a.jpg", Body=b""),
        lambda: worker.delete_object(Bucket=bucket, Key=f"{place.folder}a.jpg"),
    )

    for action in actions:
        with pytest.raises(ClientError, match="AccessDenied"):
            action()


def test_the_policies_for_roles_are_enough(servers: Servers, tmp_path: Path) -> None:
    (trust,) = policies("s3-delegated-access")
    (statement,) = trust["Statement"]
    external_id = statement["Condition"]["StringEquals"]["sts:ExternalId"]
    raw, derived = s3_places(servers)
    taken = []
    for place, policy in zip((raw, derived), policies("s3"), strict=True):
        assert isinstance(place.owner, S3Owner)
        place.owner.client.delete_bucket_policy(Bucket=place.owner.bucket)
        page_bucket = place.owner.bucket.partition("-")[0]
        statements = [
            {key: value for key, value in one.items() if key != "Effect"}
            for one in renamed(policy, page_bucket, place.owner.bucket)
        ]
        role = s3_delegated_place(servers, tmp_path, *statements, owner=place.owner)
        servers.aws_rules.external_ids[role.location["s3DelegatedAccess"]["roleArn"]] = external_id
        role = role.elsewhere(resourcePath=f"s3://{place.owner.bucket}/{place.folder}")
        taken.append(replace(role, secret={**role.secret, names.S3_EXTERNAL_ID: external_id}))

    assert statement["Principal"] == PRINCIPAL
    assert look_at(taken[0], taken[1], folder=tmp_path).rights == ENOUGH


def test_the_roles_for_google_are_enough(servers: Servers, tmp_path: Path) -> None:
    places = []
    for role in policies("gcs"):
        rights = frozenset(right.rpartition(".")[2] for right in role["includedPermissions"])
        account = Account(f"{unique('worker')}@acme.iam.gserviceaccount.com", rights)
        places.append(gcs_place(servers, tmp_path, account))
        places[-1].put("a.jpg")

    assert look_at(places[0], places[1], folder=tmp_path).rights == ENOUGH


def test_the_tokens_for_azure_are_enough(servers: Servers, tmp_path: Path) -> None:
    (shell,) = blocks("azure", "sh")
    places = []
    for letters in re.findall(r"--permissions (\w+)", shell.text):
        place = azure_place(servers, tmp_path)
        place.put("a.jpg")
        places.append(with_sas(place, letters))

    assert look_at(places[0], places[1], folder=tmp_path).rights == ENOUGH


def test_there_is_a_page_for_each_provider() -> None:
    pages = {path.stem for path in Path(__file__).parents[2].glob(f"{FOLDER}/*.md")}

    assert pages == {"s3", "s3-delegated-access", "gcs", "azure", "local"}
    assert all(datasource(page) for page in pages)
