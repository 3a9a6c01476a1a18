"""A plan: what to do, what to write down, what to tell, and when to look again."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from curation_api import CurationRunStatus, DatasourceStatus
from curation_api.problems import Reason

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TryJob:
    """Ask the API server whether it would take this Job, without creating it."""

    manifest: Manifest


@dataclass(frozen=True, slots=True)
class CreateConfigMap:
    """Write down what decides the result; one of ours by the same name already there is fine."""

    manifest: Manifest


@dataclass(frozen=True, slots=True)
class CreateJob:
    """Start a Job; one of ours by the same name already there is fine."""

    manifest: Manifest


@dataclass(frozen=True, slots=True)
class SuspendJob:
    """Let a Job of ours stop its Pods and keep what is done."""

    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class ResumeJob:
    """Let a Job that we suspended go on."""

    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class DeleteJob:
    """Remove one of our own Jobs with its Pods; the UID makes sure that it is still that one."""

    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class ExpireJob:
    """Let Kubernetes remove a finished Job after a while. Only for what has been written down."""

    name: str
    uid: str
    after_seconds: int


@dataclass(frozen=True, slots=True)
class LimitJob:
    """Let Kubernetes end a Job in time even while nobody looks."""

    name: str
    uid: str
    deadline_seconds: int


@dataclass(frozen=True, slots=True)
class UpdateDatasource:
    """Write the status of a run's Datasource, unless it changed since it was read."""

    name: str
    resource_version: str
    status: DatasourceStatus


Action = (
    TryJob
    | CreateConfigMap
    | CreateJob
    | SuspendJob
    | ResumeJob
    | DeleteJob
    | ExpireJob
    | LimitJob
    | UpdateDatasource
)


class Tell(StrEnum):
    """What is told as an Event, by its reason."""

    PLAN_FROZEN = "PlanFrozen"
    JOB_CREATED = "JobCreated"
    JOB_DELETED_EXTERNALLY = "JobDeletedExternally"
    STAGE_STARTED = "StageStarted"
    STAGE_SUCCEEDED = "StageSucceeded"
    STAGE_FAILED = "StageFailed"
    SHARD_FAILED = "ShardFailed"
    POD_DISRUPTED = "PodDisrupted"
    UNSCHEDULABLE = "Unschedulable"
    QUEUE_EVICTED = "QueueEvicted"
    SUSPENDED = "Suspended"
    RESUMED = "Resumed"
    CANCEL_REQUESTED = "CancelRequested"
    CANCELLED = "Cancelled"
    COMPLETED = "Completed"
    RUN_FAILED = "RunFailed"
    NAME_CONFLICT = "NameConflict"
    ATTEMPT_IGNORED = "AttemptIgnored"
    PROBE_SUCCEEDED = "ProbeSucceeded"
    PROBE_FAILED = "ProbeFailed"


@dataclass(frozen=True, slots=True)
class Event:
    """Something to tell whoever watches the object."""

    reason: Tell
    note: str
    is_warning: bool = False


AT_ONCE = timedelta(0)


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run needs next."""

    status: CurationRunStatus
    actions: tuple[Action, ...] = ()
    events: tuple[Event, ...] = ()
    look_again: timedelta | None = None
    """None: whatever happens next comes with an event."""


@dataclass(frozen=True, slots=True)
class DatasourcePlan:
    """What a Datasource needs next."""

    status: DatasourceStatus
    actions: tuple[Action, ...] = ()
    events: tuple[Event, ...] = ()
    look_again: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An action that the API server will not carry out, however often we ask."""

    reason: Reason
    message: str


def sooner(*waits: timedelta | None) -> timedelta | None:
    """The shortest of these waits; None is for ever."""
    return min(_finite(waits), default=None)


def _finite(waits: Iterable[timedelta | None]) -> Iterable[timedelta]:
    return (max(AT_ONCE, wait) for wait in waits if wait is not None)
