"""What was seen of Jobs and Pods, and of what others say about them."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from curation_api import RunReport


class Suspension(Enum):
    """Who holds a Job back."""

    NONE = auto()
    OURS = auto()
    OF_OTHERS = auto()
    """Kueue, or a person: not ours to lift."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSeen:
    """A Job that belongs to the object we look at."""

    name: str
    uid: str
    stage: str
    attempt: int = 1
    created_at: datetime
    started_at: datetime | None = None
    is_repeat: bool = False
    is_being_deleted: bool = False
    expires: bool = False
    queue_name: str | None = None
    shards: int = 1
    done_shards: int = 0
    failed_shards: str = ""
    failures: int = 0
    """How many Pods failed in a way that counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveJob(JobSeen):
    """A Job that may still start Pods."""

    suspension: Suspension = Suspension.NONE
    active: int = 0
    ready: int = 0
    terminating: int = 0
    deadline_seconds: int | None = None

    @property
    def has_pods(self) -> bool:
        """Whether anything of it is still running or on its way out."""
        return self.active > 0 or self.terminating > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SucceededJob(JobSeen):
    """A Job that has done its work."""

    finished_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedJob(JobSeen):
    """A Job that was given up by Kubernetes."""

    finished_at: datetime
    reason: str = ""
    message: str = ""


AnyJob = LiveJob | SucceededJob | FailedJob


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a container ended, and what it left as its last words."""

    exit_code: int
    reason: str = ""
    message: str = ""
    at: datetime | None
    """Not known where the container was gone before its node could look."""

    @property
    def report(self) -> RunReport | None:
        """The last words, where they are a report."""
        return RunReport.from_last_words(self.message)

    @property
    def was_out_of_memory(self) -> bool:
        """Whether the kernel ended it for want of memory."""
        return self.reason == "OOMKilled"


@dataclass(frozen=True, slots=True, kw_only=True)
class PodSeen:
    """A Pod of one of our Jobs."""

    name: str
    uid: str
    job_uid: str
    created_at: datetime
    index: int | None = None
    node: str | None = None
    ip: str | None = None
    phase: str = "Pending"
    scheduled_at: datetime | None = None
    unschedulable: str = ""
    """Why no node takes it, in the words of the scheduler."""
    waiting_reason: str = ""
    waiting_message: str = ""
    is_running: bool = False
    ended: Ended | None = None
    disrupted_at: datetime | None = None
    disruption: str = ""
    gone_by: datetime | None = None
    """When it was meant to be gone at the latest, once somebody has asked it to go."""

    @property
    def has_failed(self) -> bool:
        """Whether it ended badly, and not because it was taken away."""
        return self.phase == "Failed" and self.disrupted_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What some controller said about a Job or a Pod of ours."""

    about_uid: str
    reason: str
    message: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadSeen:
    """What Kueue keeps about a Job."""

    name: str
    admitted_at: datetime | None = None
    reason: str = ""
    message: str = ""
