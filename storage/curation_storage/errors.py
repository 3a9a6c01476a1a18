"""The five words that every store's errors become, each with what to do about it."""

from curation_api import CurationError, ExitCode, Reason


class StorageError(CurationError):
    """A store said no, or said nothing."""


class NotFoundError(StorageError):
    """The bucket, folder or file is not there."""

    reason = Reason.NOT_FOUND
    exit_code = ExitCode.DATA_UNUSABLE


class AccessDeniedError(StorageError):
    """The store knows us, or not, and will not let us."""

    reason = Reason.ACCESS_DENIED
    exit_code = ExitCode.ACCESS_DENIED


class UnreachableError(StorageError):
    """The store does not answer."""

    reason = Reason.UNREACHABLE
    exit_code = ExitCode.TEMPORARY


class ThrottledError(StorageError):
    """The store asks us to slow down, and went on asking."""

    reason = Reason.THROTTLED
    exit_code = ExitCode.TEMPORARY


class ConflictError(StorageError):
    """Somebody else was first."""

    reason = Reason.CONFLICT
    exit_code = ExitCode.UNEXPECTED
