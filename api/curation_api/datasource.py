"""A Datasource: a dataset where it lies, everything derived from it, and who may see it."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from curation_api.conditions import Condition
from curation_api.fields import (
    LONGEST_PATH,
    Count,
    KubernetesName,
    LongText,
    RelativePath,
    ShortText,
    has_dot_parts,
)
from curation_api.model import ApiModel, Distinct, Rule, matching, unchanged
from curation_api.names import DEFAULT_THUMBNAIL_SUFFIX, DERIVED
from curation_api.problems import CurationError, ExitCode, Reason
from curation_api.resource import Resource, short_name

ResourcePath = Annotated[str, Field(max_length=LONGEST_PATH)]

KmsKey = Annotated[
    str,
    Field(max_length=2048),
    matching(
        r"^arn:aws[a-z-]*:kms:[a-zA-Z0-9-]*:[0-9]{12}:key.+$",
        "must be the ARN of a KMS key, as arn:aws:kms:eu-central-1:123456789012:key/…",
    ),
]

EndpointUrl = Annotated[
    str,
    Field(max_length=LONGEST_PATH),
    matching(r"^https?://[^/].*$", "must be an address that starts with http:// or https://"),
]

S3Path = Annotated[
    ResourcePath,
    matching(
        r"^s3://[a-zA-Z0-9][a-zA-Z0-9._-]{1,61}[a-zA-Z0-9](/.*)?$",
        "must be s3://BUCKET/FOLDER/, such as s3://datalake/farm/",
    ),
]

Region = Annotated[
    str,
    Field(max_length=64),
    matching(
        r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
        "must be the name of a region, such as eu-central-1",
    ),
]


class DatasourceType(StrEnum):
    """What a sample is."""

    IMAGES = "IMAGES"
    VIDEOS = "VIDEOS"
    CROPS = "CROPS"


class InputPurpose(StrEnum):
    """What the place of the raw files is for."""

    INPUT = "INPUT"
    """Raw files only."""
    INPUT_OUTPUT = "INPUT_OUTPUT"
    """Raw files, and everything derived where no other place is given."""


class IncompleteDatasourceError(CurationError):
    """A Datasource that does not say yet where its files lie."""

    reason = Reason.LOCATION_MISSING
    exit_code = ExitCode.INVALID_CONFIG


class ValueDataType(StrEnum):
    """What the values of a metadata field are. NUMERICAL_… is another spelling of NUMERIC_…."""

    NUMERIC_INT = "NUMERIC_INT"
    NUMERIC_FLOAT = "NUMERIC_FLOAT"
    NUMERICAL_INT = "NUMERICAL_INT"
    NUMERICAL_FLOAT = "NUMERICAL_FLOAT"
    CATEGORICAL_INT = "CATEGORICAL_INT"
    CATEGORICAL_STRING = "CATEGORICAL_STRING"
    CATEGORICAL_BOOLEAN = "CATEGORICAL_BOOLEAN"
    CATEGORICAL_DATETIME = "CATEGORICAL_DATETIME"
    CATEGORICAL_TIMESTAMP = "CATEGORICAL_TIMESTAMP"
    OTHER_STRING = "OTHER_STRING"


class S3(ApiModel):
    """A bucket on S3, or on anything that speaks its language: MinIO, Ceph, OBS, R2."""

    RULES = (
        Rule(
            cel="has(self.region) || has(self.endpointUrl)",
            holds=lambda s3: s3.region is not None or s3.endpoint_url is not None,
            message="s3 needs region, or endpointUrl for a store that is not AWS",
        ),
    )

    resource_path: S3Path
    """Where the files lie: s3://BUCKET/FOLDER/. With or without '/' at the end it is a folder."""

    region: Region | None = None
    """The region of the bucket, such as eu-central-1. May be left out with `endpointUrl`."""

    endpoint_url: EndpointUrl | None = None
    """Address of a store that is not AWS, such as https://minio.example.com:9000."""

    kms_key: KmsKey | None = None
    """Encrypt everything that is written with this KMS key."""


class S3DelegatedAccess(ApiModel):
    """A bucket on S3 that is reached by taking on a role, without long-lived keys."""

    resource_path: S3Path
    """Where the files lie: s3://BUCKET/FOLDER/. With or without '/' at the end it is a folder."""

    region: Region
    """The region of the bucket, such as eu-central-1."""

    role_arn: Annotated[
        str,
        Field(min_length=12, max_length=2048),
        matching(
            r"^arn:aws[a-z-]*:iam::[0-9]{12}:role.+$",
            "must be the ARN of a role, as arn:aws:iam::123456789012:role/NAME",
        ),
    ]
    """The role to take on. Its external id is the key `externalId` of the Secret."""

    endpoint_url: EndpointUrl | None = None
    """Address of a store that is not AWS."""

    sts_endpoint_url: EndpointUrl | None = None
    """Address of the service that hands out the role, where it is not that of AWS."""

    kms_key: KmsKey | None = None
    """Encrypt everything that is written with this KMS key."""


class Gcs(ApiModel):
    """A bucket on Google Cloud Storage."""

    resource_path: Annotated[
        ResourcePath,
        matching(
            r"^gs://[a-z0-9][a-z0-9._-]{1,220}[a-z0-9](/.*)?$",
            "must be gs://BUCKET/FOLDER/, such as gs://curated/farm/",
        ),
    ]
    """Where the files lie: gs://BUCKET/FOLDER/. With or without '/' at the end it is a folder."""

    project_id: Annotated[str, Field(min_length=1, max_length=256)]
    """The project that pays for the requests."""

    endpoint_url: EndpointUrl | None = None
    """Address of a store that is not Google's."""


class Azure(ApiModel):
    """A container on Azure Blob Storage."""

    container_name: Annotated[
        ResourcePath,
        matching(
            r"^[a-z0-9$][a-z0-9-]{1,62}(/.*)?$",
            "must be CONTAINER/FOLDER/ without a scheme, such as curated/farm/",
        ),
    ]
    """Where the files lie: CONTAINER/FOLDER/, without a scheme."""

    account_name: Annotated[
        str,
        Field(max_length=256),
        matching(
            r"^[a-z0-9]{3,24}$",
            "must be the name of a storage account: 3 to 24 small letters and digits",
        ),
    ]
    """The storage account."""

    endpoint_url: EndpointUrl | None = None
    """Address of the account where it is not ACCOUNT.blob.core.windows.net."""


class Local(ApiModel):
    """A folder on a volume of the cluster."""

    claim_name: KubernetesName
    """The PersistentVolumeClaim. `curate run --local` takes the folder volumes/NAME instead."""

    path: RelativePath = ""
    """The folder on the volume; empty means all of it."""


class SecretReference(ApiModel):
    """A Secret in the namespace of the Datasource."""

    name: KubernetesName
    """The name of the Secret."""


class Credentials(ApiModel):
    """Where the keys to a bucket are kept."""

    secret_ref: SecretReference
    """The Secret that holds them. The operator never reads it; only workers do."""


_PROVIDERS = ("s3", "s3DelegatedAccess", "gcs", "azure", "local")


def _providers(location: Any) -> list[object]:
    return [
        provider
        for provider in (
            location.s3,
            location.s3_delegated_access,
            location.gcs,
            location.azure,
            location.local,
        )
        if provider is not None
    ]


EXACTLY_ONE_PROVIDER = Rule(
    cel=f"[{', '.join(f'has(self.{provider})' for provider in _PROVIDERS)}]"
    ".filter(given, given).size() == 1",
    holds=lambda location: len(_providers(location)) == 1,
    message=f"give exactly one of {', '.join(_PROVIDERS)}",
)
NO_KEYS_FOR_A_VOLUME = Rule(
    cel="!has(self.local) || !has(self.credentials)",
    holds=lambda location: location.local is None or location.credentials is None,
    message="credentials do not belong to local: a volume needs no keys",
)
DELEGATED_ACCESS_NEEDS_ITS_SECRET = Rule(
    cel="!has(self.s3DelegatedAccess) || has(self.credentials)",
    holds=lambda location: location.s3_delegated_access is None or location.credentials is not None,
    message="s3DelegatedAccess needs credentials: a Secret with the key externalId",
)

ThumbnailSuffix = Annotated[
    str,
    Field(max_length=LONGEST_PATH),
    Rule(
        cel="self == '' || (self.contains('[filename]') && !self.startsWith('/')"
        " && !self.contains('://') && self.split('/').all(part, part != '.' && part != '..'))",
        holds=lambda suffix: (
            suffix == ""
            or (
                "[filename]" in suffix
                and not suffix.startswith("/")
                and "://" not in suffix
                and not has_dot_parts(suffix)
            )
        ),
        message="must be a relative path with [filename] in it, such as"
        f" {DEFAULT_THUMBNAIL_SUFFIX}, or empty for no thumbnails",
    ),
]


class Location(ApiModel):
    """A place in a bucket, and the keys to it."""

    s3: S3 | None = None
    """A bucket on S3, or on anything that speaks its language."""

    s3_delegated_access: S3DelegatedAccess | None = None
    """A bucket on S3, reached by taking on a role."""

    gcs: Gcs | None = None
    """A bucket on Google Cloud Storage."""

    azure: Azure | None = None
    """A container on Azure Blob Storage."""

    local: Local | None = None
    """A folder on a volume of the cluster."""

    credentials: Credentials | None = None
    """Where the keys are kept. Leave it out to use the identity of the service account."""


class InputLocation(Location):
    """The raw files. Listed and read, never written."""

    RULES = (EXACTLY_ONE_PROVIDER, NO_KEYS_FOR_A_VOLUME, DELEGATED_ACCESS_NEEDS_ITS_SECRET)

    thumbnail_suffix: ThumbnailSuffix | None = DEFAULT_THUMBNAIL_SUFFIX
    """Where thumbnails lie already; [filename], [extension] are replaced. Empty or null: none."""

    purpose: Annotated[InputPurpose | None, Field(strict=False)] = None
    """INPUT: raw files only, so that `lightly` has to be given. Left out: INPUT_OUTPUT."""


class LightlyLocation(Location):
    """Everything derived from the raw files. Listed, read and written."""

    RULES = (
        EXACTLY_ONE_PROVIDER,
        NO_KEYS_FOR_A_VOLUME,
        DELEGATED_ACCESS_NEEDS_ITS_SECRET,
        Rule(
            cel="!has(self.thumbnailSuffix) || self.thumbnailSuffix == ''"
            f" || self.thumbnailSuffix.startsWith('{DERIVED}/')",
            holds=lambda location: (
                not location.thumbnail_suffix or location.thumbnail_suffix.startswith(f"{DERIVED}/")
            ),
            message=f"thumbnailSuffix must start with {DERIVED}/ where thumbnails are written,"
            " so that no raw file can be overwritten",
        ),
    )

    thumbnail_suffix: ThumbnailSuffix | None = DEFAULT_THUMBNAIL_SUFFIX
    """Where thumbnails are written; [filename], [extension] are replaced. Empty or null: none."""


class MetadataField(ApiModel):
    """A metadata value that runs can select by."""

    name: Annotated[str, Field(min_length=1, max_length=256)]
    """The name that reports show."""

    path: Annotated[str, Field(min_length=1, max_length=LONGEST_PATH)]
    """Where the value is in the metadata: weather.scenario, objects[0].size."""

    value_data_type: Annotated[ValueDataType, Field(strict=False)]
    """What the values are."""

    default_value: Annotated[int | str, Field(union_mode="left_to_right")]
    """Used where a sample has no value. Put decimals and true/false into quotes: "0.5"."""


class DatasourceSpec(ApiModel):
    """Where the raw files lie, where results go, and how to get there."""

    RULES = (
        unchanged(
            "type", "type cannot be changed: create another Datasource, which may share the buckets"
        ),
    )

    type: Annotated[DatasourceType, Field(strict=False)]
    """IMAGES, VIDEOS (every frame is a sample) or CROPS."""

    display_name: (
        Annotated[
            str,
            Field(min_length=3, max_length=256),
            matching(
                r"^[a-zA-Z0-9][a-zA-Z0-9 _-]+$",
                "must start with a letter or digit, then hold letters, digits, spaces, '_' and '-'",
            ),
        ]
        | None
    ) = None
    """A name for people; the Python client calls it the name of the dataset."""

    input: InputLocation | None = None
    """The raw files: list, read, never write. While it is left out, no run starts."""

    lightly: LightlyLocation | None = None
    """Everything derived. Needs rights to list, read and write. Left out: the same as `input`."""

    service_account_name: KubernetesName | None = None
    """Whose identity workers have, where buckets are opened to identities instead of keys."""

    shared_with: (
        Annotated[
            list[
                Annotated[
                    str,
                    Field(max_length=256),
                    matching(r"^[^@ ]+@[^@ ]+$", "must be an e-mail address"),
                ]
            ],
            Field(max_length=256),
        ]
        | None
    ) = None
    """The e-mail addresses of those who may use this Datasource beside its owner."""

    metadata_fields: (
        Annotated[list[MetadataField], Field(max_length=64), Distinct("name")] | None
    ) = None
    """Which metadata runs can select by, in addition to `.lightly/metadata/schema.json`."""

    @property
    def input_location(self) -> InputLocation:
        """Where the raw files lie; an error while that is not said."""
        if self.input is None:
            raise IncompleteDatasourceError(
                "The Datasource has no INPUT: it does not say where its raw files lie",
                fix="Set spec.input",
            )
        return self.input

    @property
    def lightly_location(self) -> InputLocation | LightlyLocation:
        """Where everything derived lies; an error while that is not said."""
        if self.lightly is not None:
            return self.lightly
        location = self.input_location
        if location.purpose is InputPurpose.INPUT:
            raise IncompleteDatasourceError(
                "The Datasource has no LIGHTLY: it does not say where results go, and its input is"
                " for raw files only",
                fix="Set spec.lightly",
            )
        return location

    @property
    def what_is_missing(self) -> str:
        """Why nothing can be chosen from it yet; empty when it is complete."""
        try:
            _ = self.input_location, self.lightly_location
        except IncompleteDatasourceError as error:
            return str(error)
        return ""


class InputRights(ApiModel):
    """What the last look at the raw files found."""

    can_list: bool | None = None
    """Whether files can be listed."""

    can_read: bool | None = None
    """Whether files can be read."""

    errors: dict[str, LongText] | None = None
    """For each right that is missing, why."""


class LightlyRights(InputRights):
    """What the last look at the place for results found."""

    can_write: bool | None = None
    """Whether files can be written."""

    can_overwrite: bool | None = None
    """Whether files can be replaced."""


class TagSummary(ApiModel):
    """A selection that was published."""

    name: ShortText
    """The name of the tag."""

    samples: Count
    """How many samples it holds."""

    run: ShortText | None = None
    """The run that made it."""


class DatasourceStatus(ApiModel):
    """What the operator knows about a Datasource."""

    observed_generation: Count | None = None
    """Which generation of the spec this speaks about."""

    conditions: Annotated[list[Condition], Field(max_length=16)] | None = None
    """Ready, Stalled, and one for each right."""

    input: InputRights | None = None
    """What the last look at the raw files found."""

    lightly: LightlyRights | None = None
    """What the last look at the place for results found."""

    probed_at: Annotated[datetime, Field(strict=False)] | None = None
    """When rights were last looked at."""

    probe_serial: Count | None = None
    """Counts the looks at the rights."""

    probed_for: ShortText | None = None
    """The annotation curation.dev/reprobe that the last look answered."""

    samples: Count | None = None
    """How many samples are known."""

    processed_until: Annotated[datetime, Field(strict=False)] | None = None
    """Files that are older than this have been seen by a run."""

    tag_count: Count | None = None
    """How many selections have been published."""

    tags: Annotated[list[TagSummary], Field(max_length=32)] | None = None
    """The newest selections, newest first; all of them lie in the bucket."""


class Datasource(Resource):
    """A dataset where it lies: its raw files, everything derived from them, and who may see it."""

    RULES = (short_name("Datasource"),)

    api_version: Literal["curation.dev/v1alpha1"] = "curation.dev/v1alpha1"
    """curation.dev/v1alpha1."""

    kind: Literal["Datasource"] = "Datasource"
    """Datasource."""

    spec: DatasourceSpec
    """Where the raw files lie, where results go, and how to get there."""

    status: DatasourceStatus | None = None
    """What the operator knows."""
