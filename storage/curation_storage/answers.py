"""What a store answered, or why it did not, in the same form whichever library asked it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from curation_api.problems import Reason
from curation_storage.errors import Trouble
from curation_storage.scrubbing import chain_of


@dataclass(frozen=True, slots=True)
class Answer:
    """A refusal."""

    status: int
    code: str = ""
    """The provider's word for it."""
    message: str = ""
    retry_after_seconds: float = 0


@dataclass(frozen=True, slots=True)
class Silence:
    """There was no answer, or only a part of one."""

    reason: Reason
    detail: str


def trouble_in(answer: Answer | Silence, codes: Mapping[str, Reason]) -> Trouble:
    """What it means; `codes` are the provider's words that say more than the status."""
    if isinstance(answer, Silence):
        return Trouble(answer.reason, answer.detail)
    return Trouble(
        codes.get(answer.code) or _by_status(answer.status),
        ": ".join(filter(None, (answer.code or f"status {answer.status}", answer.message))),
        retry_after_seconds=answer.retry_after_seconds,
    )


def _by_status(status: int) -> Reason:
    if status in _STATUSES:
        return _STATUSES[status]
    # What a store refuses for a reason that we do not know is not to be had by asking again.
    return Reason.ACCESS_DENIED if status < _FIRST_SERVER_ERROR else Reason.UNREACHABLE


_FIRST_SERVER_ERROR = 500
_STATUSES = {
    301: Reason.REGION_MISMATCH,
    307: Reason.REGION_MISMATCH,
    401: Reason.BAD_KEY,
    404: Reason.NOT_FOUND,
    408: Reason.UNREACHABLE,
    409: Reason.CONFLICT,
    412: Reason.CONFLICT,
    429: Reason.THROTTLED,
    503: Reason.THROTTLED,
}


def silence_of(error: BaseException) -> Silence:
    """Why a library got no answer, from its error and from those that led to it."""
    return silence_in(" ".join(f"{type(one).__name__}: {one}" for one in chain_of(error)))


def silence_in(text: str) -> Silence:
    """Why there was no answer, from what a library says about it."""
    for pattern, reason, detail in _SILENCES:
        if re.search(pattern, text):
            return Silence(reason, detail)
    return Silence(Reason.UNREACHABLE, "the connection broke")


# Every library has its own words for these; the first that fits counts.
_SILENCES = (
    (r"(?i)certificate.{0,40}expired|CertExpired", Reason.TLS_ERROR, "it has expired"),
    (
        r"(?i)certificate|UnknownIssuer|NotValidForName|SSLError|SSL:|InvalidContentType|handshake",
        Reason.TLS_ERROR,
        "",
    ),
    (
        r"dns error|NameResolution|gaierror|Name or service not known|name resolution",
        Reason.ENDPOINT_UNREACHABLE,
        "its name is not known",
    ),
    (r"(?i)connection refused", Reason.ENDPOINT_UNREACHABLE, "connection refused"),
    (
        r"(?i)no route to host|network is unreachable",
        Reason.ENDPOINT_UNREACHABLE,
        "there is no way to it",
    ),
    (r"(?i)connect ?timeout|kind: Connect\b", Reason.ENDPOINT_UNREACHABLE, "timed out"),
    (r"(?i)timed ?out|timeout", Reason.UNREACHABLE, "timed out"),
    (r"(?i)reset", Reason.UNREACHABLE, "the connection was reset"),
)
