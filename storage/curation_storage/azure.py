"""Containers on Azure Blob Storage."""

import re
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from azure.core import MatchConditions
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
)
from azure.storage.blob import (
    BlobClient,
    BlobProperties,
    BlobSasPermissions,
    BlobServiceClient,
    ContainerClient,
    generate_blob_sas,
)
from obstore.store import AzureStore as ObstoreAzure

from curation_api.fields import has_dot_parts
from curation_api.problems import Reason
from curation_storage import fast_reads
from curation_storage.answers import Answer, silence_of, trouble_in
from curation_storage.azure_credentials import AzureCredentials
from curation_storage.errors import Operation, Trouble
from curation_storage.fast_reads import FastReads, FastStore
from curation_storage.patience import Patience
from curation_storage.port import Listed
from curation_storage.store import Body, Page, PastTheEnd, Span, version_of

FILES_PER_PAGE = 5000
# What Azure allows for addresses that an identity signs, and plenty for any other.
LONGEST_LIFETIME = timedelta(days=7)

_CODES = {
    "AuthorizationPermissionMismatch": Reason.ACCESS_DENIED,
    "AuthorizationFailure": Reason.ACCESS_DENIED,
    "BlobNotFound": Reason.NOT_FOUND,
    "ContainerBeingDeleted": Reason.BUCKET_NOT_FOUND,
    "ContainerNotFound": Reason.BUCKET_NOT_FOUND,
    "InternalError": Reason.UNREACHABLE,
    "InvalidAuthenticationInfo": Reason.BAD_KEY,
    "OperationTimedOut": Reason.UNREACHABLE,
    "ServerBusy": Reason.THROTTLED,
}
_INVALID_RANGE = "InvalidRange"

# The letter in a SAS token, and the role of an identity.
_RIGHTS = {
    Operation.LIST: "List (l in a SAS token, or the role Storage Blob Data Reader)",
    Operation.READ: "Read (r in a SAS token, or the role Storage Blob Data Reader)",
    Operation.WRITE: "Create (c in a SAS token, or the role Storage Blob Data Contributor)",
    Operation.REPLACE: "Write (w in a SAS token, or the role Storage Blob Data Contributor)",
    Operation.DELETE: "Delete (d in a SAS token, or the role Storage Blob Data Contributor)",
    Operation.SIGN: "an account key, or a SAS token that may do no more than read and list",
}
_HARMLESS = frozenset("rl")


class AzureStore(FastStore):
    """One container."""

    region = ""
    starts_anywhere = False

    def __init__(
        self,
        container: str,
        account: str,
        credentials: AzureCredentials,
        patience: Patience,
        *,
        endpoint_url: str | None = None,
    ) -> None:
        self.name = container
        self.endpoint = (endpoint_url or f"https://{account}.blob.core.windows.net").rstrip("/")
        self.secrets = credentials.secrets
        self._account = account
        self._credentials = credentials
        self._patience = patience

    def page(self, prefix: str, token: str | None, *, after: str = "") -> Page:  # noqa: ARG002
        """Files whose keys start with the prefix."""
        pages = self._container.list_blobs(
            name_starts_with=prefix or None, results_per_page=FILES_PER_PAGE
        ).by_page(token)
        files = [_file(blob) for blob in next(pages, ())]
        return Page(files, cast("Any", pages).continuation_token or None)

    def _look_up_slowly(self, key: str) -> Listed:
        return _file(self._blob(key).get_blob_properties())

    def put(self, key: str, content: bytes | Path, *, only_if_absent: bool) -> None:
        """Write a file, as a whole or not at all."""
        blob = self._blob(key)
        if isinstance(content, bytes):
            blob.upload_blob(content, overwrite=not only_if_absent)
            return
        with content.open("rb") as file:
            blob.upload_blob(file, overwrite=not only_if_absent, max_concurrency=4)

    def copy(self, source: str, target: str) -> None:
        """Make the target the same as the source."""
        copying = self._blob(target).start_copy_from_url(self._signed(source), requires_sync=True)
        if copying["copy_status"] != "success":
            raise HttpResponseError(f"copying ended as {copying['copy_status']}")

    def delete(self, key: str) -> None:
        """Remove a file."""
        try:
            self._blob(key).delete_blob()
        except ResourceNotFoundError as error:
            if trouble_in(_answer_in(error), _CODES).reason is not Reason.NOT_FOUND:
                raise

    def read_url(self, key: str, lifetime: timedelta) -> str:
        """An address from which anybody can read the file for a while."""
        permissions = set(self._credentials.sas_facts.get("sp", ""))
        if permissions and not permissions <= _HARMLESS:
            raise ClientAuthenticationError("the SAS token allows more than reading")
        return self._signed(key, min(lifetime, LONGEST_LIFETIME))

    def trouble(self, error: Exception) -> Trouble | None:
        """What an error of Azure's libraries or of obstore means."""
        if isinstance(error, _NoSuchNameError):
            return Trouble(Reason.NOT_FOUND, "no name here has parts '.' and '..'")
        if isinstance(error, ClientAuthenticationError) and error.response is None:
            is_ours = self._credentials.sas_token is not None
            reason = Reason.ACCESS_DENIED if is_ours else Reason.IDENTITY_NOT_BOUND
            return Trouble(reason, str(error.message) if is_ours else "")
        if isinstance(error, HttpResponseError) and error.status_code:
            return self._refusal(_answer_in(error))
        if isinstance(error, AzureError):
            return trouble_in(silence_of(error), _CODES)
        answer = fast_reads.answer_in(error)
        if isinstance(answer, Answer):
            return self._refusal(answer)
        return None if answer is None else trouble_in(answer, _CODES)

    def right(self, operation: Operation, key: str) -> str:  # noqa: ARG002  holds for all
        """What has to be allowed for an operation."""
        return f"{_RIGHTS.get(operation, '')} in the container {self.name} of {self._account}"

    def _refusal(self, answer: Answer) -> Trouble:
        trouble = trouble_in(answer, _CODES)
        if trouble.reason not in {Reason.ACCESS_DENIED, Reason.BAD_KEY}:
            return trouble
        if self._credentials.has_expired:
            return Trouble(Reason.TOKEN_EXPIRED, "the SAS token says so", _NEW_SAS)
        if answer.code == "AuthenticationFailed":
            return _unauthenticated(answer)
        if answer.code == "AuthorizationFailure":
            # Not this file or this right: a part of the account that is closed to whoever asks.
            return Trouble(Reason.BAD_KEY, trouble.detail, _CHECK_KEY_AND_NETWORK)
        return trouble

    def _signed(self, key: str, lifetime: timedelta = timedelta(hours=1)) -> str:
        token = self._credentials.sas_token or self._sign(key, datetime.now(UTC) + lifetime)
        return f"{self.endpoint}/{self.name}/{quote(key)}?{token}"

    def _sign(self, key: str, expires_at: datetime) -> str:
        by: dict[str, Any] = {"account_key": self._credentials.account_key}
        if not self._credentials.account_key:
            started = datetime.now(UTC) - timedelta(minutes=5)
            key_of_identity = self._service.get_user_delegation_key(started, expires_at)
            by = {"user_delegation_key": key_of_identity}
        return generate_blob_sas(
            self._account,
            self.name,
            key,
            permission=BlobSasPermissions(read=True),
            expiry=expires_at,
            **by,
        )

    def _open_slowly(self, key: str, span: Span) -> Body:
        condition: dict[str, Any] = {}
        if span.etag:
            condition = {"etag": span.etag, "match_condition": MatchConditions.IfNotModified}
        length = None if span.stop is None else span.stop - span.start
        try:
            download = self._blob(key).download_blob(span.start, length, **condition)
        except HttpResponseError as error:
            if _answer_in(error).code == _INVALID_RANGE:
                raise PastTheEnd from None
            raise
        return Body(span.start + download.size, download.properties.etag, download.chunks())

    def _blob(self, key: str) -> BlobClient:
        if has_dot_parts(key):
            # Whoever sends such an address tidies it up, and so asks for another file.
            raise _NoSuchNameError
        return self._container.get_blob_client(key)

    @cached_property
    def _service(self) -> BlobServiceClient:
        return BlobServiceClient(
            self.endpoint,
            credential=self._credentials.for_client(self._account),
            connection_timeout=self._patience.connect_seconds,
            read_timeout=self._patience.silence_seconds,
            retry_total=0,
        )

    @cached_property
    def _container(self) -> ContainerClient:
        return self._service.get_container_client(self.name)

    def _be_ready(self) -> None:
        self._credentials.ensure()

    @cached_property
    def _fast(self) -> FastReads:
        store = ObstoreAzure(
            self.name,
            config={"account_name": self._account, "endpoint": self.endpoint},
            client_options=fast_reads.client_options(self._patience, self.endpoint),
            retry_config=fast_reads.NO_REPETITION,
            credential_provider=cast("Any", self._credentials.for_obstore),
        )
        return FastReads(store)


class _NoSuchNameError(Exception):
    """Azure has no files with such names."""


_LINES_OF_NO_NEWS = re.compile(r"(?m)^(?:RequestId|Time|ErrorCode|Content):.*$|<\?xml.*$")
_NEW_SAS = "Issue a new SAS token with a later expiry and write it into the Secret"
_CHECK_KEY_AND_NETWORK = (
    "Check that the key in the Secret is whole, and that the storage account's network rules let"
    " this network in"
)


def _unauthenticated(answer: Answer) -> Trouble:
    """Azure has one code for several things, and says in words which one it was."""
    text = answer.message
    if "not valid in the specified time frame" in text:
        return Trouble(Reason.TOKEN_EXPIRED, "it is not valid at this time", _NEW_SAS)
    if "date header" in text or "too old" in text:
        return Trouble(Reason.CLOCK_SKEW, answer.code)
    return Trouble(Reason.BAD_KEY, answer.code)


def _file(blob: BlobProperties) -> Listed:
    size, modified = int(blob.size), blob.last_modified
    return Listed(str(blob.name), size, version_of(str(blob.etag), size, modified), modified)


def _answer_in(error: HttpResponseError) -> Answer:
    response: Any = error.response
    after = str(response.headers.get("retry-after", "")) if response is not None else ""
    code: Any = getattr(error, "error_code", None)
    return Answer(
        status=error.status_code or 0,
        # Codes that the library knows are members of an enumeration; others are texts.
        code=str(getattr(code, "value", code) or ""),
        message=" ".join(_LINES_OF_NO_NEWS.sub("", str(error.message or "")).split())
        .removeprefix("Operation returned an invalid status ")
        .strip("'"),
        retry_after_seconds=float(after) if after.isdigit() else 0,
    )
