"""How requests to S3 are signed: with keys, with the identity of the machine, or in a role."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import boto3  # type: ignore[import-untyped]
import botocore.session  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.credentials import (  # type: ignore[import-untyped]
    CredentialProvider,
    CredentialResolver,
    Credentials,
    RefreshableCredentials,
)
from botocore.exceptions import NoCredentialsError  # type: ignore[import-untyped]
from botocore.loaders import create_loader  # type: ignore[import-untyped]

from curation_api.names import (
    S3_ACCESS_KEY_ID,
    S3_EXTERNAL_ID,
    S3_SECRET_ACCESS_KEY,
    S3_SESSION_TOKEN,
)
from curation_storage.keys import needed
from curation_storage.patience import Patience

# The session is renewed while it runs; an hour is what every role allows without being changed.
SESSION_SECONDS = 3600
SESSION_NAME = "curation"

# botocore renews what it has found long before it ends; so much of it is always left.
ALWAYS_LEFT = timedelta(minutes=9)


@dataclass(frozen=True, slots=True)
class Role:
    """A role to take on."""

    arn: str
    region: str
    sts_endpoint_url: str | None


class FoundCredentials:
    """Credentials that are looked for when they are first needed, and renewed before they end."""

    def __init__(self, find: Callable[[], Credentials | None]) -> None:
        self._find = find
        self._found: Credentials | None = None
        self.expires_at: datetime | None = None
        """When what we took on ends; None where that is not ours to know."""

    def load(self) -> Credentials:
        """The credentials of botocore."""
        if self._found is None:
            self._found = self._find()
        if self._found is None:
            raise NoCredentialsError
        return self._found

    def ensure(self) -> None:
        """Have credentials that are valid now; what goes wrong is clearer here than in obstore."""
        self.load().get_frozen_credentials()

    def for_obstore(self) -> dict[str, Any]:
        """The same, as obstore asks for them: again and again, unless they never end."""
        credentials = self.load()
        frozen = credentials.get_frozen_credentials()
        expires_at = None
        if isinstance(credentials, RefreshableCredentials):
            expires_at = self.expires_at or datetime.now(UTC) + ALWAYS_LEFT
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": expires_at,
        }


def credentials_from(secret: Mapping[str, str] | None, *, where: str) -> FoundCredentials:
    """Keys of the Secret; without any Secret, whatever identity this machine has."""
    if secret is None:
        return FoundCredentials(botocore.session.Session().get_credentials)
    keys = Credentials(
        needed(secret, S3_ACCESS_KEY_ID, where=where),
        needed(secret, S3_SECRET_ACCESS_KEY, where=where),
        secret.get(S3_SESSION_TOKEN) or None,
    )
    return FoundCredentials(lambda: keys)


def credentials_in_role(
    role: Role, secret: Mapping[str, str], patience: Patience, *, where: str
) -> FoundCredentials:
    """A session in a role, which is taken on anew before the session ends."""
    external_id = needed(secret, S3_EXTERNAL_ID, where=where)
    has_keys = S3_ACCESS_KEY_ID in secret
    ours = credentials_from(secret if has_keys else None, where=where)
    taken = FoundCredentials(
        lambda: RefreshableCredentials.create_from_metadata(
            take_on(), refresh_using=take_on, method="curation"
        )
    )

    def take_on() -> dict[str, str]:
        sts = session_with(ours).client(
            "sts",
            region_name=role.region,
            endpoint_url=role.sts_endpoint_url,
            config=Config(
                connect_timeout=patience.connect_seconds,
                read_timeout=patience.silence_seconds,
                retries={"total_max_attempts": 1},
            ),
        )
        answer = sts.assume_role(
            RoleArn=role.arn,
            RoleSessionName=SESSION_NAME,
            ExternalId=external_id,
            DurationSeconds=SESSION_SECONDS,
        )["Credentials"]
        taken.expires_at = datetime.fromisoformat(answer["Expiration"])
        return {
            "access_key": answer["AccessKeyId"],
            "secret_key": answer["SecretAccessKey"],
            "token": answer["SessionToken"],
            "expiry_time": answer["Expiration"],
        }

    return taken


@cache
def _descriptions() -> Any:
    """Megabytes of JSON that describe the services of AWS, read once."""
    return create_loader()


class _Ours(CredentialProvider):  # type: ignore[misc]
    METHOD = "curation"

    def __init__(self, credentials: FoundCredentials) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> Credentials:
        """The only place where botocore looks."""
        return self._credentials.load()


def session_with(credentials: FoundCredentials) -> Any:
    """A session of boto3 that signs with these credentials and knows no others."""
    session = botocore.session.Session()
    session.register_component("data_loader", _descriptions())
    session.register_component("credential_provider", CredentialResolver([_Ours(credentials)]))
    # Half of the time of a listing goes into reading dates, which is done faster elsewhere.
    session.get_component("response_parser_factory").set_parser_defaults(
        timestamp_parser=lambda text: text
    )
    return boto3.Session(botocore_session=session)
