"""Reads a run in the older style as one in today's style, and remarks on what it did.

This is the only place that knows what the older keys mean.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic.fields import FieldInfo

from curation_api.curation_run import CurationRunSpec
from curation_api.datasource import DatasourceSpec
from curation_api.job_config import DatasourceIdentity, JobConfig, RunIdentity
from curation_api.model import ApiModel, NoEffect
from curation_api.names import PRETAGGING_TASK
from curation_api.selection_config import (
    InputType,
    Operation,
    PredictionInput,
    SelectionConfig,
    SelectionInput,
    SelectionStrategy,
    Strategy,
    StrategyType,
)
from curation_api.worker_config import (
    Method,
    ScorerConfig,
    StoppingCondition,
    WorkerConfig,
)

OFF = -1
_OBJECT_FREQUENCY = "object_frequency"


@dataclass(frozen=True, slots=True)
class Translated:
    """A run in today's style."""

    worker: WorkerConfig
    selection: SelectionConfig
    object_frequency: ScorerConfig
    pretagging_minima_file: str | None
    notes: tuple[str, ...]


def translate(spec: CurationRunSpec) -> Translated:
    """The run in today's style; one that already is comes back as it is."""
    worker = spec.worker_config
    older = spec.selection_config is None
    return Translated(
        worker=_in_todays_style(worker),
        selection=spec.selection_config or _selection(worker),
        object_frequency=worker.scorer_config or ScorerConfig(),
        pretagging_minima_file=worker.pretagging_config or None,
        notes=(
            *(_notes_on_older_style(worker) if older else ()),
            *_notes_without_effect(spec, "spec"),
        ),
    )


def job_config(
    spec: CurationRunSpec,
    *,
    run: RunIdentity,
    datasource: DatasourceIdentity,
    datasource_spec: DatasourceSpec,
    shards: int = 1,
    gpus: int = 0,
) -> JobConfig:
    """What the workers of a run are told: everything that decides its result."""
    today = translate(spec)
    return JobConfig(
        run=run,
        datasource=datasource,
        datasource_spec=datasource_spec,
        worker_config=today.worker,
        selection_config=today.selection,
        lightly_config=spec.lightly_config,
        object_frequency=today.object_frequency,
        pretagging_minima_file=today.pretagging_minima_file,
        weight_folders=[volume.mount_path for volume in spec.job.volumes or ()],
        shards=shards,
        gpus=gpus,
        notes=list(today.notes),
    )


def thresholds_of(minima: Mapping[str, int]) -> list[Strategy]:
    """The content of a `pretaggingConfig` file as rules: at least so many objects of each class."""
    return [
        Strategy(
            input=SelectionInput(
                type=InputType.PREDICTIONS,
                task=PRETAGGING_TASK,
                name=PredictionInput.CATEGORY_COUNT,
                categories=[category],
            ),
            strategy=SelectionStrategy(
                type=StrategyType.THRESHOLD,
                threshold=least,
                operation=Operation.BIGGER_EQUAL,
            ),
        )
        for category, least in sorted(minima.items())
    ]


def _selection(worker: WorkerConfig) -> SelectionConfig:
    stop = worker.stopping_condition or StoppingCondition()
    n_samples = stop.n_samples if stop.n_samples not in {None, OFF} else None
    strategies = list(_strategies(worker, stop))
    if n_samples is None:
        return SelectionConfig(proportion_samples=1.0, strategies=strategies)
    if n_samples < 1:
        return SelectionConfig(proportion_samples=n_samples, strategies=strategies)
    return SelectionConfig(n_samples=int(n_samples), strategies=strategies)


def _strategies(worker: WorkerConfig, stop: StoppingCondition) -> Iterator[Strategy]:
    method = worker.method or Method.CORESET
    if method in {Method.CORESET, Method.CORAL}:
        yield _diversity(worker, stop)
    if method is Method.RANDOM:
        yield Strategy(
            input=SelectionInput(type=InputType.RANDOM),
            strategy=SelectionStrategy(type=StrategyType.WEIGHTS),
        )
    scored = worker.active_learning
    if method in {Method.CORAL, Method.ACTIVE_LEARNING} and scored and scored.task_name:
        yield _weights(scored.task_name, scored.score_name)
    if _scores_built_in_predictions(worker):
        yield _weights(PRETAGGING_TASK, _OBJECT_FREQUENCY)


def _diversity(worker: WorkerConfig, stop: StoppingCondition) -> Strategy:
    task = worker.object_level.task_name if worker.object_level else ""
    distance = stop.min_distance if stop.min_distance not in {None, OFF} else None
    return Strategy(
        input=SelectionInput(type=InputType.EMBEDDINGS, task=task or None),
        strategy=SelectionStrategy(
            type=StrategyType.DIVERSITY, stopping_condition_minimum_distance=distance
        ),
    )


def _weights(task: str, score: str) -> Strategy:
    return Strategy(
        input=SelectionInput(type=InputType.SCORES, task=task, score=score),
        strategy=SelectionStrategy(type=StrategyType.WEIGHTS),
    )


def _scores_built_in_predictions(worker: WorkerConfig) -> bool:
    """A scorer speaks about the built-in predictions; without them there is nothing to score."""
    if not worker.pretagging or worker.scorer == "":
        return False
    scored = worker.active_learning
    wants_scores = worker.method in {Method.CORAL, Method.ACTIVE_LEARNING}
    has_own_scores = scored is not None and scored.task_name != ""
    return worker.scorer is not None or (wants_scores and not has_own_scores)


def _in_todays_style(worker: WorkerConfig) -> WorkerConfig:
    older: dict[str, object] = {
        "method": None,
        "stopping_condition": None,
        "scorer": None,
        "scorer_config": None,
        "active_learning": None,
        "pretagging_config": None,
    }
    if worker.object_level is not None:
        older["object_level"] = worker.object_level.model_copy(update={"task_name": ""})
    if worker.datapool is not None:
        older["datapool"] = None
        older["use_datapool"] = worker.use_datapool or bool(worker.datapool.name)
    return worker.model_copy(update=older)


def _notes_on_older_style(worker: WorkerConfig) -> Iterator[str]:
    method = worker.method or Method.CORESET
    yield (
        f"spec.workerConfig chooses samples in the older style (method {method});"
        " it was read as a selectionConfig"
    )
    if worker.scorer and not worker.pretagging:
        yield "spec.workerConfig.scorer has no effect without pretagging: true"
    if worker.object_level and worker.object_level.task_name and method is Method.RANDOM:
        yield "spec.workerConfig.objectLevel.taskName has no effect with method random"


def _notes_without_effect(part: ApiModel, path: str) -> Iterator[str]:
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        here = f"{path}.{field.alias}"
        marker = _no_effect(field)
        if value is not None and marker is not None:
            yield f"{here} has no effect any more. {marker.instead}"
        elif isinstance(value, ApiModel):
            yield from _notes_without_effect(value, here)


def _no_effect(field: FieldInfo) -> NoEffect | None:
    return next((mark for mark in field.metadata if isinstance(mark, NoEffect)), None)
