"""How many samples to keep, and by which rules: the documented `selection_config`."""

import math
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from curation_api.fields import (
    NotNegative,
    Positive,
    Share,
    TagName,
    TaskName,
)
from curation_api.model import ApiModel, Distinct, Rule, matching

# Shares are typed by people: 0.33 + 0.33 + 0.34 may miss 1 by a rounding of the last bit.
ROUNDING = 1e-6


class InputType(StrEnum):
    """What a strategy looks at."""

    EMBEDDINGS = "EMBEDDINGS"
    SCORES = "SCORES"
    PREDICTIONS = "PREDICTIONS"
    METADATA = "METADATA"
    RANDOM = "RANDOM"


class PredictionInput(StrEnum):
    """What is taken from the predictions of a sample."""

    CLASS_DISTRIBUTION = "CLASS_DISTRIBUTION"
    CATEGORY_COUNT = "CATEGORY_COUNT"


class StrategyType(StrEnum):
    """What a strategy does."""

    DIVERSITY = "DIVERSITY"
    WEIGHTS = "WEIGHTS"
    THRESHOLD = "THRESHOLD"
    BALANCE = "BALANCE"
    SIMILARITY = "SIMILARITY"
    TYPICALITY = "TYPICALITY"


class Operation(StrEnum):
    """How a value is compared with a threshold."""

    SMALLER = "SMALLER"
    SMALLER_EQUAL = "SMALLER_EQUAL"
    BIGGER = "BIGGER"
    BIGGER_EQUAL = "BIGGER_EQUAL"


class Distribution(StrEnum):
    """What a balanced selection should look like."""

    TARGET = "TARGET"
    UNIFORM = "UNIFORM"
    INPUT = "INPUT"


class AutoTaskType(StrEnum):
    """How boxes are made without a detector."""

    TILING = "TILING"
    CROP = "CROP"


class Values(StrEnum):
    """What an input amounts to: the strategies that fit it depend on nothing else."""

    VECTORS = "embeddings"
    QUERY = "embeddings with datasetId and tagName"
    NUMBERS = "numbers"
    NUMBERS_OR_CATEGORIES = "metadata, numerical or categorical"
    DISTRIBUTION = "predictions with name CLASS_DISTRIBUTION"
    COUNTS = "predictions with name CATEGORY_COUNT"
    RANDOM = "random numbers"


# Which strategies fit which input. Metadata turns out numerical or categorical only when read.
COMPATIBLE: dict[Values, frozenset[StrategyType]] = {
    Values.VECTORS: frozenset({StrategyType.DIVERSITY, StrategyType.TYPICALITY}),
    Values.QUERY: frozenset({StrategyType.SIMILARITY}),
    Values.NUMBERS: frozenset({StrategyType.WEIGHTS, StrategyType.THRESHOLD}),
    Values.NUMBERS_OR_CATEGORIES: frozenset(
        {StrategyType.WEIGHTS, StrategyType.THRESHOLD, StrategyType.BALANCE}
    ),
    Values.DISTRIBUTION: frozenset({StrategyType.BALANCE}),
    Values.COUNTS: frozenset({StrategyType.WEIGHTS, StrategyType.THRESHOLD}),
    Values.RANDOM: frozenset({StrategyType.WEIGHTS}),
}


class SelectionInput(ApiModel):
    """What a strategy looks at."""

    RULES = (
        Rule(
            cel="self.type != 'SCORES' || (has(self.task) && has(self.score))",
            holds=lambda seen: seen.type != "SCORES" or None not in {seen.task, seen.score},
            message="an input of type SCORES needs task and score",
        ),
        Rule(
            cel="self.type != 'PREDICTIONS' || (has(self.task) && has(self.name))",
            holds=lambda seen: seen.type != "PREDICTIONS" or None not in {seen.task, seen.name},
            message="an input of type PREDICTIONS needs task,"
            " and name: CLASS_DISTRIBUTION or CATEGORY_COUNT",
        ),
        Rule(
            cel="self.type != 'METADATA' || has(self.key)",
            holds=lambda seen: seen.type != "METADATA" or seen.key is not None,
            message="an input of type METADATA needs key, such as weather.temperature"
            " or lightly.sharpness",
        ),
        Rule(
            cel="!has(self.task) || self.type in ['EMBEDDINGS', 'SCORES', 'PREDICTIONS']",
            holds=lambda seen: (
                seen.task is None or seen.type in {"EMBEDDINGS", "SCORES", "PREDICTIONS"}
            ),
            message="task belongs to an input of type EMBEDDINGS, SCORES or PREDICTIONS",
        ),
        Rule(
            cel="!has(self.score) || self.type == 'SCORES'",
            holds=lambda seen: seen.score is None or seen.type == "SCORES",
            message="score belongs to an input of type SCORES",
        ),
        Rule(
            cel="!has(self.key) || self.type == 'METADATA'",
            holds=lambda seen: seen.key is None or seen.type == "METADATA",
            message="key belongs to an input of type METADATA",
        ),
        Rule(
            cel="!has(self.name) || self.type == 'PREDICTIONS'",
            holds=lambda seen: seen.name is None or seen.type == "PREDICTIONS",
            message="name belongs to an input of type PREDICTIONS",
        ),
        Rule(
            cel="has(self.categories) == (has(self.name) && self.name == 'CATEGORY_COUNT')",
            holds=lambda seen: (seen.categories is not None) == (seen.name == "CATEGORY_COUNT"),
            message="categories and name: CATEGORY_COUNT belong together:"
            " give the categories to count, and only there",
        ),
        Rule(
            cel="has(self.datasetId) == has(self.tagName)",
            holds=lambda seen: (seen.dataset_id is None) == (seen.tag_name is None),
            message="datasetId and tagName belong together: they name the samples to be similar to",
        ),
        Rule(
            cel="!has(self.datasetId) || (self.type == 'EMBEDDINGS' && !has(self.task))",
            holds=lambda seen: (
                seen.dataset_id is None or (seen.type == "EMBEDDINGS" and seen.task is None)
            ),
            message="datasetId and tagName belong to an input of type EMBEDDINGS without task",
        ),
        Rule(
            cel="!has(self.randomSeed) || self.type == 'RANDOM'",
            holds=lambda seen: seen.random_seed is None or seen.type == "RANDOM",
            message="randomSeed belongs to an input of type RANDOM",
        ),
    )

    type: Annotated[InputType, Field(strict=False)]
    """EMBEDDINGS, SCORES, PREDICTIONS, METADATA or RANDOM."""

    task: Annotated[TaskName, Field(min_length=1)] | None = None
    """For SCORES and PREDICTIONS: the prediction task. For EMBEDDINGS: embed its objects."""

    score: Annotated[TaskName, Field(min_length=1)] | None = None
    """For SCORES: which score, such as uncertainty_entropy or object_frequency."""

    key: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    """For METADATA: the path of your own metadata, or `lightly.` and one of the worker's own."""

    name: Annotated[PredictionInput | None, Field(strict=False)] = None
    """For PREDICTIONS: CLASS_DISTRIBUTION or CATEGORY_COUNT."""

    categories: (
        Annotated[
            list[Annotated[str, Field(min_length=1, max_length=256)]],
            Field(min_length=1, max_length=256),
            Distinct(),
        ]
        | None
    ) = None
    """For CATEGORY_COUNT: the categories to count."""

    dataset_id: (
        Annotated[
            str,
            Field(min_length=1, max_length=253),
            matching(
                r"^[a-zA-Z0-9]([-a-zA-Z0-9.]*[a-zA-Z0-9])?$",
                "must be the name or the id of a Datasource",
            ),
        ]
        | None
    ) = None
    """For SIMILARITY: the Datasource (name or id) that holds the samples to be similar to."""

    tag_name: TagName | None = None
    """For SIMILARITY: the tag of these samples, such as initial-tag."""

    random_seed: int | None = None
    """For RANDOM: where random numbers start; the same seed gives the same numbers."""


def values_of(seen: SelectionInput) -> Values:
    """What an input amounts to."""
    match seen.type:
        case InputType.EMBEDDINGS:
            return Values.VECTORS if seen.dataset_id is None else Values.QUERY
        case InputType.SCORES:
            return Values.NUMBERS
        case InputType.METADATA:
            return Values.NUMBERS_OR_CATEGORIES
        case InputType.RANDOM:
            return Values.RANDOM
        case InputType.PREDICTIONS:
            counts = seen.name == PredictionInput.CATEGORY_COUNT
            return Values.COUNTS if counts else Values.DISTRIBUTION


class TargetRange(ApiModel):
    """Where the sum of the selected values should end up."""

    RULES = (
        Rule(
            cel="self.minSum <= self.maxSum",
            holds=lambda target: target.min_sum <= target.max_sum,
            message="targetRange.maxSum must not be less than targetRange.minSum",
        ),
    )

    min_sum: NotNegative
    """The least sum of the input's values over the selected samples."""

    max_sum: NotNegative
    """The largest sum of the input's values over the selected samples."""


def _only_for(key: str, attribute: str, *types: StrategyType) -> Rule:
    names = [str(type_) for type_ in types]
    return Rule(
        cel=f"!has(self.{key}) || self.type in {names}",
        holds=lambda strategy: getattr(strategy, attribute) is None or strategy.type in types,
        message=f"{key} belongs to a strategy of type {' or '.join(names)}",
    )


class SelectionStrategy(ApiModel):
    """What is done with an input."""

    RULES = (
        _only_for(
            "stoppingConditionMinimumDistance",
            "stopping_condition_minimum_distance",
            StrategyType.DIVERSITY,
        ),
        _only_for("threshold", "threshold", StrategyType.THRESHOLD),
        _only_for("operation", "operation", StrategyType.THRESHOLD),
        _only_for("target", "target", StrategyType.BALANCE),
        _only_for("distribution", "distribution", StrategyType.BALANCE),
        _only_for("numNearestNeighbors", "num_nearest_neighbors", StrategyType.TYPICALITY),
        _only_for(
            "stoppingConditionMinimumTypicality",
            "stopping_condition_minimum_typicality",
            StrategyType.TYPICALITY,
        ),
        _only_for("stoppingConditionMaxSum", "stopping_condition_max_sum", StrategyType.WEIGHTS),
        _only_for("targetRange", "target_range", StrategyType.WEIGHTS),
        _only_for(
            "strength",
            "strength",
            *(type_ for type_ in StrategyType if type_ is not StrategyType.THRESHOLD),
        ),
        Rule(
            cel="self.type != 'THRESHOLD' || (has(self.threshold) && has(self.operation))",
            holds=lambda strategy: (
                strategy.type != "THRESHOLD" or None not in {strategy.threshold, strategy.operation}
            ),
            message="a strategy of type THRESHOLD needs threshold and operation",
        ),
        Rule(
            cel="self.type != 'BALANCE' || has(self.target) || (has(self.distribution)"
            " && self.distribution != 'TARGET')",
            holds=lambda strategy: (
                strategy.type != "BALANCE"
                or strategy.target is not None
                or strategy.distribution in {"UNIFORM", "INPUT"}
            ),
            message="a strategy of type BALANCE needs target, or distribution: UNIFORM or INPUT",
        ),
        Rule(
            cel="!has(self.target) || !has(self.distribution) || self.distribution == 'TARGET'",
            holds=lambda strategy: (
                strategy.target is None or strategy.distribution in {None, "TARGET"}
            ),
            message="target belongs to distribution: TARGET; leave out one of them",
        ),
    )

    type: Annotated[StrategyType, Field(strict=False)]
    """DIVERSITY, WEIGHTS, THRESHOLD, BALANCE, SIMILARITY or TYPICALITY."""

    stopping_condition_minimum_distance: NotNegative | None = None
    """For DIVERSITY: keep no two samples closer than this, 0 to 2 for normalised embeddings."""

    threshold: float | None = None
    """For THRESHOLD: the value to compare with."""

    operation: Annotated[Operation | None, Field(strict=False)] = None
    """For THRESHOLD: keep samples whose value is SMALLER, SMALLER_EQUAL, BIGGER, BIGGER_EQUAL."""

    target: (
        Annotated[
            dict[str, Share],
            Field(min_length=1, max_length=256),
            Rule(
                cel="self.map(name, self[name]).sum() <= 1.000001",
                holds=lambda target: math.fsum(target.values()) <= 1 + ROUNDING,
                message="must not add up to more than 1",
            ),
        ]
        | None
    ) = None
    """For BALANCE: the share of each class, as {car: 0.5}; the rest is all other classes."""

    distribution: Annotated[Distribution | None, Field(strict=False)] = None
    """For BALANCE: TARGET as given, UNIFORM for equal shares, INPUT for the shares of the input."""

    num_nearest_neighbors: Annotated[int, Field(ge=2)] | None = None
    """For TYPICALITY: how many neighbours make a sample typical; 20 unless given."""

    stopping_condition_minimum_typicality: Positive | None = None
    """For TYPICALITY: stop when samples are less typical than this."""

    stopping_condition_max_sum: NotNegative | None = None
    """For WEIGHTS: stop when the selected values add up to this."""

    target_range: TargetRange | None = None
    """For WEIGHTS: where the sum of the selected values should end up."""

    strength: Annotated[float, Field(ge=-1e9, le=1e9)] | None = None
    """How much this strategy counts beside the others: 1 unless given; negative turns it round."""


def _compatible_in_cel() -> str:
    """The table above as one expression over an entry of `strategies`."""

    def fits(values: Values) -> str:
        return f"self.strategy.type in {sorted(str(type_) for type_ in COMPATIBLE[values])}"

    return (
        "self.input.type == 'EMBEDDINGS' ? (has(self.input.datasetId)"
        f" ? {fits(Values.QUERY)} : {fits(Values.VECTORS)})"
        f" : self.input.type == 'SCORES' ? {fits(Values.NUMBERS)}"
        f" : self.input.type == 'METADATA' ? {fits(Values.NUMBERS_OR_CATEGORIES)}"
        f" : self.input.type == 'RANDOM' ? {fits(Values.RANDOM)}"
        " : !has(self.input.name) || (self.input.name == 'CATEGORY_COUNT'"
        f" ? {fits(Values.COUNTS)} : {fits(Values.DISTRIBUTION)})"
    )


_COMPATIBLE_IN_WORDS = (
    "input and strategy do not fit: EMBEDDINGS go with DIVERSITY or TYPICALITY,"
    " and with SIMILARITY when datasetId and tagName are given; SCORES with WEIGHTS or THRESHOLD;"
    " METADATA with WEIGHTS, THRESHOLD or BALANCE; PREDICTIONS with BALANCE (CLASS_DISTRIBUTION)"
    " or with WEIGHTS or THRESHOLD (CATEGORY_COUNT); RANDOM with WEIGHTS"
)


class Strategy(ApiModel):
    """One rule of the selection: what to look at, and what to do with it."""

    RULES = (
        Rule(
            cel=_compatible_in_cel(),
            holds=lambda entry: entry.strategy.type in COMPATIBLE[values_of(entry.input)],
            message=_COMPATIBLE_IN_WORDS,
        ),
    )

    input: SelectionInput
    """What to look at."""

    strategy: SelectionStrategy
    """What to do with it."""


class AutoTask(ApiModel):
    """Boxes on every image that no detector has to find: a grid, or fixed places."""

    RULES = (
        Rule(
            cel="self.type == 'TILING' ? has(self.numRows) && has(self.numCols)"
            " : !has(self.numRows) && !has(self.numCols) && self.overlap == 0.0",
            holds=lambda task: (
                None not in {task.num_rows, task.num_cols}
                if task.type == "TILING"
                else task.num_rows is None and task.num_cols is None and task.overlap == 0
            ),
            message="type TILING needs numRows and numCols; they and overlap belong only there",
        ),
        Rule(
            cel="(self.type == 'CROP') == has(self.bboxs)",
            holds=lambda task: (task.type == "CROP") == (task.bboxs is not None),
            message="bboxs and type CROP belong together",
        ),
    )

    type: Annotated[AutoTaskType, Field(strict=False)]
    """TILING for a grid, CROP for fixed boxes."""

    name: Annotated[TaskName, Field(min_length=1)]
    """The name to use as `task` of an input of type EMBEDDINGS."""

    num_rows: Annotated[int, Field(ge=1, le=1000)] | None = None
    """For TILING: rows of the grid."""

    num_cols: Annotated[int, Field(ge=1, le=1000)] | None = None
    """For TILING: columns of the grid."""

    overlap: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """For TILING: which part of a tile it shares with its neighbour."""

    bboxs: (
        Annotated[
            list[Annotated[list[Share], Field(min_length=4, max_length=4)]],
            Field(min_length=1, max_length=1000),
        ]
        | None
    ) = None
    """For CROP: boxes as [x1, y1, x2, y2] in parts of the image's width and height."""


class SelectionConfig(ApiModel):
    """How many samples to keep, and by which rules."""

    RULES = (
        Rule(
            cel="(has(self.nSamples) && self.nSamples != -1) != has(self.proportionSamples)",
            holds=lambda selection: (
                (selection.n_samples not in {None, -1})
                != (selection.proportion_samples is not None)
            ),
            message="give either nSamples or proportionSamples",
        ),
        Rule(
            cel="!has(self.autoTasks) || self.strategies.all(entry,"
            " !(entry.input.type in ['SCORES', 'PREDICTIONS']) || !has(entry.input.task)"
            " || !self.autoTasks.exists(task, task.name == entry.input.task))",
            holds=lambda selection: (
                not {task.name for task in selection.auto_tasks or ()}
                & {
                    entry.input.task
                    for entry in selection.strategies
                    if entry.input.type in {"SCORES", "PREDICTIONS"}
                }
            ),
            message="a task of autoTasks has boxes but no predictions:"
            " use it with an input of type EMBEDDINGS",
        ),
    )

    n_samples: (
        Annotated[
            int,
            Rule(
                cel="self == -1 || self >= 1",
                holds=lambda count: count == -1 or count >= 1,
                message="must be at least 1, or -1 when proportionSamples is given",
            ),
        ]
        | None
    ) = None
    """How many samples to keep at most. Give either nSamples or proportionSamples."""

    proportion_samples: Share | None = None
    """Which part of the input to keep at most, 0 to 1."""

    strategies: Annotated[list[Strategy], Field(min_length=1, max_length=32)]
    """Rules that decide together; their gains are multiplied, each to the power of its strength."""

    lightly_path_regex: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    """A regular expression whose named groups turn parts of a file's path into metadata."""

    auto_tasks: Annotated[list[AutoTask], Field(max_length=16), Distinct("name")] | None = None
    """Boxes to make on every image, for object diversity without a detector."""
