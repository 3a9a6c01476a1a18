"""Buckets on S3, and on everything that speaks its language."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from typing import IO, Any, cast

from boto3.exceptions import S3UploadFailedError  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import (  # type: ignore[import-untyped]
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
)
from obstore.store import S3Store as ObstoreS3

from curation_api.problems import Reason
from curation_storage import fast_reads
from curation_storage.answers import Answer, silence_of, trouble_in
from curation_storage.errors import Operation, Trouble
from curation_storage.fast_reads import FastReads, FastStore
from curation_storage.patience import Patience
from curation_storage.port import Listed
from curation_storage.s3_credentials import FoundCredentials, session_with
from curation_storage.store import PIECE_BYTES, Body, Page, PastTheEnd, Span, version_of

FILES_PER_PAGE = 1000
LONGEST_LIFETIME = timedelta(days=7)
_EXPIRY_DATE = re.compile(r'expiry-date="([^"]+)"')
_DEFAULT_REGION = "us-east-1"  # what stores that are not AWS are content with

_CODES = {
    "AccessDenied": Reason.ACCESS_DENIED,
    "AllAccessDisabled": Reason.ACCESS_DENIED,
    "AuthorizationHeaderMalformed": Reason.REGION_MISMATCH,
    "ExpiredToken": Reason.TOKEN_EXPIRED,
    "ExpiredTokenException": Reason.TOKEN_EXPIRED,
    "IllegalLocationConstraintException": Reason.REGION_MISMATCH,
    "InternalError": Reason.UNREACHABLE,
    "InvalidAccessKeyId": Reason.BAD_KEY,
    "InvalidClientTokenId": Reason.BAD_KEY,
    "InvalidToken": Reason.BAD_KEY,
    "NoSuchBucket": Reason.BUCKET_NOT_FOUND,
    "NoSuchKey": Reason.NOT_FOUND,
    "PermanentRedirect": Reason.REGION_MISMATCH,
    "RequestTimeTooSkewed": Reason.CLOCK_SKEW,
    "RequestTimeout": Reason.UNREACHABLE,
    "SignatureDoesNotMatch": Reason.BAD_KEY,
    "SlowDown": Reason.THROTTLED,
}

_RIGHTS = {
    Operation.LIST: "s3:ListBucket on arn:aws:s3:::{bucket} for this prefix",
    Operation.READ: "s3:GetObject on arn:aws:s3:::{bucket}/{folder}*",
    Operation.WRITE: "s3:PutObject on arn:aws:s3:::{bucket}/{folder}*",
    Operation.REPLACE: "s3:PutObject on arn:aws:s3:::{bucket}/{folder}* for existing files too",
    Operation.DELETE: "s3:DeleteObject on arn:aws:s3:::{bucket}/{folder}*",
}


class S3Store(FastStore):
    """One bucket."""

    starts_anywhere = True

    def __init__(
        self,
        bucket: str,
        credentials: FoundCredentials,
        patience: Patience,
        *,
        region: str | None = None,
        endpoint_url: str | None = None,
        kms_key: str | None = None,
        secrets: tuple[str, ...] = (),
        role_arn: str | None = None,
    ) -> None:
        self.name = f"s3://{bucket}"
        self.region = region or _DEFAULT_REGION
        self.endpoint = endpoint_url or _aws_endpoint(self.region)
        self.secrets = secrets
        self._bucket = bucket
        self._credentials = credentials
        self._patience = patience
        self._is_aws = endpoint_url is None
        self._is_region_given = region is not None
        self._role_arn = role_arn
        self._encryption = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
        )

    def page(self, prefix: str, token: str | None, *, after: str = "") -> Page:
        """Files whose keys start with the prefix."""
        more = {"ContinuationToken": token} if token else {"StartAfter": after} if after else {}
        answer = self._client.list_objects_v2(
            Bucket=self._bucket, Prefix=prefix, MaxKeys=FILES_PER_PAGE, **more
        )
        files = [
            _listed(
                entry["Key"], entry, entry["Size"], datetime.fromisoformat(entry["LastModified"])
            )
            for entry in answer.get("Contents", ())
        ]
        return Page(files, answer.get("NextContinuationToken"))

    def _look_up_slowly(self, key: str) -> Listed:
        head = self._client.head_object(Bucket=self._bucket, Key=key)
        modified = parsedate_to_datetime(head["LastModified"])
        return _listed(key, head, head["ContentLength"], modified)

    def expires_at(self, key: str) -> datetime | None:
        """When a rule of the bucket will delete a file."""
        head = self._client.head_object(Bucket=self._bucket, Key=key)
        date = _EXPIRY_DATE.search(head.get("Expiration", ""))
        return None if date is None else parsedate_to_datetime(date[1])

    def put(self, key: str, content: bytes | Path, *, only_if_absent: bool) -> None:
        """Write a file, as a whole or not at all."""
        condition = {"IfNoneMatch": "*"} if only_if_absent else {}
        if isinstance(content, bytes):
            self._put(key, content, condition)
        elif only_if_absent:
            with content.open("rb") as file:
                self._put(key, file, condition)
        else:
            # In several parts, so that size does not matter.
            self._client.upload_file(
                str(content), self._bucket, key, ExtraArgs=self._encryption or None
            )

    def _put(self, key: str, content: bytes | IO[bytes], condition: Mapping[str, str]) -> None:
        self._client.put_object(
            Bucket=self._bucket, Key=key, Body=content, **condition, **self._encryption
        )

    def copy(self, source: str, target: str) -> None:
        """Make the target the same as the source."""
        self._client.copy(
            {"Bucket": self._bucket, "Key": source},
            self._bucket,
            target,
            ExtraArgs=self._encryption or None,
        )

    def delete(self, key: str) -> None:
        """Remove a file."""
        self._client.delete_object(Bucket=self._bucket, Key=key)

    def read_url(self, key: str, lifetime: timedelta) -> str:
        """An address from which anybody can read the file for a while."""
        seconds = int(min(lifetime, LONGEST_LIFETIME).total_seconds())
        url = self._client.generate_presigned_url(
            "get_object", {"Bucket": self._bucket, "Key": key}, ExpiresIn=seconds
        )
        return cast("str", url)

    def trouble(self, error: Exception) -> Trouble | None:
        """What an error of boto3 or obstore means."""
        if isinstance(error, S3UploadFailedError) and isinstance(error.__context__, Exception):
            return self.trouble(error.__context__)
        if isinstance(error, _OtherRegion):
            fix = f"Set region: {error.region} in the Datasource"
            return Trouble(Reason.REGION_MISMATCH, f"it is in {error.region}", fix)
        if isinstance(error, NoCredentialsError):
            return Trouble(Reason.IDENTITY_NOT_BOUND)
        if isinstance(error, ClientError):
            return self._refusal(error)
        if isinstance(error, BotoCoreError | HTTPClientError):
            return trouble_in(silence_of(error), _CODES)
        answer = fast_reads.answer_in(error)
        return None if answer is None else trouble_in(answer, _CODES)

    def right(self, operation: Operation, key: str) -> str:
        """What has to be allowed for an operation."""
        folder = key[: key.rfind("/") + 1]
        right = _RIGHTS.get(operation, "s3:GetObject")
        return right.format(bucket=self._bucket, folder=folder)

    def _refusal(self, error: ClientError) -> Trouble:
        trouble = trouble_in(answer_in(error), _CODES)
        is_about_role = error.operation_name == "AssumeRole"
        if is_about_role and trouble.reason in {Reason.ACCESS_DENIED, Reason.BAD_KEY}:
            return Trouble(
                Reason.BAD_KEY,
                f"taking on {self._role_arn} was refused",
                f"Check that {self._role_arn} trusts the identity of the worker, and that the"
                " external id in its trust policy is the externalId of the Secret",
            )
        return trouble

    def _open_slowly(self, key: str, span: Span) -> Body:
        wanted: dict[str, str] = {"IfMatch": span.etag} if span.etag else {}
        if span.start or span.stop is not None:
            last = "" if span.stop is None else span.stop - 1
            wanted["Range"] = f"bytes={span.start}-{last}"
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key, **wanted)
        except ClientError as error:
            if answer_in(error).code == "InvalidRange":
                raise PastTheEnd from None
            raise
        stop = span.start + answer["ContentLength"]
        return Body(stop, answer["ETag"], _pieces(answer["Body"]))

    @cached_property
    def _client(self) -> Any:
        client = session_with(self._credentials).client(
            "s3",
            region_name=self.region,
            endpoint_url=None if self._is_aws else self.endpoint,
            config=Config(
                signature_version="s3v4",
                connect_timeout=self._patience.connect_seconds,
                read_timeout=self._patience.silence_seconds,
                retries={"total_max_attempts": 1},
                ignore_configured_endpoint_urls=True,
                # Not every store knows the checksums that AWS does.
                request_checksum_calculation="when_supported" if self._is_aws else "when_required",
                response_checksum_validation="when_supported" if self._is_aws else "when_required",
                s3={"addressing_style": "auto" if self._is_aws else "path"},
                max_pool_connections=32,
            ),
        )
        client.meta.events.register("response-received.s3", self._check_region)
        return client

    def _be_ready(self) -> None:
        self._credentials.ensure()

    @cached_property
    def _fast(self) -> FastReads:
        store = ObstoreS3(
            self._bucket,
            config={
                "endpoint": self.endpoint,
                "region": self.region,
                "virtual_hosted_style_request": False,
            },
            client_options=fast_reads.client_options(self._patience, self.endpoint),
            retry_config=fast_reads.NO_REPETITION,
            credential_provider=cast("Any", self._credentials.for_obstore),
        )
        return FastReads(store)

    def _check_region(self, response_dict: Mapping[str, Any] | None = None, **_: object) -> None:
        """Say that the region is wrong; boto3 would go to the right one, and only boto3."""
        if response_dict is None or response_dict["status_code"] < _FIRST_REDIRECTION:
            return
        region = response_dict["headers"].get("x-amz-bucket-region")
        if self._is_region_given and region and region != self.region:
            raise _OtherRegion(region)


_FIRST_REDIRECTION = 300


class _OtherRegion(Exception):  # noqa: N818
    def __init__(self, region: str) -> None:
        super().__init__(region)
        self.region = region


def _aws_endpoint(region: str) -> str:
    suffix = ".cn" if region.startswith("cn-") else ""
    return f"https://s3.{region}.amazonaws.com{suffix}"


def answer_in(error: ClientError) -> Answer:
    """What was answered; some stores leave out parts of what AWS answers."""
    said = error.response.get("Error", {})
    facts = error.response.get("ResponseMetadata", {})
    after = facts.get("HTTPHeaders", {}).get("retry-after", "")
    code = str(said.get("Code") or "")
    return Answer(
        status=int(facts.get("HTTPStatusCode", 0)),
        code="" if code.isdigit() else code,
        message=str(said.get("Message") or ""),
        retry_after_seconds=float(after) if after.isdigit() else 0,
    )


def _pieces(stream: Any) -> Iterator[bytes]:
    with stream:
        yield from stream.iter_chunks(PIECE_BYTES)


def _listed(key: str, told: Mapping[str, Any], size: int, modified: datetime) -> Listed:
    return Listed(key, size, version_of(told["ETag"], size, modified), modified)
