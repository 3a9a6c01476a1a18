"""What an API server may answer instead of doing what it was asked, sorted by what follows."""

import re

from curation_api.problems import Reason
from curation_operator.planning.plan import Refusal


class ApiError(Exception):
    """The API server did not do it."""

    def __init__(self, status: int, message: str, *, reason: str = "") -> None:
        super().__init__(f"{status} {reason}: {message}" if reason else f"{status}: {message}")
        self.status, self.message, self.reason = status, message, reason


class NotThereError(ApiError):
    """It is gone, or its kind is not served."""


class ConflictError(ApiError):
    """It is no longer what it was when we looked: look again."""


class AlreadyThereError(ApiError):
    """Something of this name exists."""


class UnavailableError(ApiError):
    """It cannot answer now: overloaded, starting, or not to be reached."""


class RefusedError(ApiError):
    """Asking again will not help before somebody has changed something."""

    def __init__(self, status: int, message: str, *, why: Reason, reason: str = "") -> None:
        super().__init__(status, message, reason=reason)
        self.refusal = Refusal(why, message)


_BY_RBAC = re.compile(r'User "[^"]*" cannot ')


def error_of(status: int, message: str, reason: str) -> ApiError:
    """The answer of an API server as an error."""
    match status:
        case 404:
            return NotThereError(status, message, reason=reason)
        case 409 if reason == "AlreadyExists":
            return AlreadyThereError(status, message, reason=reason)
        case 422 if "metadata.uid: Invalid value" in message:  # Another one by that name.
            return ConflictError(status, message, reason=reason)
        case 409:
            return ConflictError(status, message, reason=reason)
        case 403 if _BY_RBAC.search(message):
            return RefusedError(status, message, why=Reason.OPERATOR_FORBIDDEN, reason=reason)
        case 403 if "exceeded quota" in message:
            return RefusedError(status, message, why=Reason.QUOTA_EXCEEDED, reason=reason)
        case 403 if "being terminated" in message:  # Its namespace goes, and it with it.
            return NotThereError(status, message, reason=reason)
        case 400 | 403 | 413 | 422:
            return RefusedError(status, message, why=Reason.POD_TEMPLATE_REJECTED, reason=reason)
        case _:
            return UnavailableError(status, message, reason=reason)
