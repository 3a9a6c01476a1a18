"""What one look at the cluster has seen: everything that a decision may depend on, but the time."""

from dataclasses import dataclass, replace
from datetime import datetime

from curation_api import (
    CurationRunSpec,
    CurationRunStatus,
    DatasourceSpec,
    DatasourceStatus,
    JobConfig,
)
from curation_api.conditions import Condition, ConditionStatus, DatasourceCondition, RunCondition
from curation_api.job_options import JobOptions
from curation_api.problems import Reason
from curation_api.states import RunState, Stage
from curation_api.worker_progress import WorkerProgress
from curation_operator.planning.jobs import AnyJob, JobSeen, PodSeen, Remark, WorkloadSeen
from curation_operator.planning.keys import DatasourceKey, LineKey, RunKey
from curation_operator.planning.stages import stages_of

NOTHING_WRITTEN = CurationRunStatus()
NOTHING_KNOWN = DatasourceStatus()


@dataclass(frozen=True, slots=True, kw_only=True)
class SiblingSeen:
    """Another unfinished run of the same Datasource."""

    name: str
    created_at: datetime
    priority: int = 1
    is_at_work: bool = False
    stands_back: bool = False
    """It is suspended or about to be cancelled, and lets others go first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasourceSeen:
    """A Datasource, and the Jobs that looked at its rights."""

    key: DatasourceKey
    uid: str
    created_at: datetime
    generation: int
    resource_version: str = ""
    spec: DatasourceSpec
    status: DatasourceStatus = NOTHING_KNOWN
    is_paused: bool = False
    reprobe: str | None = None
    jobs: tuple[AnyJob, ...] = ()
    pods: tuple[PodSeen, ...] = ()
    remarks: tuple[Remark, ...] = ()
    other_probes: int = 0
    """How many probes of other Datasources are at work."""

    def condition(self, kind: DatasourceCondition) -> Condition | None:
        """One of its conditions."""
        return condition_in(self.status.conditions, kind)

    @property
    def is_ready(self) -> bool:
        """Whether its rights were looked at as it now is, and found sufficient."""
        ready = self.condition(DatasourceCondition.READY)
        return (
            ready is not None
            and ready.status is ConditionStatus.TRUE
            and self.status.observed_generation == self.generation
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSeen:
    """A CurationRun and everything around it."""

    key: RunKey
    uid: str
    created_at: datetime
    generation: int
    resource_version: str = ""
    spec: CurationRunSpec
    options: JobOptions
    """`spec.job` with every default."""
    status: CurationRunStatus = NOTHING_WRITTEN
    is_paused: bool = False
    datasource: DatasourceSeen | None = None
    frozen: JobConfig | None = None
    """What this attempt was started with, as its ConfigMap says."""
    frozen_is_readable: bool = True
    """False when a newer operator wrote it."""
    jobs: tuple[AnyJob, ...] = ()
    pods: tuple[PodSeen, ...] = ()
    remarks: tuple[Remark, ...] = ()
    progress: tuple[WorkerProgress, ...] = ()
    workload: WorkloadSeen | None = None
    siblings: tuple[SiblingSeen, ...] = ()

    @property
    def line(self) -> LineKey:
        """The runs among which it waits for its turn."""
        return LineKey(self.key.namespace, self.spec.datasource_ref.name)

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever written about it, though something may have been done."""
        return self.status.state is None

    @property
    def attempt(self) -> int:
        """Which attempt is at work, or was the last one to be.

        A Job that exists says more than a wish: whoever created it may have been killed before the
        attempt was written down.
        """
        written = self.status.attempt or 0
        if written and not self.wants_another_attempt:
            return written
        begun = (job.attempt for job in self.jobs if job.attempt > written)
        return min(begun, default=self.spec.attempt)

    @property
    def state(self) -> RunState:
        """The state that was written last."""
        return self.status.state or RunState.PENDING

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The parts of this run. How it is split up was decided when it was frozen."""
        return stages_of(self.spec, is_split_up=self._is_split_up)

    @property
    def _is_split_up(self) -> bool:
        if self.frozen is not None:
            return self.frozen.shards > 1
        begun = {job.stage for job in self.jobs if job.attempt == self.attempt}
        return Stage.ALL not in begun if begun else self.shards > 1

    @property
    def shards(self) -> int:
        """Into how many parts embedding would be split if it started now."""
        return self.options.parallelism or 1

    @property
    def next_stage(self) -> Stage | None:
        """The first part that has not succeeded; None when all have."""
        done = {
            stage.name for stage in self.status.stages or [] if stage.state is RunState.COMPLETED
        }
        return next((stage for stage in self.stages if stage not in done), None)

    def job_of(self, stage: Stage) -> AnyJob | None:
        """The Job that does this part in this attempt; a repeat stands for the Job it repeats."""
        candidates = [job for job in self.jobs if (job.stage, job.attempt) == (stage, self.attempt)]
        return max(candidates, key=lambda job: job.is_repeat, default=None)

    def pods_of(self, job: JobSeen) -> tuple[PodSeen, ...]:
        """The Pods of a Job, oldest first."""
        pods = (pod for pod in self.pods if pod.job_uid == job.uid)
        return tuple(sorted(pods, key=lambda pod: (pod.created_at, pod.name)))

    def condition(self, kind: RunCondition) -> Condition | None:
        """One of its conditions."""
        return condition_in(self.status.conditions, kind)

    def is_true(self, kind: RunCondition) -> bool:
        """Whether a condition holds."""
        condition = self.condition(kind)
        return condition is not None and condition.status is ConditionStatus.TRUE

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state.is_final and not self.wants_another_attempt

    @property
    def wants_another_attempt(self) -> bool:
        """Whether it ended badly and somebody asks to try again."""
        return (
            self.state.is_final
            and self.state is not RunState.COMPLETED
            and self.spec.attempt > (self.status.attempt or 0)
            and not self.spec.cancel
        )

    def in_its_next_attempt(self) -> "RunSeen":
        """The same run as it stands before another attempt: what succeeded stays."""
        kept = [stage for stage in self.status.stages or [] if stage.state is RunState.COMPLETED]
        status = self.status.model_copy(
            update={
                "state": None,
                "step": None,
                "message": None,
                "progress": None,
                "attempt": self.attempt,
                "completion_time": None,
                "active_seconds": None,
                "stages": kept or None,
                "plan": None,
                "queue": None,
                "conditions": _without_acceptance(self.status.conditions),
            }
        )
        return replace(self, status=status)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableRun:
    """A run that says something this operator does not know."""

    key: RunKey
    generation: int
    resource_version: str = ""
    status: CurationRunStatus = NOTHING_WRITTEN
    problems: tuple[str, ...] = ()


def ready_in(status: CurationRunStatus | DatasourceStatus) -> Condition | None:
    """The condition that sums up a status."""
    return condition_in(status.conditions, RunCondition.READY)


def condition_in(conditions: list[Condition] | None, kind: str) -> Condition | None:
    """The condition of this type."""
    return next((entry for entry in conditions or [] if entry.type == kind), None)


def _without_acceptance(conditions: list[Condition] | None) -> list[Condition] | None:
    """A new attempt is accepted anew; since when it is not Ready stays true."""
    return [
        entry.model_copy(update={"status": ConditionStatus.UNKNOWN, "reason": Reason.PENDING})
        if entry.type == RunCondition.ACCEPTED
        else entry
        for entry in conditions or []
    ] or None
