from dataclasses import dataclass

from curation_client.models.record import Record


@dataclass(frozen=True, slots=True)
class DatasourceConfig(Record):
    """Where the files of a dataset lie. Holds no credentials, only the name of their Secret."""

    id: str
    purpose: str
    type: str
    full_path: str
    thumb_suffix: str | None = None
    s3_region: str | None = None
    s3_arn: str | None = None
    s3_server_side_encryption_kms_key: str | None = None
    obs_endpoint: str | None = None
    gcs_project_id: str | None = None
    account_name: str | None = None
    secret_name: str | None = None
