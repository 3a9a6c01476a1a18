"""What an API server may answer instead of doing what it was asked, each with what to do."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from curation_api.problems import CurationError, ExitCode, Reason


class NotConnectedError(CurationError, ValueError):
    """Nothing says which cluster is meant, or who asks."""

    reason = Reason.INVALID_CONFIG
    exit_code = ExitCode.INVALID_CONFIG


class ApiException(CurationError):  # noqa: N818  the documented name
    """The API server did not do it. `status` is what HTTP calls it; 0 where there was no answer."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        fix: str = "",
        reason: Reason = Reason.UNEXPECTED,
        exit_code: ExitCode = ExitCode.UNEXPECTED,
    ) -> None:
        super().__init__(message, fix=fix, reason=reason, exit_code=exit_code)
        self.status = status


class UnauthorizedException(ApiException):
    """The API server does not know who asks."""


class ForbiddenException(ApiException):
    """The API server knows who asks, and does not allow it."""


class NotFoundException(ApiException):
    """It is not there."""


class ConflictException(ApiException):
    """Something of this name exists, or it has changed in between."""


class RefusedException(ApiException):
    """The API server finds something wrong with what was sent."""


class ServiceException(ApiException):
    """The API server cannot answer now: overloaded, starting, or not to be reached."""


class MaxRetryError(ServiceException):
    """It could not answer, however often it was asked."""


# The answers that may be others a moment later. A name that is taken stays so.
PASSING = frozenset(
    {
        0,
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.CONFLICT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


class AlreadyExistsException(ConflictException):
    """Something of this name exists."""


def may_pass(error: ApiException) -> bool:
    """Whether the same request may succeed a little later."""
    return error.status in PASSING and not isinstance(error, AlreadyExistsException)


def error_of(status: int, answer: Any, asked: str) -> ApiException:
    """The answer of an API server as an error; `asked` says what it was asked for."""
    said = answer if isinstance(answer, Mapping) else {"message": str(answer)[:300]}
    message, word = str(said.get("message", "")), said.get("reason")
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return UnauthorizedException(
                f"{asked} failed: the API server does not accept this identity",
                status=status,
                fix="Use a token that is still valid, or log in again so that the kubeconfig has"
                " one",
                reason=Reason.ACCESS_DENIED,
                exit_code=ExitCode.ACCESS_DENIED,
            )
        case HTTPStatus.FORBIDDEN:
            return ForbiddenException(
                f"{asked} is not allowed: {message}",
                status=status,
                fix="Ask whoever runs the cluster for this right, as a Role and a RoleBinding",
                reason=Reason.ACCESS_DENIED,
                exit_code=ExitCode.ACCESS_DENIED,
            )
        case HTTPStatus.NOT_FOUND:
            return NotFoundException(
                f"{asked} failed: {message}", status=status, reason=Reason.NOT_FOUND
            )
        case HTTPStatus.CONFLICT:
            kind = AlreadyExistsException if word == "AlreadyExists" else ConflictException
            return kind(f"{asked} failed: {message}", status=status, reason=Reason.CONFLICT)
        case HTTPStatus.BAD_REQUEST | HTTPStatus.UNPROCESSABLE_ENTITY:
            return RefusedException(
                f"{asked} failed: {message}",
                status=status,
                reason=Reason.INVALID_CONFIG,
                exit_code=ExitCode.INVALID_CONFIG,
            )
        case _:
            return unavailable(f"{asked} failed: {message or f'HTTP {status}'}", status=status)


def unavailable(message: str, *, status: int = 0) -> ServiceException:
    """The API server cannot answer now."""
    return ServiceException(
        message,
        status=status,
        fix="Check that the API server is reachable from here, and try again",
        reason=Reason.UNREACHABLE,
        exit_code=ExitCode.TEMPORARY,
    )
