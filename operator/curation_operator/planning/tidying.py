"""What becomes of Jobs whose outcome has been written down."""

from collections.abc import Iterator

from curation_api.states import RunState
from curation_operator.planning.jobs import LiveJob
from curation_operator.planning.plan import Action, DeleteJob, ExpireJob
from curation_operator.planning.seen import RunSeen


def tidy_up(seen: RunSeen) -> tuple[Action, ...]:
    """For a finished run: nothing may go on working, and what is finished may go after a while."""
    return tuple(_for_each_job(seen))


def _for_each_job(seen: RunSeen) -> Iterator[Action]:
    for job in seen.jobs:
        if isinstance(job, LiveJob):
            if not job.is_being_deleted:
                yield DeleteJob(job.name, job.uid)
        elif not job.expires:
            yield ExpireJob(job.name, job.uid, seen.options.ttl_seconds_after_finished or 0)


_FINAL = frozenset(state for state in RunState if state.is_final)


def is_settled(state: str | None, observed: int | None, generation: int) -> bool:
    """Whether a run has ended and has not been changed since: it needs no look."""
    return state in _FINAL and observed == generation
