"""What must hold whatever happens, in whatever order, and wherever the operator is killed.

Numbers P1 to P10 are those of the failure-mode page.
"""

from typing import Any

from hypothesis import given, note
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from curation_api import CurationRunStatus
from curation_api.conditions import ConditionStatus
from curation_api.states import RunState, Stage
from curation_operator.planning.curation_run import plan_curation_run
from curation_operator.planning.jobs import LiveJob
from curation_operator.planning.plan import (
    Action,
    CreateConfigMap,
    CreateJob,
    DeleteJob,
    ExpireJob,
    LimitJob,
    ResumeJob,
    RunPlan,
    SuspendJob,
    TryJob,
    UpdateDatasource,
)
from tests.curation_operator.builders import (
    RUN_UID,
    SETTINGS,
    a_datasource,
    a_run,
    last_words,
    ready,
)
from tests.curation_operator.planning.simulation import World

SPECS = st.fixed_dictionaries(
    {},
    optional={
        "job": st.fixed_dictionaries(
            {"parallelism": st.sampled_from([1, 1, 3])},
            optional={"queueName": st.just("gpus"), "maxDisruptions": st.just(1)},
        ),
        "workerConfig": st.just({"enableTraining": True}),
        "activeDeadlineSeconds": st.just(600),
        "suspend": st.booleans(),
    },
)
FIXPOINT_STEPS = 6

# Everything that a plan may ever ask for: nothing in here touches an object of a user.
OURS = (
    TryJob, CreateConfigMap, CreateJob, SuspendJob, ResumeJob, DeleteJob, ExpireJob, LimitJob,
    UpdateDatasource,
)  # fmt: skip


class LifeOfARun(RuleBasedStateMachine):
    """Users, Pods, controllers and an operator that is killed at any moment."""

    @initialize(spec=SPECS, kueue=st.booleans())
    def somebody_creates_a_run(self, *, spec: dict[str, Any], kueue: bool) -> None:
        self.world = World(spec, kueue=kueue)
        self.before = CurationRunStatus()

    # -- people ----------------------------------------------------------------------------------

    @rule(suspend=st.booleans())
    def suspend_or_resume(self, *, suspend: bool) -> None:
        self.world.change(suspend=suspend)

    @rule()
    def cancel(self) -> None:
        self.world.change(cancel=True)

    @precondition(lambda self: self.world.spec.attempt < 5)
    @rule()
    def ask_for_another_attempt(self) -> None:
        self.world.change(attempt=self.world.spec.attempt + 1)

    @rule(there=st.booleans())
    def delete_or_create_the_datasource(self, *, there: bool) -> None:
        self.world.datasource = a_datasource() if there else None

    @rule()
    def delete_our_job(self) -> None:
        self.world.somebody_deletes_a_job()

    @rule()
    def delete_our_config_map(self) -> None:
        self.world.plans.clear()

    # -- the cluster -----------------------------------------------------------------------------

    @rule()
    def controllers_work(self) -> None:
        self.world.controllers_work()

    @rule()
    def pods_start(self) -> None:
        self.world.controllers_work()
        self.world.pods_start()

    @rule(choice=st.integers(0, 9))
    def a_worker_succeeds(self, choice: int) -> None:
        self.world.pod_ends(choice, 0, last_words())

    @rule(choice=st.integers(0, 9), code=st.sampled_from([1, 10, 11, 14, 75, 137, 143]))
    def a_worker_fails(self, choice: int, code: int) -> None:
        self.world.pod_ends(choice, code)

    @rule(choice=st.integers(0, 9))
    def a_worker_runs_out_of_memory(self, choice: int) -> None:
        self.world.pod_ends(choice, 137, reason="OOMKilled")

    @rule(choice=st.integers(0, 9))
    def a_node_is_reclaimed(self, choice: int) -> None:
        self.world.pod_is_taken_away(choice)

    @rule()
    def there_is_quota(self) -> None:
        self.world.kueue_admits()

    @rule()
    def finished_pods_are_removed(self) -> None:
        self.world.pods_are_forgotten()

    @rule(seconds=st.sampled_from([1, 20, 700, -300]))
    def time_passes(self, seconds: int) -> None:
        self.world.time_passes(seconds)

    # -- the operator ----------------------------------------------------------------------------

    @rule()
    def the_operator_looks(self) -> None:
        self.look()

    @rule(writes=st.integers(0, 4))
    def the_operator_is_killed_after_some_writes(self, writes: int) -> None:
        for action in self.plan().actions[:writes]:
            self.carry_out(action)

    @rule()
    def the_operator_looks_until_nothing_changes(self) -> None:
        self.world.controllers_work()
        for _ in range(FIXPOINT_STEPS):
            if not self.look():
                return
            self.world.controllers_work()
        plan = self.plan()
        assert (plan.actions, plan.status) == ((), self.world.status)  # P1

    def plan(self) -> RunPlan:
        seen = self.world.run_seen()
        plan = plan_curation_run(seen, SETTINGS, self.world.now)
        assert plan == plan_curation_run(seen, SETTINGS, self.world.now)  # P10
        assert all(isinstance(action, OURS) for action in plan.actions)  # P9
        return plan

    def look(self) -> bool:
        """Carry out a whole plan; whether it changed anything."""
        plan = self.plan()
        note(
            f"{self.world.status.state} -> {plan.status.state}, {ready(plan).reason}: {names(plan)}"
        )
        for action in plan.actions:
            self.carry_out(action)
        self.check_step(self.world.status, plan.status)
        self.check_that_nobody_works_in_vain(plan.status)
        changed = plan.actions != () or plan.status != self.world.status
        self.world.status = plan.status
        return changed

    def check_that_nobody_works_in_vain(self, status: CurationRunStatus) -> None:
        if status.state is RunState.SUSPENDED or (status.state and status.state.is_final):
            working = [job for job in self.jobs() if job.active and not job.is_being_deleted]
            assert working == []  # P5, P8

    def carry_out(self, action: Action) -> None:
        if isinstance(action, DeleteJob):
            assert self.world.jobs[action.name].owner == RUN_UID  # P4
        self.world.carry_out(action)

    def check_step(self, before: CurationRunStatus, after: CurationRunStatus) -> None:
        if before.state and before.state.is_final and after.attempt == before.attempt:
            assert after.state is before.state  # P3
            assert after.result == before.result
        complete, failed = (
            {entry.type: entry for entry in after.conditions or []}.get(kind)
            for kind in ("Complete", "Failed")
        )
        if after.state and after.state.is_final and complete and failed:
            assert (complete.status is ConditionStatus.TRUE) != (
                failed.status is ConditionStatus.TRUE
            )  # P6
        was = {entry.type: entry for entry in before.conditions or []}
        for entry in after.conditions or []:
            old = was.get(entry.type)
            if old and old.status is entry.status and before.attempt in {None, after.attempt}:
                assert old.last_transition_time == entry.last_transition_time  # P6
        if (
            before.progress
            and after.progress
            and (before.step, before.attempt) == (after.step, after.attempt)
        ):
            assert after.progress.percent >= before.progress.percent  # P7
        if (before.attempt or 1) == after.attempt:
            assert (after.active_seconds or 0) >= (before.active_seconds or 0)

    @invariant()
    def at_most_one_live_job_for_each_stage(self) -> None:  # P2
        live = [
            job.stage for job in self.jobs() if not job.is_finished and not job.is_being_deleted
        ]
        assert len(live) == len(set(live)) <= 1

    @invariant()
    def what_is_finished_is_kept_until_it_is_written_down(self) -> None:
        state = self.world.status.state if hasattr(self, "world") else None
        if state is not None and not state.is_final and self.world.status.attempt == 1:
            assert not any(job.expires for job in self.jobs())

    def jobs(self) -> list[Any]:
        return list(self.world.jobs.values()) if hasattr(self, "world") else []


def names(plan: RunPlan) -> str:
    return ", ".join(type(action).__name__ for action in plan.actions)


TestLifeOfARun = LifeOfARun.TestCase


@given(spec=SPECS, kueue=st.booleans())
def test_left_alone_every_run_completes(*, spec: dict[str, Any], kueue: bool) -> None:
    world = World({**spec, "suspend": False}, kueue=kueue)

    for _ in range(40):
        plan = plan_curation_run(world.run_seen(), SETTINGS, world.now)
        for action in plan.actions:
            world.carry_out(action)
        world.status = plan.status
        world.kueue_admits()
        world.controllers_work()
        world.pods_start()
        for choice in range(3):
            world.pod_ends(choice, 0, last_words(Stage.SELECT))
        world.time_passes(5)

    assert world.status.state is RunState.COMPLETED
    assert world.status.result is not None
    assert all(job.expires for job in world.jobs.values())


def test_a_second_look_finds_nothing_to_do() -> None:
    world = World({})
    for action in plan_curation_run(world.run_seen(), SETTINGS, world.now).actions:
        world.carry_out(action)

    assert isinstance(world.run_seen().jobs[0], LiveJob)
    assert not any(
        isinstance(action, CreateJob)
        for action in plan_curation_run(world.run_seen(), SETTINGS, world.now).actions
    )


def test_the_same_sight_gives_the_same_plan() -> None:
    run = a_run()

    assert plan_curation_run(run, SETTINGS, run.created_at) == plan_curation_run(
        run, SETTINGS, run.created_at
    )
