"""How requests to Azure are signed: by a SAS token, an account key, or as the machine itself."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from azure.core.credentials import AzureNamedKeyCredential

from curation_api.names import (
    AZURE_ACCOUNT_KEY,
    AZURE_CONNECTION_STRING,
    AZURE_SAS_TOKEN,
)
from curation_storage.keys import lacking

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

SCOPE = "https://storage.azure.com/.default"


@dataclass(frozen=True)
class AzureCredentials:
    """One of: an account key, a SAS token, or nothing, which means the identity of the machine."""

    account_key: str | None = field(default=None, repr=False)
    sas_token: str | None = field(default=None, repr=False)

    def for_client(self, account: str) -> Any:
        """As Azure's library takes it."""
        if self.account_key:
            # The library would look for the account in the address, which a proxy does not have.
            return AzureNamedKeyCredential(account, self.account_key)
        return self.sas_token or self.identity

    def for_obstore(self) -> dict[str, Any]:
        """As obstore asks for it."""
        if self.account_key:
            return {"access_key": self.account_key, "expires_at": None}
        if self.sas_token:
            return {"sas_token": self.sas_token, "expires_at": None}
        token = self.identity.get_token(SCOPE)
        expires_at = datetime.fromtimestamp(token.expires_on, UTC)
        return {"token": token.token, "expires_at": expires_at}

    def ensure(self) -> None:
        """Have what signs a request; what goes wrong is clearer here than in obstore."""
        if not self.account_key and not self.sas_token:
            self.identity.get_token(SCOPE)

    @cached_property
    def identity(self) -> "TokenCredential":
        """Whatever identity this machine has: workload identity, managed identity, a login."""
        from azure.identity import DefaultAzureCredential  # only where there are no keys

        return DefaultAzureCredential()

    @property
    def sas_facts(self) -> Mapping[str, str]:
        """What the SAS token says about itself."""
        return dict(parse_qsl(self.sas_token or "", keep_blank_values=True))

    @property
    def has_expired(self) -> bool:
        """Whether the SAS token says that its time is over."""
        ends = self.sas_facts.get("se")
        if not ends:
            return False
        moment = datetime.fromisoformat(ends)
        return moment.replace(tzinfo=moment.tzinfo or UTC) < datetime.now(UTC)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be seen in any message."""
        values = (self.account_key, self.sas_token, self.sas_facts.get("sig"))
        return tuple(value for value in values if value)


def credentials_from(
    secret: Mapping[str, str] | None, *, account: str, where: str
) -> AzureCredentials:
    """The first of the keys that the Secret has; without any Secret, the machine's identity."""
    if secret is None:
        return AzureCredentials()
    if token := secret.get(AZURE_SAS_TOKEN, "").strip():
        return AzureCredentials(sas_token=_sas(token))
    if key := secret.get(AZURE_ACCOUNT_KEY, "").strip():
        return AzureCredentials(account_key=_account_key(key, AZURE_ACCOUNT_KEY, where))
    if text := secret.get(AZURE_CONNECTION_STRING, "").strip():
        return _from_connection_string(text, account, where)
    raise lacking(
        f"it has none of {AZURE_SAS_TOKEN}, {AZURE_ACCOUNT_KEY}, {AZURE_CONNECTION_STRING}",
        fix=f"Add the key {AZURE_SAS_TOKEN} to the Secret",
        where=where,
    )


def _sas(token: str) -> str:
    """The portal copies a SAS token with the question mark of its address."""
    return token.removeprefix("?")


def _account_key(key: str, name: str, where: str) -> str:
    try:
        base64.b64decode(key, validate=True)
    except binascii.Error:
        fix = "Copy it again, from Access keys of the storage account"
        raise lacking(f"the account key in {name} is cut off", fix=fix, where=where) from None
    return key


def _from_connection_string(text: str, account: str, where: str) -> AzureCredentials:
    """Only keys are taken from it: where requests go is for the Datasource to say."""
    parts = dict(part.split("=", 1) for part in text.split(";") if "=" in part)
    if parts.get("AccountName", account) != account:
        raise lacking(
            f"{AZURE_CONNECTION_STRING} is for the account {parts['AccountName']}",
            fix=f"Copy that of {account}, or correct accountName in the Datasource",
            where=where,
        )
    if key := parts.get("AccountKey"):
        return AzureCredentials(account_key=_account_key(key, AZURE_CONNECTION_STRING, where))
    if token := parts.get("SharedAccessSignature"):
        return AzureCredentials(sas_token=_sas(token))
    fix = "Copy the connection string from Access keys of the storage account"
    raise lacking(f"{AZURE_CONNECTION_STRING} has no key", fix=fix, where=where)
