"""What may be done to a run, and waiting for its end: for `Curation` and the command alike."""

import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

from curation_api.problems import CurationError, ExitCode, Reason
from curation_api.states import RunState
from curation_client.cluster.errors import ApiException
from curation_client.cluster.following import follow
from curation_client.cluster.objects import Runs, StoredRun


class NotPossibleError(CurationError):
    """This cannot be done to a run in this state."""

    reason = Reason.CONFLICT


class RunGoneError(CurationError):
    """The run was deleted while somebody waited for it."""

    reason = Reason.NOT_FOUND


class WaitedTooLongError(CurationError):
    """The run has not ended in the time that was given."""

    reason = Reason.RUNNING
    exit_code = ExitCode.TEMPORARY


def has_ended(run: StoredRun) -> bool:
    """Whether nothing more will happen, in the attempt that is asked for."""
    state, attempt = run.status.state, run.status.attempt or run.spec.attempt
    return state is not None and state.is_final and attempt >= run.spec.attempt


def progress_of(run: StoredRun) -> dict[str, Any]:
    """What a worker would say of itself."""
    status, progress = run.status, run.status.progress
    return {
        "step": str(status.step or status.state or "not looked at yet"),
        "message": status.message or "",
        "processed": progress.processed if progress else None,
        "total": progress.total if progress else None,
    }


def cancel(runs: Runs, name: str) -> StoredRun:
    """End a run for good."""
    _check_at_work(runs.get(name), "cancelled")
    return runs.change(name, {"spec": {"cancel": True}})


def suspend(runs: Runs, name: str) -> StoredRun:
    """Pause a run; what is done stays done."""
    _check_at_work(runs.get(name), "suspended")
    return runs.change(name, {"spec": {"suspend": True}})


def resume(runs: Runs, name: str) -> StoredRun:
    """Let a run go on that was paused."""
    run = runs.get(name)
    if not run.spec.suspend:
        raise NotPossibleError(
            f"Run {name!r} is not suspended; it is {run.status.state or 'new'}",
            fix=f"Try again what failed with: curate retry {name}"
            if has_ended(run)
            else "There is nothing to do",
        )
    return runs.change(name, {"spec": {"suspend": False}})


def retry(runs: Runs, name: str) -> StoredRun:
    """Try a run again that has failed, from the first part that has not succeeded."""
    run = runs.get(name)
    if not has_ended(run):
        raise NotPossibleError(
            f"Run {name!r} has not ended; it is {run.status.state or 'new'}",
            fix=f"Wait for it: curate wait {name}",
        )
    if run.status.state is RunState.COMPLETED or run.spec.cancel:
        how = "is complete" if run.status.state is RunState.COMPLETED else "was cancelled"
        raise NotPossibleError(
            f"Run {name!r} {how} and cannot be tried again",
            fix="Create another run; what is known of the samples is not computed again",
        )
    return runs.change(name, {"spec": {"attempt": run.spec.attempt + 1}})


def _check_at_work(run: StoredRun, done: str) -> None:
    if has_ended(run):
        raise NotPossibleError(
            f"Run {run.name!r} has ended ({run.status.state}) and cannot be {done}",
            fix="There is nothing to do; what it has written stays",
        )


def until_it_ends(runs: Runs, name: str, seconds: float | None = None) -> Iterator[StoredRun]:
    """The run as it changes; its end comes last.

    `WaitedTooLongError` after so many seconds, `RunGoneError` when it is deleted.
    """
    first = runs.get(name)
    sights = follow(runs, first) if seconds is None else _until(runs, first, seconds)
    for run in sights:
        if run is None:
            raise RunGoneError(
                f"Run {name!r} was deleted", fix="Create it again if it is still needed"
            )
        yield run
        if has_ended(run):
            return


def _until(runs: Runs, first: StoredRun, seconds: float) -> Iterator[StoredRun | None]:
    """The same as `follow`, which may be silent for minutes, and no longer than this."""
    seen: queue.SimpleQueue[StoredRun | ApiException | None] = queue.SimpleQueue()
    is_enough = threading.Event()

    def watch() -> None:
        try:
            for run in follow(runs, first):
                seen.put(run)
                if is_enough.is_set():
                    return
        except ApiException as error:
            seen.put(error)

    threading.Thread(target=watch, daemon=True).start()
    deadline, last = time.monotonic() + seconds, first
    try:
        while True:
            run = seen.get(timeout=max(0.0, deadline - time.monotonic()))
            if isinstance(run, ApiException):
                raise run
            yield run
            last = run or last
    except queue.Empty:
        raise WaitedTooLongError(
            f"Run {first.name!r} has not ended after {seconds:g} s;"
            f" it is {last.status.state or 'new'}",
            fix=f"Wait longer, or see what it waits for: curate describe run {first.name}",
        ) from None
    finally:
        is_enough.set()
