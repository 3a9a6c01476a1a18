"""Ends that somebody decides: the person who cancels, and the limits that a run was given."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from curation_api.conditions import ConditionStatus, RunCondition
from curation_api.problems import Reason
from curation_api.states import RunState
from curation_operator.planning.failures import advice_on_memory
from curation_operator.planning.jobs import LiveJob, PodSeen
from curation_operator.planning.seen import RunSeen
from curation_operator.planning.standing import Standing, ended
from curation_operator.planning.words import duration, quoted

# One worker that runs out of memory may be bad luck; the second one tells that it will go on.
OUT_OF_MEMORY_LIMIT = 2

# Everything else that is decided here is a person's or a policy's wish, and ends as Aborted.
_STATE_OF = {
    Reason.NAME_CONFLICT: RunState.FAILED,
    Reason.PLAN_LOST: RunState.FAILED,
    Reason.OUT_OF_MEMORY: RunState.CRASHED,
    Reason.POD_TEMPLATE_REJECTED: RunState.FAILED,
}


def decided(reason: Reason, message: str) -> Standing:
    """The end that follows from a decision."""
    return ended(_STATE_OF.get(reason, RunState.ABORTED), reason, message)


def decided_before(seen: RunSeen) -> Standing | None:
    """A decision that was written down and not carried out yet, because Pods were still going."""
    failed = seen.condition(RunCondition.FAILED)
    if failed is None or failed.status is not ConditionStatus.UNKNOWN:
        return None
    return decided(Reason(failed.reason), failed.message)


def cancelled(seen: RunSeen) -> Standing:
    """The end that somebody asked for."""
    return decided(
        Reason.CANCELLED, f"Cancelled by spec.cancel; what {seen.key.name} has written stays."
    )


def working_seconds(seen: RunSeen, now: datetime) -> float:
    """How long the run has worked so far, without the time it waited or was suspended."""
    banked = seen.status.active_seconds or 0
    running = seen.condition(RunCondition.RUNNING)
    if running is None or running.status is not ConditionStatus.TRUE:
        return banked
    # Clocks differ and jump: time never runs backwards for a deadline.
    return banked + max(0.0, (now - running.last_transition_time).total_seconds())


def overdue(seen: RunSeen, now: datetime) -> Standing | None:
    """The end of a run that has worked for as long as it may."""
    allowed = seen.spec.active_deadline_seconds
    if allowed is None or working_seconds(seen, now) < allowed:
        return None
    return decided(
        Reason.DEADLINE_EXCEEDED,
        f"Stopped after {duration(allowed)} of work, as spec.activeDeadlineSeconds says."
        " To fix it: create a run with a longer one; what is cached is reused.",
    )


def limit_reached(seen: RunSeen, job: LiveJob, disruptions: int, now: datetime) -> Standing | None:
    """The end of a run that reached one of its limits, if any."""
    return next(_limits_reached(seen, job, disruptions, now), None)


def _limits_reached(
    seen: RunSeen, job: LiveJob, disruptions: int, now: datetime
) -> Iterator[Standing]:
    allowed = seen.options.max_disruptions
    if allowed is not None and disruptions > allowed:
        yield decided(
            Reason.DISRUPTION_LIMIT_EXCEEDED,
            f"Workers were taken away {disruptions} times, more often than job.maxDisruptions"
            f" ({allowed}). To fix it: use nodes that are not reclaimed, or raise it.",
        )
    pods = seen.pods_of(job)
    if any(_failures_of_memory(pods, pod.index) >= OUT_OF_MEMORY_LIMIT for pod in pods):
        yield decided(Reason.OUT_OF_MEMORY, advice_on_memory(seen))
    yield from _too_slow_to_start(seen, pods, now)
    yield from _too_long_in_queue(seen, pods, now)


def _failures_of_memory(pods: tuple[PodSeen, ...], index: int | None) -> int:
    return sum(
        pod.ended is not None and pod.ended.was_out_of_memory for pod in pods if pod.index == index
    )


def starting_since(pod: PodSeen) -> datetime | None:
    """Since when a node has been trying to start it; None when none does, or it has started."""
    return pod.scheduled_at if pod.phase == "Pending" and pod.gone_by is None else None


def _too_slow_to_start(
    seen: RunSeen, pods: tuple[PodSeen, ...], now: datetime
) -> Iterator[Standing]:
    allowed = seen.options.start_deadline_seconds
    if allowed is None:
        return
    for pod in pods:
        since = starting_since(pod)
        if since is not None and now - since > timedelta(seconds=allowed):
            why = f" ({pod.waiting_reason}: {quoted(pod.waiting_message)})"
            yield decided(
                Reason.START_TIMEOUT,
                f"Pod {pod.name} has not started for {duration(allowed)}, as long as"
                f" job.startDeadlineSeconds allows{why if pod.waiting_reason else ''}.",
            )


def _too_long_in_queue(
    seen: RunSeen, pods: tuple[PodSeen, ...], now: datetime
) -> Iterator[Standing]:
    allowed = seen.options.queue_deadline_seconds
    if allowed is None:
        return
    waits = [pod.created_at for pod in pods if pod.unschedulable]
    queued = seen.condition(RunCondition.QUEUED)
    if queued is not None and queued.status is ConditionStatus.TRUE and not pods:
        waits.append(queued.last_transition_time)
    if waits and now - min(waits) > timedelta(seconds=allowed):
        yield decided(
            Reason.QUEUE_TIMEOUT,
            f"Waited {duration(allowed)} for room in the cluster, as long as"
            " job.queueDeadlineSeconds allows.",
        )


def next_deadline(seen: RunSeen, job: LiveJob | None, now: datetime) -> timedelta | None:
    """How long until a limit may be reached without any event."""
    moments: list[datetime] = []
    allowed = seen.spec.active_deadline_seconds
    if allowed is not None and seen.is_true(RunCondition.RUNNING):
        moments.append(now + timedelta(seconds=allowed - working_seconds(seen, now)))
    if job is not None and (starts := seen.options.start_deadline_seconds) is not None:
        began = [since for pod in seen.pods_of(job) if (since := starting_since(pod))]
        moments += [since + timedelta(seconds=starts) for since in began]
    return min((moment - now for moment in moments), default=None)
