"""How requests to Google Cloud Storage are signed: with a key file, or as the machine itself."""

import json
from collections.abc import Mapping
from datetime import UTC
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import google.auth
import google.auth.transport.requests
import requests
from google.auth.credentials import Signing, TokenState
from google.oauth2 import service_account

from curation_api.names import GCS_CREDENTIALS
from curation_storage.keys import lacking, needed
from curation_storage.patience import Patience

SCOPES = ("https://www.googleapis.com/auth/devstorage.read_write",)

# A key file names whom to ask for a token; whoever may write one must not send us to others.
TOKEN_ADDRESSES = (
    "https://oauth2.googleapis.com/token",
    "https://www.googleapis.com/oauth2/v4/token",
    "https://accounts.google.com/o/oauth2/token",
)
_UNIVERSE = "googleapis.com"


class GcsCredentials:
    """Tokens, each asked for when the one before is about to end."""

    def __init__(self, key: Mapping[str, str] | None, patience: Patience) -> None:
        self._key = key
        session = requests.Session()
        wait = patience.connect_seconds + patience.silence_seconds
        self._ask: Any = partial(google.auth.transport.requests.Request(session), timeout=wait)
        self._found: Any = None

    def load(self) -> Any:
        """The credentials of google-auth, with a token that is valid for now."""
        if self._found is None:
            self._found = self._find()
        if self._found.token_state is not TokenState.FRESH:
            self._found.refresh(self._ask)
        return self._found

    def for_obstore(self) -> dict[str, Any]:
        """The same, as obstore asks for it."""
        credentials = self.load()
        ends = credentials.expiry
        # google-auth speaks of UTC without saying so.
        expires_at = ends.replace(tzinfo=UTC) if ends else None
        return {"token": credentials.token, "expires_at": expires_at}

    def signing(self) -> dict[str, str]:
        """What it takes to sign an address without a key: to let Google sign it."""
        credentials = self.load()
        if isinstance(credentials, Signing):
            return {}
        return {
            "service_account_email": credentials.service_account_email,
            "access_token": credentials.token,
        }

    def _find(self) -> Any:
        if self._key is None:
            credentials, _ = google.auth.default(scopes=SCOPES, request=self._ask)
            return credentials
        return service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
            self._key, scopes=SCOPES
        )


def key_from(
    secret: Mapping[str, str] | None, *, endpoint_url: str | None, where: str
) -> dict[str, str] | None:
    """The key file in the Secret, once it is known to be one; None without any Secret."""
    if secret is None:
        return None
    try:
        key = json.loads(needed(secret, GCS_CREDENTIALS, where=where))
    except ValueError:
        key = None
    if not isinstance(key, dict) or key.get("type") != "service_account":
        # Other kinds of key files make whoever reads them run programs or call any address.
        raise lacking(
            f"{GCS_CREDENTIALS} is no key file of a service account",
            fix="Put the JSON file there that Google Cloud makes under Service accounts, Keys",
            where=where,
        )
    missing = [name for name in ("client_email", "private_key") if not key.get(name)]
    if missing:
        raise lacking(
            f"{GCS_CREDENTIALS} lacks {' and '.join(missing)}",
            fix="Make a new key file",
            where=where,
        )
    key.setdefault("token_uri", TOKEN_ADDRESSES[0])
    if not _is_allowed(str(key["token_uri"]), endpoint_url):
        raise lacking(
            f"the token_uri in {GCS_CREDENTIALS} is not one of Google's",
            fix=f"Set it to {TOKEN_ADDRESSES[0]}",
            where=where,
        )
    if key.get("universe_domain", _UNIVERSE) != _UNIVERSE:
        raise lacking(
            f"the universe_domain in {GCS_CREDENTIALS} is not {_UNIVERSE}",
            fix="Name the store in endpointUrl of the Datasource instead",
            where=where,
        )
    return key


def _is_allowed(token_uri: str, endpoint_url: str | None) -> bool:
    """Google itself, or the store that the Datasource names: it gets our tokens anyway."""
    if token_uri in TOKEN_ADDRESSES:
        return True
    return endpoint_url is not None and _origin(token_uri) == _origin(endpoint_url)


def _origin(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.scheme, parts.netloc


def secrets_in(key: Mapping[str, str] | None) -> tuple[str, ...]:
    """What must not be seen of a key file; its e-mail address may, and helps."""
    if key is None:
        return ()
    private = str(key["private_key"])
    lines = tuple(line for line in private.splitlines() if not line.startswith("-----"))
    return (private, str(key.get("private_key_id", "")), *lines)
