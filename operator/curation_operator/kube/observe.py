"""A look at a run or a Datasource: live reads, and no more of them than a decision needs."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from pydantic import ValidationError

from curation_api import (
    CurationRunSpec,
    CurationRunStatus,
    DatasourceSpec,
    DatasourceStatus,
    JobConfig,
    problems_in,
)
from curation_api.conditions import ConditionStatus, RunCondition
from curation_api.names import (
    DATASOURCE_UID_LABEL,
    JOB_CONFIG_FILE,
    PROBE,
    RECONCILE_ANNOTATION,
    REPROBE_ANNOTATION,
    RUN_UID_LABEL,
    STAGE_LABEL,
)
from curation_api.problems import Reason
from curation_api.states import Priority, RunState
from curation_api.worker_progress import WorkerProgress
from curation_operator.kube.parse import jobs_of, pods_of, remarks_of, workload_of
from curation_operator.kube.port import Kube, Raw
from curation_operator.memory import Memory
from curation_operator.planning.diagnosis import seems_to_need_remarks
from curation_operator.planning.jobs import LiveJob, PodSeen, Remark, Suspension
from curation_operator.planning.keys import DatasourceKey, LineKey, RunKey
from curation_operator.planning.line import rank_of
from curation_operator.planning.naming import plan_name
from curation_operator.planning.seen import DatasourceSeen, RunSeen, SiblingSeen, UnreadableRun
from curation_operator.settings import OperatorSettings

# What a run waits for may be said about any of its Pods; a few of them tell enough.
PODS_TO_ASK_ABOUT = 3

# With more runs in line than this, one list is cheaper.
MOST_READ_BY_NAME = 8

# More workers than this are not asked for their progress: their shards are counted anyway.
WORKERS_TO_ASK = 32


class ProgressReader(Protocol):
    """Asks workers how far they are."""

    async def ask(self, addresses: Sequence[str]) -> tuple[WorkerProgress, ...]:
        """What those said that answered in time."""


async def observe_run(
    key: RunKey, kube: Kube, reader: ProgressReader, settings: OperatorSettings
) -> RunSeen | UnreadableRun | None:
    """A run and its Jobs; None when it is gone or about to be."""
    raw = await kube.run(key)
    if raw is None or "deletionTimestamp" in raw["metadata"]:
        return None
    bare = read_run(raw, settings)
    if isinstance(bare, UnreadableRun):
        return bare
    if bare.is_new:
        bare = await _with_frozen(bare, kube)
        if bare.frozen is None and bare.frozen_is_readable:
            return bare  # What is frozen is older than the first Job.
    jobs = await kube.jobs(key.namespace, f"{RUN_UID_LABEL}={bare.uid}")
    seen = replace(bare, jobs=jobs_of(jobs, bare.uid))
    if seen.is_finished or seen.is_paused:
        return seen
    if seen.jobs:
        pods = await kube.pods(key.namespace, f"{RUN_UID_LABEL}={bare.uid}")
        seen = replace(seen, pods=pods_of(pods))
    job = _at_work(seen)
    return await _look_closer(seen, job, kube, reader, settings) if job else seen


def _at_work(seen: RunSeen) -> LiveJob | None:
    """The Job that may have Pods; it needs nothing but to be followed."""
    stage = seen.next_stage
    job = seen.job_of(stage) if stage else None
    if isinstance(job, LiveJob) and job.suspension is not Suspension.OURS:
        return job
    return None


def has_to_look_around(seen: RunSeen) -> bool:
    """Whether what comes next depends on more than the run and its Jobs."""
    return not seen.is_finished and not seen.is_paused and _at_work(seen) is None


def read_run(raw: Raw, settings: OperatorSettings) -> RunSeen | UnreadableRun:
    """The run itself, without anything around it."""
    metadata = raw["metadata"]
    key = RunKey(metadata["namespace"], metadata["name"])
    try:
        spec = CurationRunSpec.stored(raw["spec"])
        status = CurationRunStatus.stored(raw.get("status") or {})
    except ValidationError as error:
        problems = problems_in(error)
        return UnreadableRun(
            key=key,
            generation=metadata["generation"],
            resource_version=metadata["resourceVersion"],
            problems=problems,
        )
    return RunSeen(
        key=key,
        uid=metadata["uid"],
        created_at=_created_at(raw),
        generation=metadata["generation"],
        resource_version=metadata["resourceVersion"],
        spec=spec,
        options=settings.job_options(spec.job),
        status=status,
        is_paused=_is_paused(raw),
    )


async def _look_closer(
    seen: RunSeen, job: LiveJob, kube: Kube, reader: ProgressReader, settings: OperatorSettings
) -> RunSeen:
    """At a Job that may be at work."""
    pods = seen.pods_of(job)
    if job.suspension is Suspension.OF_OTHERS and settings.kueue:
        workloads = await kube.workloads(seen.key.namespace, job.uid)
        return replace(seen, workload=workload_of(workloads))
    if seems_to_need_remarks(pods, job):
        return replace(seen, remarks=await _remarks(seen.key.namespace, job, pods, kube))
    working = [pod.ip for pod in pods if pod.is_running and pod.ip is not None]
    return replace(seen, progress=await reader.ask(working[:WORKERS_TO_ASK]))


async def _remarks(
    namespace: str, job: LiveJob, pods: Sequence[PodSeen], kube: Kube
) -> tuple[Remark, ...]:
    pending = [pod.uid for pod in pods if pod.phase == "Pending"]
    about = pending[:PODS_TO_ASK_ABOUT] if pods else [job.uid]
    remarks = [remarks_of(await kube.remarks(namespace, uid)) for uid in about]
    return tuple(remark for part in remarks for remark in part)


async def look_around(seen: RunSeen, kube: Kube, memory: Memory) -> RunSeen:
    """At what the next Job needs: the Datasource, what was frozen, and who else is in line."""
    namespace, datasource_name = seen.key.namespace, seen.spec.datasource_ref.name
    raw = await kube.datasource(DatasourceKey(namespace, datasource_name))
    datasource = None if raw is None else read_datasource(raw)
    if not seen.is_new:
        seen = await _with_frozen(seen, kube)
    siblings = await _siblings(seen, datasource, kube, memory)
    return replace(seen, datasource=datasource, siblings=siblings)


async def _with_frozen(seen: RunSeen, kube: Kube) -> RunSeen:
    name = plan_name(seen.key, seen.uid, seen.attempt)
    config, is_readable = _read_frozen(await kube.config_map(seen.key.namespace, name))
    return replace(seen, frozen=config, frozen_is_readable=is_readable)


def _read_frozen(raw: Raw | None) -> tuple[JobConfig | None, bool]:
    if raw is None:
        return None, True
    try:
        return JobConfig.stored(json.loads(raw["data"][JOB_CONFIG_FILE])), True
    except (ValidationError, KeyError, ValueError):
        return None, False


async def _siblings(
    seen: RunSeen, datasource: DatasourceSeen | None, kube: Kube, memory: Memory
) -> tuple[SiblingSeen, ...]:
    others = await unfinished_runs(seen.line, kube, memory, but=seen.key.name)
    if not others:
        return ()
    # A Job that exists says more than a status that could not be written.
    owners: set[str] = set()
    if datasource is not None:
        selector = f"{DATASOURCE_UID_LABEL}={datasource.uid},{STAGE_LABEL}!={PROBE}"
        owners = await kube.owners_of_jobs(seen.key.namespace, selector)
    return tuple(sibling_of(raw, has_job=raw["metadata"]["uid"] in owners) for raw in others)


async def unfinished_runs(
    line: LineKey, kube: Kube, memory: Memory, *, but: str | None = None
) -> list[Raw]:
    """The runs of a Datasource that have not ended, perhaps without one of them.

    For a list the API server goes through all runs of the namespace, so a few that are known are
    read by name.
    """
    known = memory.unfinished(line)
    names = None if known is None else known - {but}
    if names is None or len(names) > MOST_READ_BY_NAME:
        listed = await kube.unfinished_runs(line.namespace, line.datasource)
        return [raw for raw in listed if raw["metadata"]["name"] != but]
    unfinished = []
    for name in sorted(names):
        raw = await kube.run(RunKey(line.namespace, name))
        if raw is not None and _is_unfinished(raw, line):
            unfinished.append(raw)
        else:
            memory.forget(line, name)
    return unfinished


def _is_unfinished(raw: Raw, line: LineKey) -> bool:
    state = (raw.get("status") or {}).get("state")
    is_final = state in set(RunState) and RunState(state).is_final
    return raw["spec"]["datasourceRef"]["name"] == line.datasource and not is_final


# A run that cannot be accepted for a reason of its own does not keep others waiting.
_OWN_OBSTACLES = {
    Reason.INVALID_REFERENCE,
    Reason.OPERATOR_VERSION_UNSUPPORTED,
    Reason.PURPOSE_MISMATCH,
}


def sibling_of(raw: Raw, *, has_job: bool = False) -> SiblingSeen:
    """Another run of the same Datasource, as far as the line is concerned."""
    spec, status = raw["spec"], raw.get("status") or {}
    has_begun = has_job or "startTime" in status
    conditions = {entry["type"]: entry for entry in status.get("conditions", [])}
    accepted = conditions.get(RunCondition.ACCEPTED, {})
    is_turned_away = (
        accepted.get("status") == ConditionStatus.FALSE and accepted.get("reason") in _OWN_OBSTACLES
    )
    priority = spec.get("priority", Priority.MID)
    return SiblingSeen(
        name=raw["metadata"]["name"],
        created_at=_created_at(raw),
        priority=rank_of(Priority(priority)) if priority in set(Priority) else 0,
        is_at_work=has_begun and status.get("state") != RunState.SUSPENDED,
        stands_back=bool(
            spec.get("suspend") or spec.get("cancel") or is_turned_away or _is_paused(raw)
        ),
    )


async def observe_datasource(
    key: DatasourceKey, kube: Kube, *, other_probes: int
) -> DatasourceSeen | None:
    """A Datasource and its probes; None when it is gone or about to be."""
    raw = await kube.datasource(key)
    if raw is None or "deletionTimestamp" in raw["metadata"]:
        return None
    bare = read_datasource(raw)
    selector = f"{DATASOURCE_UID_LABEL}={bare.uid},{STAGE_LABEL}={PROBE}"
    jobs = jobs_of(await kube.jobs(key.namespace, selector), bare.uid)
    seen = replace(bare, jobs=jobs, other_probes=other_probes)
    fresh = [job for job in jobs if not job.expires]
    if not fresh:
        return seen
    pods = pods_of(await kube.pods(key.namespace, selector))
    seen = replace(seen, pods=pods)
    for job in fresh:
        of_job = [pod for pod in pods if pod.job_uid == job.uid]
        if isinstance(job, LiveJob) and seems_to_need_remarks(of_job, job):
            remarks = await _remarks(key.namespace, job, of_job, kube)
            seen = replace(seen, remarks=(*seen.remarks, *remarks))
    return seen


def read_datasource(raw: Raw) -> DatasourceSeen:
    """The Datasource itself."""
    metadata = raw["metadata"]
    return DatasourceSeen(
        key=DatasourceKey(metadata["namespace"], metadata["name"]),
        uid=metadata["uid"],
        created_at=_created_at(raw),
        generation=metadata["generation"],
        resource_version=metadata["resourceVersion"],
        spec=DatasourceSpec.stored(raw["spec"]),
        status=DatasourceStatus.stored(raw.get("status") or {}),
        is_paused=_is_paused(raw),
        reprobe=metadata.get("annotations", {}).get(REPROBE_ANNOTATION),
    )


def _is_paused(raw: Raw) -> bool:
    return bool(raw["metadata"].get("annotations", {}).get(RECONCILE_ANNOTATION) == "disabled")


def _created_at(raw: Raw) -> datetime:
    return datetime.fromisoformat(raw["metadata"]["creationTimestamp"])
