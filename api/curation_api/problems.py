"""One problem, one shape, all the way: what happened, what to do, and whether trying again helps.

The job raises a `CurationError`, leaves its `Problem` as termination message and exits with an
`ExitCode`; the operator copies the problem into a condition; the client prints it.
"""

from collections.abc import Iterator
from enum import IntEnum, StrEnum
from typing import Annotated, Any

from pydantic import Field, ValidationError

from curation_api.fields import LongText
from curation_api.model import ApiModel
from curation_api.spelling import guess


class ExitCode(IntEnum):
    """How a worker ends. The operator decides by this number whether to try again."""

    OK = 0
    UNEXPECTED = 1
    """Something nobody foresaw; trying again may help."""
    INVALID_CONFIG = 10
    ACCESS_DENIED = 11
    DATA_UNUSABLE = 12
    MODEL_MISSING = 13
    POISON_SHARD = 14
    """This shard cannot be processed; the others can."""
    GPU_HARDWARE = 20
    """The GPU failed; another node may do better."""
    TEMPORARY = 75
    """Something we depend on is away for the moment."""
    CHECKPOINTED = 143
    """Told to stop, and everything done so far is saved."""

    @property
    def trying_again_can_help(self) -> bool:
        """Whether the same work may succeed another time without anybody's help."""
        return self in {
            ExitCode.UNEXPECTED,
            ExitCode.GPU_HARDWARE,
            ExitCode.TEMPORARY,
            ExitCode.CHECKPOINTED,
        }


class Reason(StrEnum):
    """Why something is as it is, in one word that a program can compare."""

    # A run that can or cannot start.
    ACCEPTED = "Accepted"
    DATASOURCE_NOT_FOUND = "DatasourceNotFound"
    DATASOURCE_NOT_READY = "DatasourceNotReady"
    LOCATION_MISSING = "LocationMissing"
    INVALID_REFERENCE = "InvalidReference"
    POD_TEMPLATE_REJECTED = "PodTemplateRejected"
    PURPOSE_MISMATCH = "PurposeMismatch"
    OPERATOR_VERSION_UNSUPPORTED = "OperatorVersionUnsupported"

    # A run that waits.
    ADMITTED = "Admitted"
    AWAITING_ADMISSION = "AwaitingAdmission"
    AWAITING_EARLIER_RUN = "AwaitingEarlierRun"
    EVICTED = "Evicted"
    NO_LOCAL_QUEUE = "NoLocalQueue"
    NOT_QUEUED = "NotQueued"
    PREEMPTED = "Preempted"
    QUOTA_EXCEEDED = "QuotaExceeded"

    # A run that works.
    AWAITING_PODS = "AwaitingPods"
    BETWEEN_STAGES = "BetweenStages"
    CONTAINER_CONFIG_ERROR = "ContainerConfigError"
    FINISHED = "Finished"
    IMAGE_PULL_ERROR = "ImagePullError"
    NOT_STARTED = "NotStarted"
    PENDING = "Pending"
    PODS_ACTIVE = "PodsActive"
    RUNNING = "Running"
    STARTING = "Starting"
    UNSCHEDULABLE = "Unschedulable"

    # A run that pauses.
    RECONCILE_PAUSED = "ReconcilePaused"
    RESUMED = "Resumed"
    SUSPENDED = "Suspended"
    SUSPENDING = "Suspending"
    USER_REQUESTED = "UserRequested"

    # A run that ended.
    ALL_STAGES_SUCCEEDED = "AllStagesSucceeded"
    BACKOFF_LIMIT_EXCEEDED = "BackoffLimitExceeded"
    CANCELLED = "Cancelled"
    CRASHED = "Crashed"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    DISRUPTION_LIMIT_EXCEEDED = "DisruptionLimitExceeded"
    FAILED = "Failed"
    NAME_CONFLICT = "NameConflict"
    OPERATOR_FORBIDDEN = "OperatorForbidden"
    OUT_OF_MEMORY = "OutOfMemory"
    PLAN_LOST = "PlanLost"
    POD_STUCK_TERMINATING = "PodStuckTerminating"
    QUEUE_TIMEOUT = "QueueTimeout"
    STAGE_FAILED = "StageFailed"
    START_TIMEOUT = "StartTimeout"
    SUCCEEDED = "Succeeded"
    SUCCEEDED_WITH_SKIPPED_SHARDS = "SucceededWithSkippedShards"
    TOO_MANY_FAILED_SHARDS = "TooManyFailedShards"

    # What a worker ends with.
    DATASOURCE_ACCESS_DENIED = "DatasourceAccessDenied"
    DATA_UNUSABLE = "DataUnusable"
    GPU_HARDWARE = "GpuHardware"
    INVALID_CONFIG = "InvalidConfig"
    MODEL_MISSING = "ModelMissing"
    NO_SAMPLES_FOUND = "NoSamplesFound"
    POISON_SHARD = "PoisonShard"
    STOPPED = "Stopped"
    UNEXPECTED = "Unexpected"

    # What a look at a bucket finds.
    ACCESS_DENIED = "AccessDenied"
    BAD_KEY = "BadKey"
    BUCKET_NOT_FOUND = "BucketNotFound"
    CLOCK_SKEW = "ClockSkew"
    CONFLICT = "Conflict"
    EMPTY_PREFIX = "EmptyPrefix"
    ENDPOINT_UNREACHABLE = "EndpointUnreachable"
    IDENTITY_NOT_BOUND = "IdentityNotBound"
    NOT_FOUND = "NotFound"
    NOT_REQUIRED = "NotRequired"
    PATH_NOT_FOUND = "PathNotFound"
    PROBE_PENDING = "ProbePending"
    PROBE_SUCCEEDED = "ProbeSucceeded"
    PROBE_TIMEOUT = "ProbeTimeout"
    REGION_MISMATCH = "RegionMismatch"
    SECRET_KEY_MISSING = "SecretKeyMissing"  # noqa: S105  the name of a reason
    SECRET_MISSING = "SecretMissing"  # noqa: S105  the name of a reason
    THROTTLED = "Throttled"
    TLS_ERROR = "TLSError"
    TOKEN_EXPIRED = "TokenExpired"  # noqa: S105  the name of a reason
    UNREACHABLE = "Unreachable"


class Problem(ApiModel):
    """What went wrong, in words for the person who has to act."""

    reason: Annotated[Reason, Field(strict=False)]
    """One word that a program can compare."""

    message: LongText
    """What happened, with the names of this case."""

    fix: LongText = ""
    """What to do about it; empty when there is nothing to do but wait or report."""

    exit_code: Annotated[ExitCode, Field(strict=False)] = ExitCode.UNEXPECTED
    """The number the worker ends with."""

    @property
    def retryable(self) -> bool:
        """Whether the same work may succeed another time without anybody's help."""
        return self.exit_code.trying_again_can_help

    def __str__(self) -> str:
        """What happened and what to do, as one text."""
        if not self.fix:
            return self.message
        stop = "" if self.message.endswith((".", "?", "!")) else "."
        return f"{self.message}{stop} To fix it: {self.fix}."


class CurationError(Exception):
    """Something a user can act on. Everything else is a bug and keeps its traceback."""

    reason: Reason = Reason.UNEXPECTED
    exit_code: ExitCode = ExitCode.UNEXPECTED

    def __init__(
        self,
        message: str,
        *,
        fix: str = "",
        reason: Reason | None = None,
        exit_code: ExitCode | None = None,
    ) -> None:
        self.problem = Problem(
            reason=reason or self.reason,
            message=message,
            fix=fix.rstrip("."),
            exit_code=self.exit_code if exit_code is None else exit_code,
        )
        super().__init__(str(self.problem))


class InvalidConfigurationError(CurationError):
    """A configuration that cannot be carried out, with every problem it has."""

    reason = Reason.INVALID_CONFIG
    exit_code = ExitCode.INVALID_CONFIG


def problems_in(error: ValidationError) -> tuple[str, ...]:
    """Each problem of a refused object as one line: the dotted path, then what is wrong with it."""
    return tuple(
        f"{_dotted(line['loc'])}: {_in_words(line)}" if line["loc"] else _in_words(line)
        for line in error.errors()
    )


def _dotted(location: tuple[int | str, ...]) -> str:
    return "".join(_steps(location)).removeprefix(".")


def _steps(location: tuple[int | str, ...]) -> Iterator[str]:
    for step in location:
        if step == "[key]":  # pydantic's word for "the key itself is wrong"
            continue
        yield f"[{step}]" if isinstance(step, int) else f".{step}"


_WORDS = {
    "missing": "is required",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "string_type": "must be a text; put it in quotes",
    "list_type": "must be a list",
    "dict_type": "must be a set of keys and values",
    "model_type": "must be a set of keys and values",
    "finite_number": "must be a number, not infinity or NaN",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "too_short": "needs at least {min_length} of them, here are {actual_length}",
    "too_long": "may have at most {max_length} of them",
    "string_too_short": "needs at least {min_length} characters",
    "string_too_long": "may have at most {max_length} characters",
}


def _in_words(line: Any) -> str:
    kind, context = line["type"], line.get("ctx", {})
    if kind in {"enum", "literal_error"}:
        return _one_of(context["expected"], line["input"])
    words = _WORDS.get(kind)
    return words.format(**context) if words else str(line["msg"])


def _one_of(expected: str, value: object) -> str:
    choices = expected.replace(" or ", ", ").replace("'", "").split(", ")
    advice = guess(value, choices) if isinstance(value, str) else ""
    return f"{value!r} is not possible here, choose from {', '.join(choices)}{advice}"
