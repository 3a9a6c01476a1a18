"""Why no Pod runs yet, in plain words: the queue, the scheduler, the image, a Secret, a quota."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from curation_api.problems import Reason
from curation_operator.planning.jobs import LiveJob, PodSeen, Remark, WorkloadSeen
from curation_operator.planning.seen import RunSeen
from curation_operator.planning.standing import Standing, queued, waiting
from curation_operator.planning.words import duration, quoted

_IMAGE_TROUBLE = frozenset(
    {
        "ErrImagePull",
        "ErrImageNeverPull",
        "ImageInspectError",
        "ImagePullBackOff",
        "InvalidImageName",
        "RegistryUnavailable",
    }
)
_CONFIG_TROUBLE = frozenset(
    {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
)
_NO_SECRET = re.compile(r'secrets? "(?P<name>[^"]+)" not found', re.IGNORECASE)
_NO_KEY = re.compile(
    r"(couldn't find key (?P<key>\S+) in Secret (?P<name>\S+)|references non-existent secret key:"
    r" (?P<other>\S+))"
)

# What the Job controller says when Pods of a Job are refused for good.
_REJECTED = re.compile(r"violates PodSecurity|denied the request|is forbidden|is invalid")
_OVER_QUOTA = re.compile(r"exceeded quota|must specify limits")


def why_it_waits_in_kueue(job: LiveJob, workload: WorkloadSeen | None) -> Standing:
    """A Job that somebody else holds back: Kueue, until there is quota."""
    if job.queue_name is None:
        return queued(
            Reason.NO_LOCAL_QUEUE,
            f"Job {job.name} is held back, and it names no queue."
            " To fix it: set job.queueName to a LocalQueue of this namespace.",
        )
    where = f"in LocalQueue {job.queue_name}"
    if workload is None:
        return queued(Reason.AWAITING_ADMISSION, f"Waiting for quota {where}.")
    said = f": {quoted(workload.message)}" if workload.message else "."
    match workload.reason:
        case "Preempted":
            return queued(Reason.PREEMPTED, f"Another workload was more urgent {where}{said}")
        case "Inadmissible":
            return queued(Reason.NO_LOCAL_QUEUE, f"Cannot be admitted {where}{said}")
        case reason if reason.startswith("Evicted"):
            return queued(Reason.EVICTED, f"Quota was taken back {where}{said}")
        case _:
            return queued(Reason.AWAITING_ADMISSION, f"Waiting for quota {where}{said}")


def why_no_pod_starts(
    job: LiveJob, pods: Iterable[PodSeen], remarks: Iterable[Remark]
) -> Standing | None:
    """What keeps the Pods of a Job from starting, where somebody has said it."""
    pending = [pod for pod in pods if pod.phase == "Pending" and pod.gone_by is None]
    for pod in pending:
        if (standing := _why_it_is_pending(pod, remarks)) is not None:
            return standing
    if not pending and (remark := _newest(remarks, job.uid, "FailedCreate")) is not None:
        return _why_none_was_created(remark)
    return None


def why_no_pod_runs(seen: RunSeen, job: LiveJob) -> Standing:
    """A Job that is free to start Pods, and none of them runs."""
    if (standing := why_no_pod_starts(job, seen.pods_of(job), seen.remarks)) is not None:
        return standing
    if job.failures:
        return waiting(
            Reason.AWAITING_PODS,
            f"A worker failed ({job.failures} of at most {(seen.options.retries or 0) + 1} times);"
            " Kubernetes will start it again.",
        )
    return waiting(Reason.AWAITING_PODS, f"Job {job.name} is there; its Pods are on their way.")


def _why_it_is_pending(pod: PodSeen, remarks: Iterable[Remark]) -> Standing | None:
    if pod.unschedulable:
        return waiting(
            Reason.UNSCHEDULABLE, f"No node takes Pod {pod.name}: {quoted(pod.unschedulable)}"
        )
    if pod.waiting_reason in _IMAGE_TROUBLE:
        return waiting(
            Reason.IMAGE_PULL_ERROR,
            f"The image of Pod {pod.name} cannot be had ({pod.waiting_reason}):"
            f" {quoted(pod.waiting_message)}",
        )
    if pod.waiting_reason in _CONFIG_TROUBLE:
        return _why_it_cannot_be_configured(pod, pod.waiting_message)
    if (remark := _newest(remarks, pod.uid, "FailedMount")) is not None:
        return _why_it_cannot_be_configured(pod, remark.message)
    return None


def _why_it_cannot_be_configured(pod: PodSeen, message: str) -> Standing:
    if (found := _NO_SECRET.search(message)) is not None:
        return waiting(
            Reason.SECRET_MISSING,
            f"Pod {pod.name} waits for Secret {found['name']}, which does not exist."
            " To fix it: create it; the run goes on by itself.",
        )
    if (found := _NO_KEY.search(message)) is not None:
        key = found["key"] or found["other"]
        of_secret = f" of Secret {found['name']}" if found["name"] else ""
        return waiting(
            Reason.SECRET_KEY_MISSING,
            f"Pod {pod.name} waits for key {quoted(key)}{quoted(of_secret)}, which does not exist.",
        )
    return waiting(
        Reason.CONTAINER_CONFIG_ERROR, f"Pod {pod.name} cannot be started: {quoted(message)}"
    )


def _why_none_was_created(remark: Remark) -> Standing:
    said = quoted(remark.message)
    if _OVER_QUOTA.search(remark.message):
        return queued(Reason.QUOTA_EXCEEDED, f"The quota of the namespace is used up: {said}")
    if _REJECTED.search(remark.message):
        return waiting(
            Reason.POD_TEMPLATE_REJECTED, f"The cluster does not take Pods like these: {said}"
        )
    return waiting(Reason.AWAITING_PODS, f"No Pod could be created yet: {said}")


def _newest(remarks: Iterable[Remark], uid: str, reason: str) -> Remark | None:
    ours = (remark for remark in remarks if (remark.about_uid, remark.reason) == (uid, reason))
    return max(ours, key=lambda remark: remark.at, default=None)


# A kubelet that is there ends a Pod right after its grace period.
PATIENCE = timedelta(minutes=10)


def stuck_pod(seen: RunSeen, job: LiveJob, now: datetime) -> Standing | None:
    """A Pod that should have been gone long ago: most likely its node is."""
    for pod in seen.pods_of(job):
        overdue = now - pod.gone_by if pod.gone_by else timedelta(0)
        if overdue > PATIENCE:
            return waiting(
                Reason.POD_STUCK_TERMINATING,
                f"Pod {pod.name} should have been gone {duration(overdue.total_seconds())} ago;"
                f" is node {pod.node} still there? To fix it: bring the node back, or delete it.",
            )
    return None


def seems_to_need_remarks(seen_pods: Iterable[PodSeen], job: LiveJob) -> bool:
    """Whether events may say more: no Pod was made, or one hangs before its container starts."""
    pods = list(seen_pods)
    if not pods:
        return job.active == 0
    return any(
        pod.phase == "Pending"
        and pod.scheduled_at is not None
        and pod.waiting_reason in {"", "ContainerCreating", "PodInitializing"}
        for pod in pods
    )
