"""A CurationRun: choose from a Datasource, once."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from curation_api.conditions import Condition
from curation_api.fields import Count, KubernetesName, LongText, QueueName, ShortText
from curation_api.job_options import FIXED_JOB_OPTIONS, JobOptions
from curation_api.lightly_config import LightlyConfig
from curation_api.model import ApiModel, Rule, unchanged_in_spec
from curation_api.names import PRETAGGING_TASK
from curation_api.resource import Resource, short_name
from curation_api.run_report import Artifact, RunResult
from curation_api.selection_config import SelectionConfig
from curation_api.states import Priority, RunState, Stage, Step
from curation_api.worker_config import USES_OLDER_STYLE, WorkerConfig, uses_older_style

_FIXED = (
    "datasourceRef",
    "workerConfig",
    "selectionConfig",
    "lightlyConfig",
    "priority",
    "runsOn",
    "activeDeadlineSeconds",
    *(f"job.{option}" for option in FIXED_JOB_OPTIONS),
)
_WHY_FIXED = "a run is one selection; create another run, what is cached is reused"


class DatasourceReference(ApiModel):
    """A Datasource in the namespace of the run."""

    name: KubernetesName
    """The name of the Datasource."""


def _strategies(spec: Any) -> Any:
    return () if spec.selection_config is None else spec.selection_config.strategies


def _is_multiple(spec: Any) -> bool:
    count = None if spec.selection_config is None else spec.selection_config.n_samples
    return count in {None, -1} or count % spec.worker_config.selected_sequence_length == 0


def _older_style_is_whole(spec: Any) -> bool:
    return spec.selection_config is not None or spec.worker_config.stopping_condition is not None


def _scored_task_is_given(spec: Any) -> bool:
    worker = spec.worker_config
    return (
        worker.method not in {"coral", "active_learning"}
        or (worker.active_learning is not None and worker.active_learning.task_name != "")
        or (worker.pretagging and worker.scorer != "")
    )


def _scored_task_is_used(spec: Any) -> bool:
    worker = spec.worker_config
    return (
        worker.active_learning is None
        or worker.active_learning.task_name == ""
        or worker.method in {"coral", "active_learning"}
    )


def _distance_is_used(spec: Any) -> bool:
    worker = spec.worker_config
    return (
        worker.stopping_condition is None
        or worker.stopping_condition.min_distance in {None, -1}
        or worker.method in {None, "coreset", "coral"}
    )


class CurationRunSpec(ApiModel):
    """What to choose from, how, and how the work is done."""

    RULES = (
        Rule(
            cel=f"!has(self.selectionConfig) || !{USES_OLDER_STYLE}",
            holds=lambda spec: (
                spec.selection_config is None or not uses_older_style(spec.worker_config)
            ),
            message="selectionConfig and the older keys of workerConfig (method, stoppingCondition,"
            " scorer, scorerConfig, activeLearning, objectLevel.taskName, pretaggingConfig)"
            " exclude each other: say it all in selectionConfig",
        ),
        Rule(
            cel="has(self.selectionConfig) || has(self.workerConfig.stoppingCondition)",
            holds=_older_style_is_whole,
            message="say how many samples to keep: selectionConfig with nSamples or"
            " proportionSamples, and strategies",
        ),
        Rule(
            cel="!has(self.workerConfig.method)"
            " || !(self.workerConfig.method in ['coral', 'active_learning'])"
            " || (has(self.workerConfig.activeLearning)"
            " && self.workerConfig.activeLearning.taskName != '')"
            " || (self.workerConfig.pretagging"
            " && (!has(self.workerConfig.scorer) || self.workerConfig.scorer != ''))",
            holds=_scored_task_is_given,
            message="workerConfig.method coral and active_learning need predictions to score:"
            " activeLearning.taskName, or pretagging: true with a scorer",
        ),
        Rule(
            cel="!has(self.workerConfig.activeLearning)"
            " || self.workerConfig.activeLearning.taskName == ''"
            " || (has(self.workerConfig.method)"
            " && self.workerConfig.method in ['coral', 'active_learning'])",
            holds=_scored_task_is_used,
            message="workerConfig.activeLearning.taskName needs"
            " workerConfig.method: coral or active_learning",
        ),
        Rule(
            cel="!has(self.workerConfig.stoppingCondition)"
            " || !has(self.workerConfig.stoppingCondition.minDistance)"
            " || self.workerConfig.stoppingCondition.minDistance == -1.0"
            " || !has(self.workerConfig.method)"
            " || self.workerConfig.method in ['coreset', 'coral']",
            holds=_distance_is_used,
            message="workerConfig.stoppingCondition.minDistance needs"
            " workerConfig.method: coreset or coral; the other methods know no distances",
        ),
        Rule(
            cel="!self.workerConfig.normalizeEmbeddings || !has(self.selectionConfig)"
            " || self.selectionConfig.strategies.all(entry,"
            " !has(entry.strategy.stoppingConditionMinimumDistance)"
            " || entry.strategy.stoppingConditionMinimumDistance <= 2.0)",
            holds=lambda spec: (
                not spec.worker_config.normalize_embeddings
                or all(
                    (entry.strategy.stopping_condition_minimum_distance or 0) <= 2
                    for entry in _strategies(spec)
                )
            ),
            message="stoppingConditionMinimumDistance must be at most 2: normalised embeddings"
            " are never farther apart (or set workerConfig.normalizeEmbeddings: false)",
        ),
        Rule(
            cel="self.workerConfig.pretagging || !has(self.selectionConfig)"
            " || self.selectionConfig.strategies.all(entry, !has(entry.input.task)"
            f" || entry.input.task != '{PRETAGGING_TASK}')",
            holds=lambda spec: (
                spec.worker_config.pretagging
                or all(entry.input.task != PRETAGGING_TASK for entry in _strategies(spec))
            ),
            message=f"the task {PRETAGGING_TASK} needs workerConfig.pretagging: true",
        ),
        Rule(
            cel="!has(self.selectionConfig) || !has(self.selectionConfig.nSamples)"
            " || self.selectionConfig.nSamples == -1"
            " || self.selectionConfig.nSamples % self.workerConfig.selectedSequenceLength == 0",
            holds=_is_multiple,
            message="selectionConfig.nSamples counts frames and must be a multiple of"
            " workerConfig.selectedSequenceLength",
        ),
        Rule(
            cel="!oldSelf.cancel || self.cancel",
            holds=lambda _: True,
            message="cancel cannot be taken back: create another run, what is cached is reused",
        ),
        Rule(
            cel="self.attempt >= oldSelf.attempt",
            holds=lambda _: True,
            message="attempt can only grow: raise it by one to try again",
        ),
    )

    datasource_ref: DatasourceReference
    """The Datasource to choose from."""

    worker_config: WorkerConfig = WorkerConfig()
    """What happens with the samples before and after the selection."""

    selection_config: SelectionConfig | None = None
    """How many samples to keep, and by which rules."""

    lightly_config: LightlyConfig = LightlyConfig()
    """How the model is built, trained and applied."""

    job: JobOptions = JobOptions()
    """How and where the run's Jobs run. Each field that is left out has a default in the chart."""

    priority: Annotated[Priority, Field(strict=False)] = Priority.MID
    """LOW, MID, HIGH or CRITICAL: which of several waiting runs comes first."""

    runs_on: (
        Annotated[list[Annotated[str, Field(min_length=1, max_length=63)]], Field(max_length=16)]
        | None
    ) = None
    """Run only on nodes that carry all of these worker labels."""

    suspend: bool = False
    """Pause the run: what is done stays done, and no Pod is left. May be changed at any time."""

    cancel: bool = False
    """End the run for good; what it has written stays. Cannot be taken back."""

    attempt: Annotated[int, Field(ge=1, le=99)] = 1
    """Raise it to try again from the first part of the run that has not succeeded."""

    active_deadline_seconds: Annotated[int, Field(ge=1)] | None = None
    """How long the run may work, without the time it waits or is suspended."""


class Progress(ApiModel):
    """How far the run is."""

    percent: Annotated[int, Field(ge=0, le=100)] = 0
    """0 to 100, of the step at hand."""

    processed: Count | None = None
    """How many are done."""

    total: Count | None = None
    """Out of how many."""

    unit: ShortText | None = None
    """What is counted: samples, epochs, files."""

    eta_seconds: Count | None = None
    """About how long the step will still take."""

    observed_time: Annotated[datetime, Field(strict=False)] | None = None
    """When this was seen."""


class JobReference(ApiModel):
    """A Job of a run."""

    name: ShortText
    """Its name."""

    uid: ShortText
    """Its uid."""


class Shards(ApiModel):
    """Parts of a stage that run side by side."""

    total: Count = 0
    """How many there are."""

    succeeded: Count = 0
    """How many are done."""

    failed: Count = 0
    """How many cannot be done."""

    active: Count = 0
    """How many are at work."""

    failed_indexes: ShortText | None = None
    """Which ones failed, as 1,3-5."""


class StageStatus(ApiModel):
    """A part of the run that is done by one Job."""

    name: Annotated[Stage, Field(strict=False)]
    """run, or prepare, train, embed, select."""

    state: Annotated[RunState, Field(strict=False)]
    """Where it stands."""

    attempt: Annotated[int, Field(ge=1)] = 1
    """In which attempt."""

    job: JobReference | None = None
    """The Job that does it."""

    start_time: Annotated[datetime, Field(strict=False)] | None = None
    """When it started."""

    completion_time: Annotated[datetime, Field(strict=False)] | None = None
    """When it ended."""

    retries: Count | None = None
    """How often a worker was started again."""

    disruptions: Count | None = None
    """How often a worker was taken away."""

    last_disruption_time: Annotated[datetime, Field(strict=False)] | None = None
    """When a worker was taken away last; those taken away later are not counted yet."""

    shards: Shards | None = None
    """Its parts, where it is split up."""


class FrozenPlan(ApiModel):
    """What the run was started with; later changes of the Datasource do not touch it."""

    config_map: ShortText
    """The ConfigMap that holds it."""

    spec_hash: ShortText
    """A digest of everything that decides the result."""

    image: Annotated[str, Field(max_length=1024)] | None = None
    """The worker image."""

    operator_version: ShortText | None = None
    """The operator that froze it."""


class QueueStatus(ApiModel):
    """How the run stands with Kueue."""

    local_queue: QueueName | None = None
    """The queue it waits in."""

    workload: ShortText | None = None
    """The Workload that stands for it."""

    admitted_time: Annotated[datetime, Field(strict=False)] | None = None
    """When it was admitted."""


class LastFailure(ApiModel):
    """The last thing that went wrong, whether or not the run recovered."""

    reason: ShortText
    """Why, in one word."""

    message: LongText
    """What happened and what to do."""

    stage: Annotated[Stage | None, Field(strict=False)] = None
    """Where it happened."""

    index: Count | None = None
    """In which shard."""

    pod: ShortText | None = None
    """In which Pod."""

    node: ShortText | None = None
    """On which node."""

    exit_code: int | None = None
    """What the worker exited with."""

    retryable: bool | None = None
    """Whether trying again can help."""

    time: Annotated[datetime, Field(strict=False)] | None = None
    """When."""


class CurationRunStatus(ApiModel):
    """How a run is doing, and what came of it."""

    observed_generation: Count | None = None
    """Which generation of the spec this speaks about."""

    state: Annotated[RunState | None, Field(strict=False)] = None
    """Pending, Queued, Running, Suspended, Completed, Failed, Crashed or Aborted."""

    step: Annotated[Step | None, Field(strict=False)] = None
    """What the worker is busy with."""

    message: LongText | None = None
    """The same in a sentence, with numbers."""

    progress: Progress | None = None
    """How far the step is."""

    conditions: Annotated[list[Condition], Field(max_length=16)] | None = None
    """Accepted, Queued, Running, Suspended, Complete, Failed, and Ready and Stalled for tools."""

    attempt: Annotated[int, Field(ge=1)] | None = None
    """Which attempt this is."""

    start_time: Annotated[datetime, Field(strict=False)] | None = None
    """When the first worker was started."""

    completion_time: Annotated[datetime, Field(strict=False)] | None = None
    """When the run ended, however it ended."""

    active_seconds: Count | None = None
    """How long it worked, without the time it waited or was suspended."""

    stages: Annotated[list[StageStatus], Field(max_length=8)] | None = None
    """Its parts."""

    plan: FrozenPlan | None = None
    """What it was started with."""

    queue: QueueStatus | None = None
    """How it stands with Kueue."""

    result: RunResult | None = None
    """What came of it."""

    artifacts: Annotated[list[Artifact], Field(max_length=32)] | None = None
    """The files it left in the LIGHTLY bucket."""

    last_failure: LastFailure | None = None
    """The last thing that went wrong."""

    notes: Annotated[list[LongText], Field(max_length=64)] | None = None
    """Remarks on the configuration: older keys and what became of them, keys without effect."""


class CurationRun(Resource):
    """Choose the samples worth labelling from a Datasource, once."""

    RULES = (
        short_name("CurationRun"),
        Rule(
            cel="!has(oldSelf.status) || !has(oldSelf.status.startTime)"
            " || (has(self.spec.job.queueName) ? self.spec.job.queueName : '')"
            " == (has(oldSelf.spec.job.queueName) ? oldSelf.spec.job.queueName : '')",
            holds=lambda _: True,
            message="spec.job.queueName cannot be changed after the run has started",
        ),
        unchanged_in_spec(
            _FIXED,
            _WHY_FIXED,
            "spec cannot be changed, except for suspend, cancel, attempt and job.queueName: "
            + _WHY_FIXED,
        ),
    )

    api_version: Literal["curation.dev/v1alpha1"] = "curation.dev/v1alpha1"
    """curation.dev/v1alpha1."""

    kind: Literal["CurationRun"] = "CurationRun"
    """CurationRun."""

    spec: CurationRunSpec
    """What to choose from, how, and how the work is done."""

    status: CurationRunStatus | None = None
    """How it is doing, and what came of it."""
