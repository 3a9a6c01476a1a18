"""Buckets on Google Cloud Storage."""

from collections.abc import Iterator
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import requests
from google.api_core.exceptions import GoogleAPICallError, PreconditionFailed
from google.auth.exceptions import (
    DefaultCredentialsError,
    GoogleAuthError,
    RefreshError,
    TransportError,
)
from google.cloud import storage  # type: ignore[import-untyped]
from obstore.store import GCSStore as ObstoreGCS

from curation_api.problems import Reason
from curation_storage import fast_reads
from curation_storage.answers import Answer, silence_of, trouble_in
from curation_storage.errors import Operation, Trouble
from curation_storage.fast_reads import FastReads, FastStore
from curation_storage.gcs_credentials import GcsCredentials
from curation_storage.patience import Patience
from curation_storage.port import Listed
from curation_storage.store import PIECE_BYTES, Body, Page, PastTheEnd, Span

FILES_PER_PAGE = 1000
LONGEST_LIFETIME = timedelta(days=7)
GOOGLE = "https://storage.googleapis.com"

_CODES = {
    "AccessDenied": Reason.ACCESS_DENIED,
    "ExpiredToken": Reason.TOKEN_EXPIRED,
    "NoSuchBucket": Reason.BUCKET_NOT_FOUND,
    "NoSuchKey": Reason.NOT_FOUND,
    "PreconditionFailed": Reason.CONFLICT,
    "SlowDown": Reason.THROTTLED,
}

_RIGHTS = {
    Operation.LIST: "storage.objects.list on the bucket (role Storage Object Viewer)",
    Operation.READ: "storage.objects.get (role Storage Object Viewer)",
    Operation.WRITE: "storage.objects.create (role Storage Object User)",
    Operation.REPLACE: "storage.objects.create and .delete, which replacing a file takes"
    " (role Storage Object User)",
    Operation.DELETE: "storage.objects.delete (role Storage Object User)",
    Operation.SIGN: "iam.serviceAccounts.signBlob on the service account itself",
}

# The first of these that is in the text of a refused key says why.
_REFUSED_KEYS = (
    ("iat and exp", Reason.CLOCK_SKEW),
    ("expired", Reason.TOKEN_EXPIRED),
    ("", Reason.BAD_KEY),
)


class GcsStore(FastStore):
    """One bucket."""

    region = ""
    starts_anywhere = True

    def __init__(
        self,
        bucket: str,
        project: str,
        credentials: GcsCredentials,
        patience: Patience,
        *,
        endpoint_url: str | None = None,
        secrets: tuple[str, ...] = (),
    ) -> None:
        self.name = f"gs://{bucket}"
        self.endpoint = endpoint_url or GOOGLE
        self.secrets = secrets
        self._name = bucket
        self._project = project
        self._credentials = credentials
        self._patience = patience
        # Repeating is done in one place for all providers.
        self._once: dict[str, Any] = {
            "retry": None,
            "timeout": (patience.connect_seconds, patience.silence_seconds),
        }

    def page(self, prefix: str, token: str | None, *, after: str = "") -> Page:
        """Files whose keys start with the prefix."""
        blobs = self._bucket.list_blobs(
            prefix=prefix,
            page_token=token,
            start_offset=after or None,
            page_size=FILES_PER_PAGE,
            fields="items(name,size,updated,etag,generation),nextPageToken",
            **self._once,
        )
        files = [_file(blob) for blob in next(blobs.pages, ())]
        return Page(files, blobs.next_page_token)

    def _look_up_slowly(self, key: str) -> Listed:
        return _file(self._known(key))

    def put(self, key: str, content: bytes | Path, *, only_if_absent: bool) -> None:
        """Write a file, as a whole or not at all."""
        blob = self._bucket.blob(key)
        condition = {"if_generation_match": 0} if only_if_absent else {}
        if isinstance(content, bytes):
            blob.upload_from_string(content, "application/octet-stream", **condition, **self._once)
        else:
            blob.upload_from_filename(str(content), **condition, **self._once)

    def copy(self, source: str, target: str) -> None:
        """Make the target the same as the source."""
        target_blob, source_blob, token = self._bucket.blob(target), self._bucket.blob(source), None
        while True:
            # A large file takes several requests, each of which does a part on Google's side.
            token, _, _ = target_blob.rewrite(source_blob, token=token, **self._once)
            if token is None:
                return

    def delete(self, key: str) -> None:
        """Remove a file."""
        try:
            self._bucket.blob(key).delete(**self._once)
        except GoogleAPICallError as error:
            if trouble_in(_answer_in(error), _CODES).reason is not Reason.NOT_FOUND:
                raise

    def read_url(self, key: str, lifetime: timedelta) -> str:
        """An address from which anybody can read the file for a while."""
        url = self._bucket.blob(key).generate_signed_url(
            version="v4",
            expiration=min(lifetime, LONGEST_LIFETIME),
            api_access_endpoint=self.endpoint,
            **self._credentials.signing(),
        )
        return cast("str", url)

    def trouble(self, error: Exception) -> Trouble | None:
        """What an error of Google's libraries or of obstore means."""
        if isinstance(error, DefaultCredentialsError):
            return Trouble(Reason.IDENTITY_NOT_BOUND)
        if isinstance(error, RefreshError):
            text = str(error)
            reason = next(reason for words, reason in _REFUSED_KEYS if words in text)
            return Trouble(reason, text)
        if isinstance(error, GoogleAPICallError):
            return trouble_in(_answer_in(error), _CODES)
        if isinstance(error, TransportError | GoogleAuthError | requests.RequestException):
            return trouble_in(silence_of(error), _CODES)
        answer = fast_reads.answer_in(error)
        return None if answer is None else trouble_in(answer, _CODES)

    def right(self, operation: Operation, key: str) -> str:
        """What has to be allowed for an operation."""
        return _RIGHTS.get(operation, "") + f" for {key}"

    def _open_slowly(self, key: str, span: Span) -> Body:
        blob = self._known(key)
        if span.etag not in {None, blob.etag}:
            raise PreconditionFailed("it was replaced")  # type: ignore[no-untyped-call]
        stop = blob.size if span.stop is None else min(blob.size, span.stop)
        if span.start > 0 and span.start >= blob.size:
            raise PastTheEnd
        return Body(stop, blob.etag, _pieces(blob, span.start, stop, self._once))

    def _known(self, key: str) -> Any:
        blob = self._bucket.blob(key)
        blob.reload(**self._once)
        return blob

    @cached_property
    def _client(self) -> Any:
        return storage.Client(
            project=self._project,
            credentials=self._credentials.load(),
            client_options={"api_endpoint": self.endpoint},
        )

    @property
    def _bucket(self) -> Any:
        self._credentials.load()
        return self._client.bucket(self._name)

    def _be_ready(self) -> None:
        self._credentials.load()

    @cached_property
    def _fast(self) -> FastReads:
        store = ObstoreGCS(
            self._name,
            config={"base_url": self.endpoint},
            client_options=fast_reads.client_options(self._patience, self.endpoint),
            retry_config=fast_reads.NO_REPETITION,
            credential_provider=cast("Any", self._credentials.for_obstore),
        )
        return FastReads(store, has_versions=True)


def _file(blob: Any) -> Listed:
    return Listed(blob.name, blob.size, str(blob.generation), blob.updated)


def _pieces(blob: Any, start: int, stop: int, once: dict[str, Any]) -> Iterator[bytes]:
    while start < stop:
        last = min(start + PIECE_BYTES, stop) - 1
        # Every piece is of the content that was looked up, whatever is written meanwhile.
        piece = blob.download_as_bytes(
            start=start, end=last, if_generation_match=blob.generation, **once
        )
        yield piece
        start = last + 1


def _answer_in(error: GoogleAPICallError) -> Answer:
    said = _message_in(error.response)
    is_about_bucket = error.code == _NOT_FOUND and "bucket does not exist" in said
    return Answer(
        status=int(error.code or 0),
        code="NoSuchBucket" if is_about_bucket else "",
        message=said,
    )


def _message_in(response: requests.Response | None) -> str:
    """What Google says; the library's own text has the request and the whole answer around it."""
    try:
        return "" if response is None else str(response.json()["error"]["message"])
    except (ValueError, LookupError, TypeError):
        return ""


_NOT_FOUND = 404
