"""Where a run stands, in the documented words."""

from collections.abc import Iterator
from dataclasses import dataclass

from curation_api.states import RunState
from curation_client.cluster.objects import StoredRun
from curation_client.models import DockerRunScheduledState, DockerRunState

# The one state that is no state of a run: nothing is known of it, or it never began.
STATE_SCHEDULED_ID_NOT_FOUND = "CANCELED_OR_NOT_EXISTING"

_ENDED = {
    RunState.COMPLETED: DockerRunState.COMPLETED,
    RunState.FAILED: DockerRunState.FAILED,
    RunState.CRASHED: DockerRunState.CRASHED,
    RunState.ABORTED: DockerRunState.ABORTED,
}
END_STATES = frozenset({*_ENDED.values(), STATE_SCHEDULED_ID_NOT_FOUND})


@dataclass(frozen=True)
class ComputeWorkerRunInfo:
    """How a run is doing."""

    state: str
    message: str

    def in_end_state(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in END_STATES

    def ended_successfully(self) -> bool:
        """Whether it is completed. `ValueError` while it has not ended."""
        if not self.in_end_state():
            raise ValueError(f"The run has not ended; it is {self.state}: {self.message}")
        return self.state == DockerRunState.COMPLETED


def state_of(run: StoredRun) -> str:
    """The documented state."""
    if scheduled_state_of(run) is DockerRunScheduledState.CANCELED:
        return STATE_SCHEDULED_ID_NOT_FOUND
    state = run.status.state
    if state in _ENDED:
        return _ENDED[state]
    if state is RunState.RUNNING:
        return DockerRunState(run.status.step) if run.status.step else DockerRunState.STARTED
    return DockerRunScheduledState.OPEN


def scheduled_state_of(run: StoredRun) -> DockerRunScheduledState:
    """The documented state of what was asked for."""
    state, has_begun = run.status.state, run.status.start_time is not None
    if state is RunState.ABORTED and not has_begun:
        return DockerRunScheduledState.CANCELED
    if state is not None and state.is_final:
        return DockerRunScheduledState.DONE
    return DockerRunScheduledState.LOCKED if has_begun else DockerRunScheduledState.OPEN


def info_of(run: StoredRun | None, id_: str) -> ComputeWorkerRunInfo:
    """How the run of this id is doing."""
    if run is None:
        return ComputeWorkerRunInfo(
            STATE_SCHEDULED_ID_NOT_FOUND,
            f"There is no run with the id {id_!r}: it never existed, or it was removed",
        )
    state = str(state_of(run))
    if state == STATE_SCHEDULED_ID_NOT_FOUND:
        return ComputeWorkerRunInfo(
            state, f"Run {run.name!r} ({id_}) was cancelled before it began"
        )
    waiting = f"Run {run.name!r} waits to be picked up; the operator must be running"
    return ComputeWorkerRunInfo(state, run.status.message or waiting)


def changes_of(infos: Iterator[ComputeWorkerRunInfo]) -> Iterator[ComputeWorkerRunInfo]:
    """The first one, those that differ from the one before, and the end state last."""
    last = None
    for info in infos:
        if info != last:
            yield info
        if info.in_end_state():
            return
        last = info
