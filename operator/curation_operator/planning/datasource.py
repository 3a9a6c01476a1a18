"""The life of a Datasource: its rights are looked at by a Job, now and then, and written down."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from curation_api import DatasourceStatus
from curation_api.conditions import ConditionStatus, DatasourceCondition
from curation_api.probe_report import ProbeReport
from curation_api.problems import Reason
from curation_operator.planning.diagnosis import why_no_pod_starts
from curation_operator.planning.digest import digest
from curation_operator.planning.findings import (
    Trouble,
    found,
    nothing_found,
    nothing_found_yet,
    with_ready,
)
from curation_operator.planning.job_manifest import (
    probe_config_manifest,
    probe_digest,
    probe_manifest,
)
from curation_operator.planning.jobs import (
    AnyJob,
    FailedJob,
    LiveJob,
    PodSeen,
    SucceededJob,
    Suspension,
)
from curation_operator.planning.naming import probe_name
from curation_operator.planning.plan import (
    AT_ONCE,
    Action,
    CreateConfigMap,
    CreateJob,
    DatasourcePlan,
    DeleteJob,
    Event,
    ExpireJob,
    Refusal,
    Tell,
)
from curation_operator.planning.seen import DatasourceSeen
from curation_operator.settings import OperatorSettings

# What needs no event: nothing was found out about the rights.
_NO_NEWS = {Reason.LOCATION_MISSING, Reason.PROBE_PENDING, Reason.RECONCILE_PAUSED}

# Long enough for somebody to read the log of a probe.
PROBE_KEPT_SECONDS = 300

PROBE_LOOK = timedelta(seconds=10)

# A right that is missing is looked at again after half as long as it has been missing.
SOONEST, LATEST = timedelta(seconds=15), timedelta(minutes=10)

# One probe that did not come to an end says nothing about the rights; a second one may.
SECOND_OPINION = timedelta(minutes=1)


def plan_datasource(
    seen: DatasourceSeen, settings: OperatorSettings, now: datetime
) -> DatasourcePlan:
    """Decide whether its rights have to be looked at, and write down what was found."""
    plan = _plan(seen, settings, now)
    return replace(plan, events=_events(seen, plan.status))


def _plan(seen: DatasourceSeen, settings: OperatorSettings, now: datetime) -> DatasourcePlan:
    if seen.is_paused:
        return DatasourcePlan(_paused(seen, now))
    if seen.spec.what_is_missing:
        return DatasourcePlan(_incomplete(seen, now))
    name = probe_name(seen.key, seen.uid, probe_digest(seen))
    probe = next((job for job in seen.jobs if job.name == name), None)
    others = tuple(_clear_away(job) for job in seen.jobs if job.name != name and not job.expires)
    match probe:
        case None:
            return _probe_when_due(seen, others, settings, now)
        case LiveJob():
            status = _status_meanwhile(seen, probe, now)
            return DatasourcePlan(status, others, look_again=PROBE_LOOK)
        case SucceededJob() | FailedJob():
            # What is found is written down first; the Job may go when it is.
            return DatasourcePlan(_harvest(seen, probe, now), others, look_again=AT_ONCE)
        case unreachable:
            assert_never(unreachable)


def _clear_away(job: AnyJob) -> Action:
    """An earlier probe: its answer is written down, or is no answer to today's question."""
    if isinstance(job, LiveJob):
        return DeleteJob(job.name, job.uid)
    return ExpireJob(job.name, job.uid, PROBE_KEPT_SECONDS)


def _probe_when_due(
    seen: DatasourceSeen, others: tuple[Action, ...], settings: OperatorSettings, now: datetime
) -> DatasourcePlan:
    wait = due_at(seen, settings) - now
    if wait > AT_ONCE:
        status = seen.status.model_copy(update={"observed_generation": seen.generation})
        return DatasourcePlan(status, others, look_again=wait)
    status = nothing_found_yet(seen, now)
    if seen.other_probes >= settings.probes_in_flight:
        return DatasourcePlan(status, others, look_again=PROBE_LOOK)
    create = (
        CreateConfigMap(probe_config_manifest(seen)),
        CreateJob(probe_manifest(seen, settings)),
    )
    return DatasourcePlan(status, (*others, *create), look_again=PROBE_LOOK)


def due_at(seen: DatasourceSeen, settings: OperatorSettings) -> datetime:
    """When its rights have to be looked at again."""
    status, ready = seen.status, seen.condition(DatasourceCondition.READY)
    is_current = status.observed_generation == seen.generation and status.probed_for == seen.reprobe
    if status.probed_at is None or ready is None or not is_current:
        return datetime.min.replace(tzinfo=seen.created_at.tzinfo)
    if ready.status is not ConditionStatus.TRUE:
        missing_for = status.probed_at - ready.last_transition_time
        return status.probed_at + min(max(missing_for / 2, SOONEST), LATEST)
    if ready.reason != Reason.PROBE_SUCCEEDED:
        return status.probed_at + SECOND_OPINION
    interval = timedelta(seconds=settings.probe_interval_seconds)
    return status.probed_at + interval * (0.8 + 0.4 * _somewhere(seen.uid))


def _somewhere(uid: str) -> float:
    """Between 0 and 1, by the UID: Datasources created together are not probed together."""
    return int(digest(uid)[:8], 16) / 16**8


def _status_meanwhile(seen: DatasourceSeen, probe: LiveJob, now: datetime) -> DatasourceStatus:
    """What was known stays; where nothing was, why it takes so long."""
    if seen.is_ready or seen.status.observed_generation == seen.generation:
        return seen.status
    trouble = None
    if probe.suspension is Suspension.OF_OTHERS and probe.queue_name is None:
        trouble = Trouble(
            Reason.NO_LOCAL_QUEUE,
            f"Job {probe.name} is held back, and it names no queue."
            " To fix it: set the operator's CURATION_PROBE_QUEUE_NAME.",
        )
    elif (standing := why_no_pod_starts(probe, _pods(seen, probe), seen.remarks)) is not None:
        trouble = Trouble(standing.reason, standing.message)
    return nothing_found_yet(seen, now, trouble)


def _harvest(
    seen: DatasourceSeen, probe: SucceededJob | FailedJob, now: datetime
) -> DatasourceStatus:
    report = _report(seen, probe)
    status = (
        found(seen, report, now)
        if report is not None
        else nothing_found(seen, _trouble(seen, probe), now)
    )
    return status.model_copy(
        update={
            "observed_generation": seen.generation,
            "probed_at": now,
            "probe_serial": (seen.status.probe_serial or 0) + 1,
            "probed_for": seen.reprobe,
        }
    )


def _pods(seen: DatasourceSeen, probe: AnyJob) -> list[PodSeen]:
    return [pod for pod in seen.pods if pod.job_uid == probe.uid]


def _report(seen: DatasourceSeen, probe: AnyJob) -> ProbeReport | None:
    said = (pod.ended.message for pod in _pods(seen, probe) if pod.ended)
    reports = (ProbeReport.from_last_words(words) for words in said)
    return next((report for report in reports if report is not None), None)


def _trouble(seen: DatasourceSeen, probe: SucceededJob | FailedJob) -> Trouble:
    """Why a probe came to no answer."""
    known = seen.condition(DatasourceCondition.READY)
    if isinstance(probe, FailedJob) and probe.reason == "DeadlineExceeded":
        why = f" {known.message}" if known and known.reason != Reason.PROBE_SUCCEEDED else ""
        return Trouble(
            Reason.PROBE_TIMEOUT, f"Probe {probe.name} did not come to an end in time.{why}"
        )
    return Trouble(
        Reason.UNEXPECTED, f"Probe {probe.name} ended without an answer; its log may say why."
    )


def _paused(seen: DatasourceSeen, now: datetime) -> DatasourceStatus:
    return with_ready(
        seen,
        seen.status,
        ConditionStatus.UNKNOWN,
        Trouble(
            Reason.RECONCILE_PAUSED,
            "The annotation curation.dev/reconcile says disabled: its rights are not looked at.",
        ),
        now,
    )


def _incomplete(seen: DatasourceSeen, now: datetime) -> DatasourceStatus:
    """There is nothing to look at yet."""
    trouble = Trouble(Reason.LOCATION_MISSING, seen.spec.what_is_missing)
    status = with_ready(seen, seen.status, ConditionStatus.FALSE, trouble, now)
    return status.model_copy(update={"observed_generation": seen.generation})


def plan_refused_datasource(
    seen: DatasourceSeen, refusal: Refusal, now: datetime
) -> DatasourcePlan:
    """What follows when the API server refuses what a probe needs."""
    trouble = Trouble(refusal.reason, refusal.message)
    status = with_ready(seen, seen.status, ConditionStatus.UNKNOWN, trouble, now, stalled=True)
    return DatasourcePlan(status, events=_events(seen, status), look_again=LATEST)


def _events(seen: DatasourceSeen, after: DatasourceStatus) -> tuple[Event, ...]:
    was = seen.condition(DatasourceCondition.READY)
    ready = replace(seen, status=after).condition(DatasourceCondition.READY)
    if ready is None or (was and (was.status, was.reason) == (ready.status, ready.reason)):
        return ()
    if ready.reason == Reason.PROBE_SUCCEEDED:
        return (Event(Tell.PROBE_SUCCEEDED, ready.message),)
    if ready.reason in _NO_NEWS:
        return ()
    return (Event(Tell.PROBE_FAILED, ready.message, is_warning=True),)
