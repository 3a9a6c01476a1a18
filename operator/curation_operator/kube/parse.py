"""The JSON of Jobs, Pods and their neighbours as what was seen of them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from curation_api.names import (
    ATTEMPT_LABEL,
    QUEUE_NAME_LABEL,
    STAGE_LABEL,
    SUSPENDED_ANNOTATION,
)
from curation_operator.kube.port import Raw
from curation_operator.planning.failures import count_of_shards
from curation_operator.planning.jobs import (
    AnyJob,
    Ended,
    FailedJob,
    LiveJob,
    PodSeen,
    Remark,
    SucceededJob,
    Suspension,
    WorkloadSeen,
)
from curation_operator.planning.naming import is_repeat_of_another
from curation_operator.planning.pod import WORKER_CONTAINER

_INDEX_ANNOTATION = "batch.kubernetes.io/job-completion-index"


def time_of(text: str | None) -> datetime | None:
    """A point in time as the API server writes it."""
    return None if text is None else datetime.fromisoformat(text)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def jobs_of(items: list[Raw], owner_uid: str) -> tuple[AnyJob, ...]:
    """Those that belong to our object. Labels anybody can write; the owner decides."""
    ours = (item for item in items if owner_uid in _controllers(item))
    return tuple(_job(item) for item in ours)


def _controllers(item: Raw) -> Iterator[str]:
    for owner in item["metadata"].get("ownerReferences", []):
        if owner.get("controller"):
            yield owner["uid"]


def _job(item: Raw) -> AnyJob:
    metadata, spec, status = item["metadata"], item["spec"], item.get("status", {})
    labels = metadata.get("labels", {})
    shards = spec.get("completions") or 1
    indexes = status.get("completedIndexes")
    seen: dict[str, Any] = {
        "name": metadata["name"],
        "uid": metadata["uid"],
        "stage": labels.get(STAGE_LABEL, ""),
        "attempt": int(labels.get(ATTEMPT_LABEL, "1")),
        "created_at": _time(metadata["creationTimestamp"]),
        "started_at": time_of(status.get("startTime")),
        "is_repeat": is_repeat_of_another(metadata["name"]),
        "is_being_deleted": "deletionTimestamp" in metadata,
        "expires": "ttlSecondsAfterFinished" in spec,
        "queue_name": labels.get(QUEUE_NAME_LABEL),
        "shards": shards,
        "done_shards": count_of_shards(indexes) if indexes else status.get("succeeded", 0),
        "failed_shards": status.get("failedIndexes") or "",
        "failures": status.get("failed", 0),
    }
    for condition in status.get("conditions", []):
        if condition["status"] != "True":
            continue
        finished_at = _time(condition["lastTransitionTime"])
        if condition["type"] == "Complete":
            return SucceededJob(**seen, finished_at=finished_at)
        if condition["type"] == "Failed":
            return FailedJob(
                **seen,
                finished_at=finished_at,
                reason=condition.get("reason", ""),
                message=condition.get("message", ""),
            )
    return LiveJob(
        **seen,
        suspension=_suspension(item),
        active=status.get("active", 0),
        ready=status.get("ready", 0),
        terminating=status.get("terminating", 0),
        deadline_seconds=spec.get("activeDeadlineSeconds"),
    )


def _suspension(item: Raw) -> Suspension:
    if not item["spec"].get("suspend"):
        return Suspension.NONE
    ours = SUSPENDED_ANNOTATION in item["metadata"].get("annotations", {})
    return Suspension.OURS if ours else Suspension.OF_OTHERS


def pods_of(items: list[Raw]) -> tuple[PodSeen, ...]:
    """What was seen of Pods that some Job controls."""
    return tuple(_pod(item) for item in items if any(_controllers(item)))


def _pod(item: Raw) -> PodSeen:
    metadata, status = item["metadata"], item.get("status", {})
    conditions = {entry["type"]: entry for entry in status.get("conditions", [])}
    container = _worker(status)
    state = container.get("state", {})
    waiting = state.get("waiting", {})
    index = metadata.get("annotations", {}).get(_INDEX_ANNOTATION)
    scheduled, disrupted = conditions.get("PodScheduled"), conditions.get("DisruptionTarget")
    return PodSeen(
        name=metadata["name"],
        uid=metadata["uid"],
        job_uid=next(_controllers(item)),
        created_at=_time(metadata["creationTimestamp"]),
        index=None if index is None else int(index),
        node=item["spec"].get("nodeName"),
        ip=status.get("podIP"),
        phase=status.get("phase", "Pending"),
        scheduled_at=_since(scheduled),
        unschedulable=_why_unschedulable(scheduled),
        waiting_reason=waiting.get("reason", ""),
        waiting_message=waiting.get("message", ""),
        is_running="running" in state and status.get("phase") == "Running",
        ended=_ended(state.get("terminated")),
        disrupted_at=_since(disrupted),
        disruption=": ".join(filter(None, (status.get("reason"), status.get("message")))),
        gone_by=time_of(metadata.get("deletionTimestamp")),
    )


def _since(condition: Raw | None) -> datetime | None:
    """Since when a condition has been true, if it is."""
    if condition is None or condition["status"] != "True":
        return None
    return _time(condition["lastTransitionTime"])


def _worker(status: Raw) -> Raw:
    containers = status.get("containerStatuses", [])
    ours = (entry for entry in containers if entry["name"] == WORKER_CONTAINER)
    found: Raw = next(ours, {})
    return found


def _why_unschedulable(scheduled: Raw | None) -> str:
    if scheduled is None or scheduled["status"] == "True":
        return ""
    if scheduled.get("reason") not in {"Unschedulable", "SchedulingGated"}:
        return ""
    return scheduled.get("message") or str(scheduled["reason"])


def _ended(terminated: Raw | None) -> Ended | None:
    if terminated is None:
        return None
    return Ended(
        exit_code=terminated["exitCode"],
        reason=terminated.get("reason", ""),
        message=terminated.get("message", ""),
        at=time_of(terminated.get("finishedAt")),
    )


def remarks_of(items: list[Raw]) -> tuple[Remark, ...]:
    """What controllers and kubelets said."""
    return tuple(
        Remark(
            about_uid=item["involvedObject"].get("uid", ""),
            reason=item.get("reason", ""),
            message=item.get("message", ""),
            at=_time(_said_last(item)),
        )
        for item in items
    )


def _said_last(item: Raw) -> str:
    series = item.get("series") or {}
    said = series.get("lastObservedTime") or item.get("lastTimestamp") or item.get("eventTime")
    return str(said or item["metadata"]["creationTimestamp"])


def workload_of(items: list[Raw]) -> WorkloadSeen | None:
    """How the newest Workload of a Job stands with Kueue."""
    if not items:
        return None
    item = max(items, key=lambda entry: str(entry["metadata"]["creationTimestamp"]))
    conditions = {entry["type"]: entry for entry in item.get("status", {}).get("conditions", [])}
    admitted, reserved = conditions.get("Admitted"), conditions.get("QuotaReserved")
    decisive = next(
        (
            entry
            for kind in ("Preempted", "Evicted")
            if (entry := conditions.get(kind)) is not None and entry["status"] == "True"
        ),
        reserved,
    )
    return WorkloadSeen(
        name=item["metadata"]["name"],
        admitted_at=_since(admitted),
        reason=_kueue_reason(decisive),
        message=decisive.get("message", "") if decisive else "",
    )


def _kueue_reason(condition: Raw | None) -> str:
    if condition is None:
        return ""
    match condition["type"], condition.get("reason", ""):
        case "Preempted", _:
            return "Preempted"
        case "Evicted", "Preempted":
            return "Preempted"
        case "Evicted", reason:
            return f"EvictedDueTo{reason}"
        case _, reason:
            return str(reason)
