"""What can go wrong with a bucket, in five words, each with what to do about it."""

from dataclasses import dataclass
from enum import StrEnum

from curation_api.problems import CurationError, ExitCode, Reason


class StorageError(CurationError):
    """Something could not be done with a bucket."""

    def __init__(
        self,
        message: str,
        *,
        fix: str,
        reason: Reason,
        where: str,
        retry_after_seconds: float = 0,
    ) -> None:
        super().__init__(message, fix=fix, reason=reason, exit_code=EXIT_CODES[reason])
        self.where = where
        self.retry_after_seconds = retry_after_seconds

    @property
    def may_pass(self) -> bool:
        """Whether the same request may succeed a little later."""
        return self.problem.reason in _PASSING

    @property
    def concerns_one_file(self) -> bool:
        """Whether other files of the same place may be fine."""
        return self.problem.reason in _OF_ONE_FILE


class NotFoundError(StorageError):
    """It is not there."""


class AccessDeniedError(StorageError):
    """It may not be done with these keys."""


class UnreachableError(StorageError):
    """Nobody answers, or not as a bucket does."""


class ThrottledError(StorageError):
    """The store asks for fewer requests, and still did when patience ended."""


class ConflictError(StorageError):
    """Somebody else has written there."""


class Operation(StrEnum):
    """What was being done."""

    LIST = "Listing"
    READ = "Reading"
    WRITE = "Writing"
    REPLACE = "Replacing"
    DELETE = "Removing"
    SIGN = "Signing an address for"
    OPEN = "Opening"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What an answer of a store, or its silence, means."""

    reason: Reason
    detail: str = ""
    """The store's own words; may still hold secrets."""
    fix: str = ""
    """What to do, where the store knows better than the table below."""
    retry_after_seconds: float = 0


@dataclass(frozen=True, slots=True)
class Place:
    """What a message says about where something happened."""

    where: str
    """The file or folder."""
    bucket: str
    endpoint: str
    region: str = ""


def storage_error(
    trouble: Trouble, operation: Operation, place: Place, *, right: str = ""
) -> StorageError:
    """The error that says all of it; `right` is what has to be allowed for the operation."""
    names = {
        "where": place.where,
        "bucket": place.bucket,
        "endpoint": place.endpoint,
        "region": place.region,
        "right": right,
    }
    what = _SENTENCES[trouble.reason].format(**names)
    said = f" ({trouble.detail})" if trouble.detail else ""
    return _WORDS[trouble.reason](
        f"{operation} {place.where} failed: {what}{said}.",
        fix=trouble.fix or _FIXES[trouble.reason].format(**names),
        reason=trouble.reason,
        where=place.where,
        retry_after_seconds=trouble.retry_after_seconds,
    )


_WORDS: dict[Reason, type[StorageError]] = {
    Reason.NOT_FOUND: NotFoundError,
    Reason.BUCKET_NOT_FOUND: NotFoundError,
    Reason.PATH_NOT_FOUND: NotFoundError,
    Reason.ACCESS_DENIED: AccessDeniedError,
    Reason.BAD_KEY: AccessDeniedError,
    Reason.CLOCK_SKEW: AccessDeniedError,
    Reason.IDENTITY_NOT_BOUND: AccessDeniedError,
    Reason.SECRET_KEY_MISSING: AccessDeniedError,
    Reason.TOKEN_EXPIRED: AccessDeniedError,
    Reason.ENDPOINT_UNREACHABLE: UnreachableError,
    Reason.REGION_MISMATCH: UnreachableError,
    Reason.TLS_ERROR: UnreachableError,
    Reason.UNREACHABLE: UnreachableError,
    Reason.THROTTLED: ThrottledError,
    Reason.CONFLICT: ConflictError,
}

_PASSING = {Reason.ENDPOINT_UNREACHABLE, Reason.UNREACHABLE, Reason.THROTTLED}
_OF_ONE_FILE = {Reason.NOT_FOUND, Reason.ACCESS_DENIED, Reason.UNREACHABLE, Reason.CONFLICT}

EXIT_CODES: dict[Reason, ExitCode] = {
    Reason.NOT_FOUND: ExitCode.DATA_UNUSABLE,
    Reason.BUCKET_NOT_FOUND: ExitCode.INVALID_CONFIG,
    Reason.PATH_NOT_FOUND: ExitCode.INVALID_CONFIG,
    Reason.REGION_MISMATCH: ExitCode.INVALID_CONFIG,
    Reason.TLS_ERROR: ExitCode.INVALID_CONFIG,
    **dict.fromkeys(
        (reason for reason, word in _WORDS.items() if word is AccessDeniedError),
        ExitCode.ACCESS_DENIED,
    ),
    **dict.fromkeys((*_PASSING, Reason.CONFLICT), ExitCode.TEMPORARY),
}

_SENTENCES: dict[Reason, str] = {
    Reason.NOT_FOUND: "it is not there",
    Reason.BUCKET_NOT_FOUND: "there is no bucket {bucket}",
    Reason.PATH_NOT_FOUND: "there is no such folder",
    Reason.ACCESS_DENIED: "access is denied",
    Reason.BAD_KEY: "{endpoint} does not accept the key",
    Reason.CLOCK_SKEW: "the clock of this machine differs too much from that of {endpoint}",
    Reason.IDENTITY_NOT_BOUND: "no Secret is named, and the service account has no identity there",
    Reason.SECRET_KEY_MISSING: "the Secret does not have what is needed",
    Reason.TOKEN_EXPIRED: "the key has expired",
    Reason.ENDPOINT_UNREACHABLE: "nobody answers at {endpoint}",
    Reason.REGION_MISMATCH: "the bucket {bucket} is not in the region {region}",
    Reason.TLS_ERROR: "the certificate of {endpoint} is not trusted",
    Reason.UNREACHABLE: "{endpoint} does not answer as it should",
    Reason.THROTTLED: "{endpoint} keeps asking for fewer requests",
    Reason.CONFLICT: "somebody else has written there",
}

_FIXES: dict[Reason, str] = {
    Reason.NOT_FOUND: "Check the name; capital letters matter",
    Reason.BUCKET_NOT_FOUND: "Create the bucket {bucket}, or correct its name in the Datasource",
    Reason.PATH_NOT_FOUND: "Create the folder {where}; it may stay empty",
    Reason.ACCESS_DENIED: "Allow {right}",
    Reason.BAD_KEY: "Write the key into the Secret again, as it was issued",
    Reason.CLOCK_SKEW: "Set the clock of the node, for example by NTP",
    Reason.IDENTITY_NOT_BOUND: "Name a Secret in credentials, or bind serviceAccountName to an"
    " identity of the provider",
    Reason.SECRET_KEY_MISSING: "Add it to the Secret",
    Reason.TOKEN_EXPIRED: "Issue a new key and write it into the Secret",
    Reason.ENDPOINT_UNREACHABLE: "Check the address, and that the network lets Pods reach it",
    Reason.REGION_MISMATCH: "Correct region in the Datasource",
    Reason.TLS_ERROR: "Add its authority to the certificates that SSL_CERT_FILE names, or correct"
    " the address",
    Reason.UNREACHABLE: "Try again; if it stays, ask those who run {endpoint}",
    Reason.THROTTLED: "Try again later, or ask those who run {endpoint} for a higher limit",
    Reason.CONFLICT: "Let only one run write there at a time",
}
