"""Sights for tests: everything is as it usually is, but what the test names."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from curation_api import (
    CurationRunSpec,
    CurationRunStatus,
    DatasourceSpec,
    DatasourceStatus,
    JobConfig,
    Problem,
    RunReport,
)
from curation_api.conditions import Condition, ConditionStatus
from curation_api.curation_run import StageStatus
from curation_api.problems import ExitCode, Reason
from curation_api.run_report import RunResult
from curation_api.states import RunState, Stage
from curation_operator.planning.freezing import freeze, frozen_plan
from curation_operator.planning.jobs import (
    Ended,
    FailedJob,
    LiveJob,
    PodSeen,
    SucceededJob,
    WorkloadSeen,
)
from curation_operator.planning.keys import DatasourceKey, RunKey
from curation_operator.planning.naming import job_name
from curation_operator.planning.plan import DatasourcePlan, RunPlan
from curation_operator.planning.seen import DatasourceSeen, RunSeen
from curation_operator.settings import OperatorSettings

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
RUN = RunKey("animals", "farm-50")
FARM = DatasourceKey("animals", "farm")
RUN_UID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
FARM_UID = "99999999-1111-2222-3333-444444444444"
SETTINGS = OperatorSettings.model_construct(worker_image="curation-job:test")

SPEC = {
    "datasourceRef": {"name": "farm"},
    "selectionConfig": {
        "nSamples": 50,
        "strategies": [{"input": {"type": "EMBEDDINGS"}, "strategy": {"type": "DIVERSITY"}}],
    },
}
DATASOURCE_SPEC = {
    "type": "IMAGES",
    "input": {
        "s3": {"resourcePath": "s3://datalake/farm/", "region": "eu-central-1"},
        "credentials": {"secretRef": {"name": "farm-reader"}},
    },
    "lightly": {
        "s3": {"resourcePath": "s3://curated/farm/", "region": "eu-central-1"},
        "credentials": {"secretRef": {"name": "farm-writer"}},
    },
}


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def a_condition(
    kind: str,
    status: ConditionStatus = ConditionStatus.TRUE,
    reason: str = "Whatever",
    message: str = "",
    since: datetime = NOON,
) -> Condition:
    return Condition(
        type=kind, status=status, reason=reason, message=message, last_transition_time=since
    )


READY_FARM = DatasourceStatus(
    observed_generation=1,
    probed_at=NOON,
    conditions=[a_condition("Ready", reason=Reason.PROBE_SUCCEEDED)],
)


def a_datasource(spec: dict[str, Any] | None = None, **seen: Any) -> DatasourceSeen:
    """A Datasource whose rights are fine."""
    usual = DatasourceSeen(
        key=FARM,
        uid=FARM_UID,
        created_at=NOON - minutes(60),
        generation=1,
        resource_version="7",
        spec=DatasourceSpec.model_validate({**DATASOURCE_SPEC, **(spec or {})}),
        status=READY_FARM,
    )
    return replace(usual, **seen)


def a_run(spec: dict[str, Any] | None = None, **seen: Any) -> RunSeen:
    """A run that somebody has just created, with its Datasource ready."""
    parsed = CurationRunSpec.model_validate({**SPEC, **(spec or {})})
    usual = RunSeen(
        key=RUN,
        uid=RUN_UID,
        created_at=NOON - minutes(5),
        generation=1,
        spec=parsed,
        options=SETTINGS.job_options(parsed.job),
        datasource=a_datasource(),
    )
    return replace(usual, **seen)


def frozen_for(run: RunSeen) -> JobConfig:
    return freeze(run, run.datasource or a_datasource())


def a_started_run(spec: dict[str, Any] | None = None, **seen: Any) -> RunSeen:
    """A run whose configuration is frozen and whose first Job has been created."""
    run = a_run(spec)
    frozen = frozen_for(run)
    status = CurationRunStatus(
        observed_generation=1,
        state=RunState.PENDING,
        attempt=1,
        plan=frozen_plan(run, frozen, SETTINGS),
        conditions=[a_condition("Accepted", reason=Reason.ACCEPTED)],
        stages=[StageStatus(name=run.stages[0], state=RunState.PENDING)],
    )
    return replace(run, **{"frozen": frozen, "status": status, **seen})


def _usual_job(stage: Stage) -> dict[str, Any]:
    return {
        "name": job_name(RUN, RUN_UID, stage, 1),
        "uid": f"job-{stage}",
        "stage": stage,
        "created_at": NOON - minutes(4),
        "started_at": NOON - minutes(4),
    }


def a_live_job(stage: Stage = Stage.ALL, **seen: Any) -> LiveJob:
    usual = LiveJob(
        **_usual_job(stage),
        active=1,
    )
    return replace(usual, **seen)


def a_succeeded_job(stage: Stage = Stage.ALL, **seen: Any) -> SucceededJob:
    usual = SucceededJob(
        **_usual_job(stage),
        finished_at=NOON,
    )
    return replace(usual, **seen)


def a_failed_job(stage: Stage = Stage.ALL, **seen: Any) -> FailedJob:
    usual = FailedJob(
        **_usual_job(stage),
        finished_at=NOON,
        reason="BackoffLimitExceeded",
        failures=1,
    )
    return replace(usual, **seen)


def a_pod(stage: Stage = Stage.ALL, **seen: Any) -> PodSeen:
    """A Pod at work."""
    usual = PodSeen(
        name=f"{job_name(RUN, RUN_UID, stage, 1)}-abcde",
        uid="pod-1",
        job_uid=f"job-{stage}",
        created_at=NOON - minutes(4),
        node="node-1",
        ip="10.0.0.7",
        phase="Running",
        scheduled_at=NOON - minutes(4),
        is_running=True,
    )
    return replace(usual, **seen)


def a_pending_pod(stage: Stage = Stage.ALL, **seen: Any) -> PodSeen:
    return a_pod(stage, **{"phase": "Pending", "is_running": False, "ip": None, **seen})


def an_ended_pod(
    stage: Stage = Stage.ALL,
    *,
    exit_code: int = 0,
    message: str = "",
    reason: str = "",
    **seen: Any,
) -> PodSeen:
    end = Ended(exit_code=exit_code, message=message, reason=reason, at=NOON)
    phase = "Succeeded" if exit_code == 0 else "Failed"
    return a_pod(stage, **{"phase": phase, "is_running": False, "ended": end, **seen})


def last_words(stage: Stage = Stage.ALL, **result: Any) -> str:
    """What a worker leaves that has succeeded."""
    usual = RunResult(selected=50, input=12034, tag="initial-tag", digest="sha256:abc")
    report = RunReport(stage=stage, ok=True, result=usual.model_copy(update=result))
    return report.last_words()


def words_of_a_problem(
    reason: Reason, exit_code: ExitCode, message: str = "It went wrong.", fix: str = ""
) -> str:
    problem = Problem(reason=reason, message=message, fix=fix, exit_code=exit_code)
    return RunReport(stage=Stage.ALL, ok=False, problem=problem).last_words()


def a_workload(**seen: Any) -> WorkloadSeen:
    return replace(WorkloadSeen(name="job-farm-50"), **seen)


def said(plan: RunPlan | DatasourcePlan, kind: str) -> Condition:
    """A condition of the planned status."""
    return next(entry for entry in plan.status.conditions or [] if entry.type == kind)


def ready(plan: RunPlan | DatasourcePlan) -> Condition:
    return said(plan, "Ready")


def afterwards(seen: RunSeen, plan: RunPlan, **changes: Any) -> RunSeen:
    """The next look, when the status of the plan was written and nothing else changed."""
    return replace(seen, status=plan.status, **changes)
