"""Locations on real servers, each with the keys to it and with an owner who may do anything."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from curation_api import names
from curation_api.datasource import Location
from curation_storage import Patience, open_input, open_lightly
from curation_storage.bucket import InputBucket, LightlyBucket
from tests.support.servers.azurite import ACCOUNT, ACCOUNT_KEY
from tests.support.servers.gcs import Account
from tests.support.servers.session import Servers, client_of
from tests.support.storage_owners import AzureOwner, FolderOwner, GcsOwner, Owner, S3Owner

# Long enough for a busy machine, short enough for a test that waits for the end of it.
QUICK = Patience(connect_seconds=2, silence_seconds=5, deadline_seconds=10, attempts=4)

CREDENTIALS = {"credentials": {"secretRef": {"name": "farm-keys"}}}


@dataclass(frozen=True)
class StoragePlace:
    """A location that a test has for itself."""

    provider: str
    location: dict[str, Any]
    secret: dict[str, str]
    folder: str
    """Where the location begins in the bucket; empty, or with a slash at the end."""
    owner: Owner
    volumes: Path = Path("/nowhere")
    patience: Patience = QUICK

    def put(self, name: str, content: bytes = b"content") -> None:
        """Put a file there, as its owner does."""
        self.owner.put(self.folder + name, content)

    def names(self) -> list[str]:
        """All there is, as its owner sees it."""
        return [
            key.removeprefix(self.folder)
            for key in self.owner.all_keys()
            if key.startswith(self.folder)
        ]

    @property
    def parsed(self) -> Location:
        """As a Datasource has it."""
        return Location.model_validate(self.location)

    def open_input(self) -> InputBucket:
        bucket = open_input(self.parsed, self.secret, volumes=self.volumes, patience=self.patience)
        assert isinstance(bucket, InputBucket)
        return bucket

    def open_lightly(self) -> LightlyBucket:
        bucket = open_lightly(
            self.parsed, self.secret, volumes=self.volumes, patience=self.patience
        )
        assert isinstance(bucket, LightlyBucket)
        return bucket

    def elsewhere(self, **provider_fields: str) -> "StoragePlace":
        """The same place, with some fields of its provider changed."""
        ((kind, fields),) = ((k, v) for k, v in self.location.items() if k != "credentials")
        return replace(self, location={**self.location, kind: {**fields, **provider_fields}})


def port_of(place: StoragePlace, servers: Servers) -> int:
    """Where the store of a place listens."""
    if place.provider == "azure":
        return servers.azurite.port
    if place.provider == "gcs":
        return int(servers.gcs.endpoint.rpartition(":")[2])
    return servers.sts_gate_port if place.provider == "s3-delegated" else servers.ceph.keys_port


def through(place: StoragePlace, address: str) -> StoragePlace:
    """The same place as it is seen through another address, a proxy's for example."""
    secret = dict(place.secret)
    match place.provider:
        case "azure":
            return place.elsewhere(endpointUrl=f"{address}/{ACCOUNT}")
        case "gcs":
            key = json.loads(secret[names.GCS_CREDENTIALS])
            secret[names.GCS_CREDENTIALS] = json.dumps({**key, "token_uri": f"{address}/token"})
        case "s3-delegated":
            place = place.elsewhere(stsEndpointUrl=address)
    return replace(place.elsewhere(endpointUrl=address), secret=secret)


PROVIDERS = ("s3", "s3-delegated", "gcs", "azure", "local")


def a_place(provider: str, servers: Servers, folder: Path) -> StoragePlace:
    """An empty location of this provider; `folder` is for what lies on this machine."""
    makers: dict[str, Callable[[Servers, Path], StoragePlace]] = {
        "s3": s3_place,
        "s3-delegated": s3_delegated_place,
        "gcs": gcs_place,
        "azure": azure_place,
        "local": local_place,
    }
    return makers[provider](servers, folder)


def unique(prefix: str = "t") -> str:
    """A name that nobody else has."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def s3_bucket(servers: Servers) -> S3Owner:
    """A new bucket that only its owner can use."""
    bucket = unique()
    servers.s3_owner.create_bucket(Bucket=bucket)
    return S3Owner(servers.s3_owner, bucket, servers.worker)


def everything_in(bucket: str) -> dict[str, Any]:
    """A statement that allows all that a worker does."""
    return {
        "Action": ["s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
    }


def s3_place(servers: Servers, _: Path) -> StoragePlace:
    owner = s3_bucket(servers)
    worker = servers.worker
    owner.allow(everything_in(owner.bucket))
    return StoragePlace(
        "s3",
        {
            "s3": {
                "resourcePath": f"s3://{owner.bucket}/farm",
                "endpointUrl": f"http://127.0.0.1:{servers.ceph.keys_port}",
            },
            **CREDENTIALS,
        },
        {
            names.S3_ACCESS_KEY_ID: worker.access_key,
            names.S3_SECRET_ACCESS_KEY: worker.secret_key,
        },
        "farm/",
        owner,
    )


def s3_role(servers: Servers, *statements: dict[str, Any]) -> str:
    """The ARN of a new role with these rights, which the worker may take on."""
    iam = client_of(servers.ceph.admin, servers.ceph.sts_port, "iam")
    name = unique("role")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": [servers.worker.arn]},
                "Action": ["sts:AssumeRole"],
            }
        ],
    }
    rights = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", **statement} for statement in statements],
    }
    # Ceph refuses a policy with spaces in it.
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=_compact(trust))
    iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=_compact(rights))
    return f"arn:aws:iam::123456789012:role/{name}"


def _compact(policy: dict[str, Any]) -> str:
    return json.dumps(policy, separators=(",", ":"))


def s3_delegated_place(
    servers: Servers, _: Path, *statements: dict[str, Any], owner: S3Owner | None = None
) -> StoragePlace:
    owner = owner or s3_bucket(servers)
    arn = s3_role(servers, *(statements or (everything_in(owner.bucket),)))
    external_id = unique("external-id")
    servers.aws_rules.external_ids[arn] = external_id
    gate = f"http://127.0.0.1:{servers.sts_gate_port}"
    return StoragePlace(
        "s3-delegated",
        {
            "s3DelegatedAccess": {
                "resourcePath": f"s3://{owner.bucket}/farm/",
                "region": "us-east-1",
                "roleArn": arn,
                "endpointUrl": gate,
                "stsEndpointUrl": gate,
            },
            **CREDENTIALS,
        },
        {
            names.S3_ACCESS_KEY_ID: servers.worker.access_key,
            names.S3_SECRET_ACCESS_KEY: servers.worker.secret_key,
            names.S3_EXTERNAL_ID: external_id,
        },
        "farm/",
        owner,
    )


def gcs_place(servers: Servers, _: Path, account: Account | None = None) -> StoragePlace:
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import storage  # type: ignore[import-untyped]

    client = storage.Client(
        project="acme",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": servers.gcs.emulator_endpoint},
    )
    bucket = client.create_bucket(unique())
    account = account or Account(f"{unique('worker')}@acme.iam.gserviceaccount.com")
    return StoragePlace(
        "gcs",
        {
            "gcs": {
                "resourcePath": f"gs://{bucket.name}/farm/",
                "projectId": "acme",
                "endpointUrl": servers.gcs.endpoint,
            },
            **CREDENTIALS,
        },
        {names.GCS_CREDENTIALS: servers.gcs.key_file(account)},
        "farm/",
        GcsOwner(bucket),
    )


def azure_place(servers: Servers, _: Path) -> StoragePlace:
    container = servers.azure_owner.create_container(unique())
    return StoragePlace(
        "azure",
        {
            "azure": {
                "containerName": f"{container.container_name}/farm",
                "accountName": ACCOUNT,
                "endpointUrl": servers.azurite.endpoint,
            },
            **CREDENTIALS,
        },
        {names.AZURE_ACCOUNT_KEY: ACCOUNT_KEY},
        "farm/",
        AzureOwner(container),
    )


def with_sas(
    place: StoragePlace, letters: str, lifetime: timedelta = timedelta(hours=1)
) -> StoragePlace:
    """The same container, opened by a SAS token as the portal shows it."""
    from azure.storage.blob import generate_container_sas

    now = datetime.now(UTC)
    token = generate_container_sas(
        ACCOUNT,
        place.location["azure"]["containerName"].split("/")[0],
        ACCOUNT_KEY,
        permission=letters,
        start=now - timedelta(hours=2),
        expiry=now + lifetime,
    )
    return replace(place, secret={names.AZURE_SAS_TOKEN: f"?{token}"})


def local_place(_: Servers, folder: Path) -> StoragePlace:
    volumes = folder / "volumes"
    root = volumes / "images"
    (root / "farm").mkdir(parents=True)
    return StoragePlace(
        "local",
        {"local": {"claimName": "images", "path": "farm"}},
        {},
        "farm/",
        FolderOwner(root),
        volumes=volumes,
    )
