"""Opens the location of a Datasource. Nothing is asked of any store before the first request.

The library of a provider is imported only here, and only for the provider at hand.
"""

from collections.abc import Mapping
from pathlib import Path

from curation_api.datasource import S3, Azure, Gcs, Local, Location, S3DelegatedAccess
from curation_storage.bucket import InputBucket, LightlyBucket
from curation_storage.local import LocalStore
from curation_storage.patience import Patience
from curation_storage.port import Readable, Writable
from curation_storage.scrubbing import quieten_libraries
from curation_storage.store import Store

_PATIENT = Patience()


def open_input(
    location: Location,
    secret: Mapping[str, str],
    *,
    volumes: Path,
    patience: Patience = _PATIENT,
) -> Readable:
    """The raw files. What is returned cannot write.

    `secret` counts where the location names one; otherwise this machine's own identity does. The
    folder NAME of `volumes` stands for the claim NAME.
    """
    store, folder = _open(location, secret, volumes, patience)
    return InputBucket(store, folder, patience)


def open_lightly(
    location: Location,
    secret: Mapping[str, str],
    *,
    volumes: Path,
    patience: Patience = _PATIENT,
) -> Writable:
    """The place for everything derived, to be opened like the raw files."""
    store, folder = _open(location, secret, volumes, patience)
    return LightlyBucket(store, folder, patience)


def open_folder(folder: Path) -> Readable:
    """A place for everything derived that is a folder of this machine, to be read."""
    return LightlyBucket(LocalStore(folder), "", _PATIENT)


def _open(
    location: Location, secret: Mapping[str, str], volumes: Path, patience: Patience
) -> tuple[Store, str]:
    """The store, and the folder in it."""
    quieten_libraries()
    keys = None if location.credentials is None else secret
    match location:
        case Location(s3=S3() as s3):
            return _s3(s3, keys, patience)
        case Location(s3_delegated_access=S3DelegatedAccess() as s3):
            return _s3_in_role(s3, keys or {}, patience)
        case Location(gcs=Gcs() as gcs):
            return _gcs(gcs, keys, patience)
        case Location(azure=Azure() as azure):
            return _azure(azure, keys, patience)
        case Location(local=Local() as local):
            return LocalStore(volumes / local.claim_name), local.path
    raise ValueError("a Location has exactly one provider")


def _s3(s3: S3, keys: Mapping[str, str] | None, patience: Patience) -> tuple[Store, str]:
    from curation_storage.s3 import S3Store
    from curation_storage.s3_credentials import credentials_from

    bucket, folder = _split(s3.resource_path)
    store = S3Store(
        bucket,
        credentials_from(keys, where=s3.resource_path),
        patience,
        region=s3.region,
        endpoint_url=s3.endpoint_url,
        kms_key=s3.kms_key,
        secrets=_values(keys),
    )
    return store, folder


def _s3_in_role(
    s3: S3DelegatedAccess, keys: Mapping[str, str], patience: Patience
) -> tuple[Store, str]:
    from curation_storage.s3 import S3Store
    from curation_storage.s3_credentials import Role, credentials_in_role

    bucket, folder = _split(s3.resource_path)
    role = Role(s3.role_arn, s3.region, s3.sts_endpoint_url)
    store = S3Store(
        bucket,
        credentials_in_role(role, keys, patience, where=s3.resource_path),
        patience,
        region=s3.region,
        endpoint_url=s3.endpoint_url,
        kms_key=s3.kms_key,
        secrets=_values(keys),
        role_arn=s3.role_arn,
    )
    return store, folder


def _gcs(gcs: Gcs, keys: Mapping[str, str] | None, patience: Patience) -> tuple[Store, str]:
    from curation_storage.gcs import GcsStore
    from curation_storage.gcs_credentials import GcsCredentials, key_from, secrets_in

    bucket, folder = _split(gcs.resource_path)
    key = key_from(keys, endpoint_url=gcs.endpoint_url, where=gcs.resource_path)
    store = GcsStore(
        bucket,
        gcs.project_id,
        GcsCredentials(key, patience),
        patience,
        endpoint_url=gcs.endpoint_url,
        secrets=secrets_in(key),
    )
    return store, folder


def _azure(azure: Azure, keys: Mapping[str, str] | None, patience: Patience) -> tuple[Store, str]:
    from curation_storage.azure import AzureStore
    from curation_storage.azure_credentials import credentials_from

    container, _, folder = azure.container_name.partition("/")
    store = AzureStore(
        container,
        azure.account_name,
        credentials_from(keys, account=azure.account_name, where=azure.container_name),
        patience,
        endpoint_url=azure.endpoint_url,
    )
    return store, folder


def _split(resource_path: str) -> tuple[str, str]:
    bucket, _, folder = resource_path.partition("://")[2].partition("/")
    return bucket, folder


def _values(keys: Mapping[str, str] | None) -> tuple[str, ...]:
    return tuple((keys or {}).values())
