"""Where a run stands, once: its state, the reason and a sentence. All conditions follow from it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from curation_api.conditions import Condition, ConditionStatus, RunCondition
from curation_api.problems import Reason
from curation_api.states import RunState, Step

TRUE, FALSE, UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of a run, why, and what that means in a sentence."""

    state: RunState
    reason: Reason
    message: str
    step: Step | None = None

    @property
    def is_working(self) -> bool:
        """Whether at least one Pod does something for it."""
        return self.state is RunState.RUNNING and self.reason is Reason.PODS_ACTIVE


def waiting(reason: Reason, message: str) -> Standing:
    """Something has to happen before a Pod can run."""
    return Standing(RunState.PENDING, reason, message)


def queued(reason: Reason, message: str) -> Standing:
    """Everything is right, it is just not its turn."""
    return Standing(RunState.QUEUED, reason, message)


def running(message: str, step: Step) -> Standing:
    """Pods are at work."""
    return Standing(RunState.RUNNING, Reason.PODS_ACTIVE, message, step)


def between_stages(message: str) -> Standing:
    """A part is done and the next one starts at once."""
    return Standing(RunState.RUNNING, Reason.BETWEEN_STAGES, message)


def stopping(reason: Reason, message: str) -> Standing:
    """It has been decided that it ends; its Pods are still going."""
    return Standing(RunState.RUNNING, reason, message)


def suspending(message: str) -> Standing:
    """Its Pods are going, and will come back when it is resumed."""
    return Standing(RunState.RUNNING, Reason.SUSPENDING, message)


def suspended(message: str) -> Standing:
    """It pauses, and no Pod is left."""
    return Standing(RunState.SUSPENDED, Reason.USER_REQUESTED, message)


def completed(reason: Reason, message: str) -> Standing:
    """It is done, and the result is there."""
    return Standing(RunState.COMPLETED, reason, message, Step.COMPLETED)


_LAST_STEP = {
    RunState.FAILED: Step.FAILED,
    RunState.CRASHED: Step.CRASHED,
    RunState.ABORTED: Step.ABORTED,
}


def ended(state: RunState, reason: Reason, message: str) -> Standing:
    """It ended without a result."""
    return Standing(state, reason, message, _LAST_STEP[state])


# What keeps a run from being accepted; for the worker's verdict on its configuration see R36.
NOT_ACCEPTED = frozenset(
    {
        Reason.DATASOURCE_NOT_FOUND,
        Reason.DATASOURCE_NOT_READY,
        Reason.INVALID_CONFIG,
        Reason.INVALID_REFERENCE,
        Reason.OPERATOR_VERSION_UNSUPPORTED,
        Reason.POD_TEMPLATE_REJECTED,
        Reason.PURPOSE_MISMATCH,
    }
)

# Somebody has to do something, although the run has not ended.
NEEDS_SOMEBODY = frozenset(
    {
        Reason.OPERATOR_FORBIDDEN,
        Reason.OPERATOR_VERSION_UNSUPPORTED,
        Reason.POD_STUCK_TERMINATING,
    }
)

# The reasons that say what Pods do. Any other reason speaks of something else.
_ABOUT_PODS = frozenset(
    {
        Reason.AWAITING_PODS,
        Reason.BETWEEN_STAGES,
        Reason.CONTAINER_CONFIG_ERROR,
        Reason.IMAGE_PULL_ERROR,
        Reason.POD_STUCK_TERMINATING,
        Reason.SECRET_KEY_MISSING,
        Reason.SECRET_MISSING,
        Reason.STARTING,
        Reason.SUSPENDING,
        Reason.UNSCHEDULABLE,
    }
)


class _Said(NamedTuple):
    kind: str
    status: ConditionStatus
    reason: Reason
    message: str = ""


def run_conditions(
    standing: Standing,
    before: list[Condition] | None,
    *,
    accepted: bool,
    decided: Standing | None,
    generation: int,
    now: datetime,
) -> list[Condition]:
    """Every condition of a run. `decided` is the end that a run still stopping will have."""
    was = {condition.type: condition for condition in before or []}
    said = (
        _accepted(standing, accepted=accepted),
        _queued(standing, was.get(RunCondition.QUEUED)),
        _running(standing),
        *_suspended(standing, was.get(RunCondition.SUSPENDED)),
        _complete(standing),
        _failed(standing, decided),
        _ready(standing),
        _stalled(standing),
    )
    return [dated(entry, was.get(entry.kind), generation=generation, now=now) for entry in said]


def dated(
    said: tuple[str, ConditionStatus, Reason, str],
    was: Condition | None,
    *,
    generation: int,
    now: datetime,
) -> Condition:
    """The condition, with the time at which its status last became what it is."""
    kind, status, reason, message = said
    since = was.last_transition_time if was is not None and was.status == status else now
    return Condition(
        type=kind,
        status=status,
        reason=reason,
        message=message,
        observed_generation=generation,
        last_transition_time=since,
    )


def _accepted(standing: Standing, *, accepted: bool) -> _Said:
    if standing.reason in NOT_ACCEPTED:
        return _Said(RunCondition.ACCEPTED, FALSE, standing.reason, standing.message)
    if accepted:
        return _Said(RunCondition.ACCEPTED, TRUE, Reason.ACCEPTED)
    return _Said(RunCondition.ACCEPTED, UNKNOWN, Reason.PENDING)


def _queued(standing: Standing, was: Condition | None) -> _Said:
    if standing.state is RunState.QUEUED:
        return _Said(RunCondition.QUEUED, TRUE, standing.reason, standing.message)
    waited = was is not None and was.reason != Reason.NOT_QUEUED
    return _Said(RunCondition.QUEUED, FALSE, Reason.ADMITTED if waited else Reason.NOT_QUEUED)


def _running(standing: Standing) -> _Said:
    if standing.is_working:
        return _Said(RunCondition.RUNNING, TRUE, Reason.PODS_ACTIVE)
    if standing.reason in _ABOUT_PODS or standing.state is RunState.RUNNING:
        return _Said(RunCondition.RUNNING, FALSE, standing.reason, standing.message)
    reason = Reason.FINISHED if standing.state.is_final else Reason.NOT_STARTED
    return _Said(RunCondition.RUNNING, FALSE, reason)


def _suspended(standing: Standing, was: Condition | None) -> Iterator[_Said]:
    """Said only of runs that somebody has ever suspended."""
    if standing.state is RunState.SUSPENDED:
        yield _Said(RunCondition.SUSPENDED, TRUE, standing.reason, standing.message)
    elif standing.reason is Reason.SUSPENDING:
        yield _Said(RunCondition.SUSPENDED, FALSE, standing.reason, standing.message)
    elif was is not None:
        yield _Said(RunCondition.SUSPENDED, FALSE, Reason.RESUMED)


def _complete(standing: Standing) -> _Said:
    if standing.state is RunState.COMPLETED:
        return _Said(RunCondition.COMPLETE, TRUE, standing.reason, standing.message)
    return _Said(RunCondition.COMPLETE, FALSE, standing.reason)


def _failed(standing: Standing, decided: Standing | None) -> _Said:
    if standing.state.is_final and standing.state is not RunState.COMPLETED:
        return _Said(RunCondition.FAILED, TRUE, standing.reason, standing.message)
    if decided is not None:  # Written down before anything is stopped, so that it is not forgotten.
        return _Said(RunCondition.FAILED, UNKNOWN, decided.reason, decided.message)
    return _Said(RunCondition.FAILED, FALSE, standing.reason)


def _ready(standing: Standing) -> _Said:
    is_ready = standing.state is RunState.COMPLETED
    return _Said(RunCondition.READY, TRUE if is_ready else FALSE, standing.reason, standing.message)


def _stalled(standing: Standing) -> _Said:
    ended_badly = standing.state.is_final and standing.state is not RunState.COMPLETED
    if ended_badly or standing.reason in NEEDS_SOMEBODY:
        return _Said(RunCondition.STALLED, TRUE, standing.reason, standing.message)
    return _Said(RunCondition.STALLED, FALSE, standing.reason)
