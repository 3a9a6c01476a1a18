"""A small world in which plans are carried out: a run, its Jobs, and a Job controller.

It is like the real one in everything that plans can see.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from curation_api import CurationRunSpec, CurationRunStatus, JobConfig
from curation_api.names import JOB_CONFIG_FILE, QUEUE_NAME_LABEL, STAGE_LABEL
from curation_operator.planning.jobs import (
    AnyJob,
    Ended,
    FailedJob,
    LiveJob,
    PodSeen,
    SucceededJob,
    Suspension,
)
from curation_operator.planning.naming import is_repeat_of_another, plan_name
from curation_operator.planning.plan import (
    Action,
    CreateConfigMap,
    CreateJob,
    DeleteJob,
    ExpireJob,
    LimitJob,
    ResumeJob,
    SuspendJob,
    TryJob,
    UpdateDatasource,
)
from curation_operator.planning.seen import DatasourceSeen, RunSeen
from tests.curation_operator.builders import NOON, RUN, RUN_UID, SETTINGS, SPEC, a_datasource

HOPELESS = {10, 11, 12, 13}


@dataclass
class SimPod:
    """A Pod as the kubelet and the scheduler would have it."""

    name: str
    index: int
    created_at: datetime
    phase: str = "Pending"
    ended: Ended | None = None
    disrupted_at: datetime | None = None

    @property
    def is_active(self) -> bool:
        return self.phase in {"Pending", "Running"}


@dataclass
class SimJob:
    """A Job as the Job controller would have it."""

    manifest: Any
    uid: str
    created_at: datetime
    suspended_by: str | None = None
    pods: list[SimPod] = field(default_factory=list)
    done: set[int] = field(default_factory=set)
    failures: int = 0
    given_up: str | None = None
    finished_at: datetime | None = None
    is_being_deleted: bool = False
    expires: bool = False
    deadline_seconds: int | None = None
    owner: str = RUN_UID

    @property
    def name(self) -> str:
        return str(self.manifest["metadata"]["name"])

    @property
    def stage(self) -> str:
        return str(self.manifest["metadata"]["labels"][STAGE_LABEL])

    @property
    def shards(self) -> int:
        return int(self.manifest["spec"]["completions"])

    @property
    def is_finished(self) -> bool:
        return self.finished_at is not None

    @property
    def active(self) -> list[SimPod]:
        return [pod for pod in self.pods if pod.is_active]


class World:
    """Everything outside the operator."""

    def __init__(self, spec: dict[str, Any], *, kueue: bool = False) -> None:
        self.now = NOON
        self.spec = CurationRunSpec.model_validate({**SPEC, **spec})
        self.generation = 1
        self.status = CurationRunStatus()
        self.datasource: DatasourceSeen | None = a_datasource()
        self.plans: dict[str, JobConfig] = {}
        self.jobs: dict[str, SimJob] = {}
        self.kueue = kueue
        self.counter = 0
        self.pods_ever_deleted: list[str] = []

    def change(self, **fields: Any) -> None:
        """Somebody edits the spec."""
        changed = self.spec.model_copy(update=fields)
        if changed != self.spec:
            self.spec, self.generation = changed, self.generation + 1

    def run_seen(self) -> RunSeen:
        """What a live look at the API server would see."""
        bare = RunSeen(
            key=RUN,
            uid=RUN_UID,
            created_at=NOON,
            generation=self.generation,
            spec=self.spec,
            options=SETTINGS.job_options(self.spec.job),
            status=self.status,
            datasource=self.datasource,
            jobs=tuple(self._seen(job) for job in self.jobs.values()),
            pods=tuple(self._pods()),
        )
        return replace(bare, frozen=self.plans.get(plan_name(RUN, RUN_UID, bare.attempt)))

    def _seen(self, job: SimJob) -> AnyJob:
        common = {
            "name": job.name,
            "uid": job.uid,
            "stage": job.stage,
            "attempt": int(job.manifest["metadata"]["labels"]["curation.dev/attempt"]),
            "created_at": job.created_at,
            "started_at": None if job.suspended_by else job.created_at,
            "is_repeat": is_repeat_of_another(job.name),
            "is_being_deleted": job.is_being_deleted,
            "expires": job.expires,
            "queue_name": job.manifest["metadata"]["labels"].get(QUEUE_NAME_LABEL),
            "shards": job.shards,
            "done_shards": len(job.done),
            "failures": job.failures,
        }
        if job.finished_at is None:
            held = {
                None: Suspension.NONE,
                "operator": Suspension.OURS,
                "kueue": Suspension.OF_OTHERS,
            }
            return LiveJob(
                **common,
                suspension=held[job.suspended_by],
                active=len(job.active),
                ready=sum(pod.phase == "Running" for pod in job.pods),
                deadline_seconds=job.deadline_seconds,
            )
        if job.given_up is None:
            return SucceededJob(**common, finished_at=job.finished_at)
        return FailedJob(**common, finished_at=job.finished_at, reason=job.given_up)

    def _pods(self) -> Iterator[PodSeen]:
        for job in self.jobs.values():
            for pod in job.pods:
                yield PodSeen(
                    name=pod.name,
                    uid=pod.name,
                    job_uid=job.uid,
                    created_at=pod.created_at,
                    index=pod.index,
                    phase=pod.phase,
                    node="node-1",
                    is_running=pod.phase == "Running",
                    scheduled_at=pod.created_at,
                    ended=pod.ended,
                    disrupted_at=pod.disrupted_at,
                )

    # -- what the operator does ------------------------------------------------------------------

    def carry_out(self, action: Action) -> None:
        """What the API server makes of an action."""
        match action:
            case CreateConfigMap(manifest):
                config = JobConfig.model_validate_json(
                    manifest["data"][JOB_CONFIG_FILE], strict=False
                )
                self.plans.setdefault(manifest["metadata"]["name"], config)
            case CreateJob(manifest):
                self._create_job(manifest)
            case SuspendJob(name, uid):
                self._job(name, uid).suspended_by = "operator"
            case ResumeJob(name, uid):
                self._job(name, uid).suspended_by = None
            case DeleteJob(name, uid):
                self._job(name, uid).is_being_deleted = True
            case ExpireJob(name, uid):
                job = self._job(name, uid)
                assert job.is_finished
                job.expires = True
            case LimitJob(name, uid, deadline_seconds):
                self._job(name, uid).deadline_seconds = deadline_seconds
            case UpdateDatasource(status=status):
                if self.datasource is not None:
                    self.datasource = replace(self.datasource, status=status)
            case TryJob():
                pass

    def _create_job(self, manifest: Any) -> None:
        name = manifest["metadata"]["name"]
        if name in self.jobs:
            return
        self.counter += 1
        job = SimJob(manifest, f"job-uid-{self.counter}", self.now)
        if self.kueue and QUEUE_NAME_LABEL in manifest["metadata"]["labels"]:
            job.suspended_by = "kueue"
        self.jobs[name] = job

    def _job(self, name: str, uid: str) -> SimJob:
        job = self.jobs[name]
        assert job.uid == uid
        return job

    # -- what the cluster does -------------------------------------------------------------------

    def controllers_work(self) -> None:
        """The Job controller, garbage collection and TTL do what they do in a quiet moment."""
        for job in list(self.jobs.values()):
            if job.is_being_deleted:
                self.pods_ever_deleted += [pod.name for pod in job.active]
                del self.jobs[job.name]
            elif job.is_finished:
                continue
            elif job.suspended_by:
                self.pods_ever_deleted += [pod.name for pod in job.active]
                job.pods = [pod for pod in job.pods if not pod.is_active]
            else:
                self._make_pods(job)

    def _make_pods(self, job: SimJob) -> None:
        retries = self.run_seen().options.retries or 0
        for index in range(job.shards):
            failed = sum(
                pod.index == index and pod.phase == "Failed" and pod.disrupted_at is None
                for pod in job.pods
            )
            if failed > retries:
                self._finish(job, "BackoffLimitExceeded")
                return
            if index not in job.done and not any(pod.index == index for pod in job.active):
                self.counter += 1
                job.pods.append(SimPod(f"{job.name}-{self.counter}", index, self.now))

    def pods_start(self) -> None:
        """Every Pod that waits is started."""
        for job in self.jobs.values():
            for pod in job.active:
                pod.phase = "Running"

    def pod_ends(self, choice: int, exit_code: int, message: str = "", reason: str = "") -> None:
        """One of the running workers ends."""
        job, pod = self._some_running_pod(choice)
        if job is None or pod is None:
            return
        pod.ended = Ended(exit_code=exit_code, message=message, reason=reason, at=self.now)
        pod.phase = "Succeeded" if exit_code == 0 else "Failed"
        if exit_code == 0:
            job.done.add(pod.index)
            if len(job.done) == job.shards:
                self._finish(job, None)
            return
        job.failures += 1
        if exit_code in HOPELESS:
            self._finish(job, "PodFailurePolicy")

    def pod_is_taken_away(self, choice: int) -> None:
        """A node is reclaimed."""
        _, pod = self._some_running_pod(choice)
        if pod is not None:
            pod.phase, pod.disrupted_at = "Failed", self.now

    def kueue_admits(self) -> None:
        """There is quota."""
        for job in self.jobs.values():
            if job.suspended_by == "kueue":
                job.suspended_by = None

    def somebody_deletes_a_job(self) -> None:
        """And Kubernetes its Pods."""
        self.jobs = dict(list(self.jobs.items())[:-1])

    def pods_are_forgotten(self) -> None:
        """Finished Pods are removed, with the last words in them."""
        for job in self.jobs.values():
            job.pods = [pod for pod in job.pods if pod.is_active]

    def time_passes(self, seconds: int) -> None:
        """A clock that may also be set back."""
        self.now += timedelta(seconds=seconds)

    def _finish(self, job: SimJob, reason: str | None) -> None:
        job.given_up, job.finished_at = reason, self.now
        job.pods = [pod for pod in job.pods if not pod.is_active]

    def _some_running_pod(self, choice: int) -> tuple[SimJob | None, SimPod | None]:
        running = [
            (job, pod)
            for job in self.jobs.values()
            for pod in job.pods
            if pod.phase == "Running" and not job.is_finished
        ]
        return running[choice % len(running)] if running else (None, None)
