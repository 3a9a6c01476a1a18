"""Whose turn it is: one Datasource's runs work one after another, by priority, then age."""

from curation_api.states import Priority, RunState
from curation_operator.planning.seen import RunSeen, SiblingSeen

_RANK = {priority: rank for rank, priority in enumerate(Priority)}


def rank_of(priority: Priority) -> int:
    """Higher goes first."""
    return _RANK[priority]


def who_goes_first(seen: RunSeen) -> SiblingSeen | None:
    """The run that this one has to wait for; None when it is its turn."""
    at_work = [sibling for sibling in seen.siblings if sibling.is_at_work]
    if at_work:
        return at_work[0]
    if seen.status.start_time is not None and seen.state is not RunState.SUSPENDED:
        return None  # It has begun; nobody overtakes between its stages.
    mine = (-rank_of(seen.spec.priority), seen.created_at, seen.key.name)
    waiting = [sibling for sibling in seen.siblings if not sibling.stands_back]
    first = min(waiting, key=place_in_line, default=None)
    return first if first is not None and place_in_line(first) < mine else None


def place_in_line(sibling: SiblingSeen) -> tuple[object, ...]:
    """Sorts those who wait: the most urgent first, then the oldest."""
    return (-sibling.priority, sibling.created_at, sibling.name)
