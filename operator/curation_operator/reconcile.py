"""One look: observe, plan, apply, write down, tell. Everything else in the operator serves this."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

from curation_api import CurationRunStatus, DatasourceStatus
from curation_api.problems import Reason
from curation_api.states import RunState
from curation_operator.kube.apply import carry_out
from curation_operator.kube.errors import RefusedError
from curation_operator.kube.observe import (
    ProgressReader,
    has_to_look_around,
    look_around,
    observe_datasource,
    observe_run,
    sibling_of,
    unfinished_runs,
)
from curation_operator.kube.port import Kube
from curation_operator.logs import about_uid
from curation_operator.memory import Memory
from curation_operator.metrics import Metrics
from curation_operator.planning.curation_run import (
    plan_curation_run,
    plan_refused_run,
    plan_unreadable_run,
)
from curation_operator.planning.datasource import plan_datasource, plan_refused_datasource
from curation_operator.planning.jobs import LiveJob
from curation_operator.planning.keys import DatasourceKey, Key, LineKey, RunKey
from curation_operator.planning.line import place_in_line
from curation_operator.planning.plan import AT_ONCE, Action, DatasourcePlan, Refusal, RunPlan
from curation_operator.planning.recording import is_worth_writing
from curation_operator.planning.seen import DatasourceSeen, RunSeen, UnreadableRun, ready_in
from curation_operator.queue import WorkQueue
from curation_operator.recorder import Recorder
from curation_operator.settings import OperatorSettings

logger = logging.getLogger(__name__)

# When a Datasource becomes ready, so many of its waiting runs are told at once.
WOKEN_AT_ONCE = 50

# At most so many looks a second are spent on asking workers how far they are. Each costs about a
# third of what it costs to start a run.
PROGRESS_LOOKS_PER_SECOND = 10.0


class Reconciler:
    """Looks at objects and brings each one closer to its spec."""

    def __init__(
        self,
        kube: Kube,
        reader: ProgressReader,
        queue: WorkQueue[Key],
        recorder: Recorder,
        metrics: Metrics,
        memory: Memory,
        settings: OperatorSettings,
        clock: Callable[[], datetime],
    ) -> None:
        self._kube, self._reader, self._queue = kube, reader, queue
        self._recorder, self._metrics = recorder, metrics
        self._memory, self._settings, self._clock = memory, settings, clock
        # Only one run of a Datasource decides at a time whether it is its turn.
        self._lines: WeakValueDictionary[LineKey, asyncio.Lock] = WeakValueDictionary()
        self._probing: set[DatasourceKey] = set()

    async def look(self, key: Key) -> timedelta | None:
        """Look at an object; when to look again."""
        match key:
            case RunKey():
                return await self.look_at_run(key)
            case DatasourceKey():
                return await self.look_at_datasource(key)
            case LineKey():
                await self.wake_those_in_line(key)
                return None

    async def look_at_run(self, key: RunKey) -> timedelta | None:
        """Bring one CurationRun closer to its spec."""
        seen = await observe_run(key, self._kube, self._reader, self._settings)
        if seen is None:
            self._metrics.run_is_gone(key)
            return None
        if isinstance(seen, UnreadableRun):
            plan = plan_unreadable_run(seen, self._clock())
            await self._write_run(seen, plan.status)
            return plan.look_again
        if not has_to_look_around(seen):
            return await self._advance(seen)
        async with self._lines.setdefault(seen.line, asyncio.Lock()):
            self._memory.meet(seen.line, key.name)
            return await self._advance(await look_around(seen, self._kube, self._memory))

    async def _advance(self, seen: RunSeen) -> timedelta | None:
        about_uid(seen.uid)
        plan = plan_curation_run(seen, self._settings, self._clock())
        if refusal := await self._refusal_of(plan.actions, seen.key.namespace):
            plan = plan_refused_run(seen, refusal, self._clock())
        try:
            await self._write_run(seen, plan.status)
        finally:  # An answer may be lost although the status was written.
            if frees_its_place(seen.status, plan.status):
                self._queue.add(seen.line)
        self._after_writing(seen, plan)
        for event in plan.events:
            await self._recorder.tell(seen, event)
        return self._paced(plan)

    async def _refusal_of(self, actions: Sequence[Action], namespace: str) -> Refusal | None:
        """Carry out the actions; what the API server refused, if it refused one."""
        try:
            for action in actions:
                logger.debug("%s", type(action).__name__)
                await carry_out(action, namespace, self._kube)
        except RefusedError as error:
            logger.warning("The API server refused: %s", error)
            return error.refusal
        return None

    async def _write_run(self, seen: RunSeen | UnreadableRun, status: CurationRunStatus) -> None:
        pause = timedelta(seconds=self._settings.progress_write_seconds)
        if is_worth_writing(seen.status, status, self._clock(), pause):
            version = await self._kube.write_run_status(
                seen.key, status.complete(), resource_version=seen.resource_version
            )
            self._memory.expect(seen.key, version)
            self._metrics.status_was_written("CurationRun")

    def _after_writing(self, seen: RunSeen, plan: RunPlan) -> None:
        before, after = seen.status, plan.status
        if after.state is not None and after.state.is_final:
            self._memory.forget(seen.line, seen.key.name)
        self._metrics.run_was_seen(seen, after)
        if before.state is not after.state:
            logger.info("%s: %s", after.state, after.message)

    def _paced(self, plan: RunPlan) -> timedelta | None:
        """With many runs at work, each is asked for its progress less often."""
        wait = plan.look_again
        if wait is None or wait == AT_ONCE or plan.status.state is not RunState.RUNNING:
            return wait
        share = timedelta(seconds=self._metrics.runs_at_work() / PROGRESS_LOOKS_PER_SECOND)
        return max(wait, share) if wait.total_seconds() >= self._settings.progress_seconds else wait

    async def look_at_datasource(self, key: DatasourceKey) -> timedelta | None:
        """Bring one Datasource closer to its spec."""
        others = len(self._probing - {key})
        seen = await observe_datasource(key, self._kube, other_probes=others)
        if seen is None:
            self._probing.discard(key)
            self._memory.expect_nothing(key)
            self._metrics.datasource_is_gone(key)
            return None
        plan = plan_datasource(seen, self._settings, self._clock())
        self._keep_count(seen, plan)
        if refusal := await self._refusal_of(plan.actions, key.namespace):
            plan = plan_refused_datasource(seen, refusal, self._clock())
        try:
            await self._write_datasource(seen, plan.status)
        finally:  # An answer may be lost although the status was written.
            if _readiness(seen.status) != _readiness(plan.status):
                self._queue.add(LineKey(key.namespace, key.name))
        self._metrics.datasource_was_seen(seen, plan.status)
        for event in plan.events:
            await self._recorder.tell(seen, event)
        return plan.look_again

    async def _write_datasource(self, seen: DatasourceSeen, status: DatasourceStatus) -> None:
        if status != seen.status:
            version = await self._kube.write_datasource_status(
                seen.key, status.complete(), resource_version=seen.resource_version
            )
            self._memory.expect(seen.key, version)
            self._metrics.status_was_written("Datasource")

    def _keep_count(self, seen: DatasourceSeen, plan: DatasourcePlan) -> None:
        is_probed = any(isinstance(job, LiveJob) for job in seen.jobs) or bool(plan.actions)
        (self._probing.add if is_probed else self._probing.discard)(seen.key)

    async def wake_those_in_line(self, key: LineKey) -> None:
        """Somebody has left the line of a Datasource, or it can be used now: look who is next."""
        runs = await unfinished_runs(key, self._kube, self._memory)
        waiting = sorted((sibling_of(raw) for raw in runs), key=place_in_line)
        for sibling in [one for one in waiting if not one.is_at_work][:WOKEN_AT_ONCE]:
            self._queue.add(RunKey(key.namespace, sibling.name))


def frees_its_place(before: CurationRunStatus, after: CurationRunStatus) -> bool:
    """Whether a run has just stopped being in the way of others."""
    was, now = (before.state, _ready_reason(before)), (after.state, _ready_reason(after))
    if was == now:
        return False
    state, reason = now
    stands_back = state is RunState.SUSPENDED or reason in {
        Reason.INVALID_REFERENCE,
        Reason.PURPOSE_MISMATCH,
        Reason.RECONCILE_PAUSED,
    }
    return stands_back or (state is not None and state.is_final)


def _ready_reason(status: CurationRunStatus) -> str | None:
    ready = ready_in(status)
    return ready.reason if ready else None


def _readiness(status: DatasourceStatus) -> object:
    ready = ready_in(status)
    return (ready.status, ready.reason, status.observed_generation) if ready else None
