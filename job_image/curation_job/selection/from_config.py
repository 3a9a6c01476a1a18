"""A selection problem from a run's `selectionConfig` and what is known of its samples.

Some mistakes only show when data is there: a score that nobody computed, a category that is in no
schema, metadata that are words where numbers are needed. All of them are named at once, each with
what there is instead.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import assert_never

import numpy as np

from curation_api import SelectionConfig
from curation_api.selection_config import (
    Distribution,
    InputType,
    SelectionInput,
    SelectionStrategy,
    Strategy,
    StrategyType,
)
from curation_job.selection.balance import balance_amounts, balance_categories, shares_of, uniform
from curation_job.selection.errors import InvalidConfigurationError
from curation_job.selection.inputs import (
    NotThereError,
    SampleInputs,
    categories,
    describe,
    look_up,
    not_among,
    numbers,
    random_numbers,
    task_with_categories,
)
from curation_job.selection.points import DEFAULT_MEMORY_BYTES, Embeddings
from curation_job.selection.problem import (
    Balance,
    Diversity,
    Objective,
    Operation,
    SelectionProblem,
    Similarity,
    Threshold,
    Typicality,
    Weights,
)

DEFAULT_NEIGHBOURS = 20


def problem_from(
    config: SelectionConfig,
    inputs: SampleInputs,
    *,
    sequence_length: int = 1,
    device: str | None = None,
    memory_bytes: int = DEFAULT_MEMORY_BYTES,
) -> SelectionProblem:
    """What the configuration asks for, with the values it is about.

    With sequences the problem is about frames still: see `sequences.problem_of_sequences`.
    """
    rules: list[Objective | Threshold] = []
    complaints: list[str] = []
    for number, entry in enumerate(config.strategies):
        try:
            rules.append(_rule(entry, inputs))
        except NotThereError as missing:
            complaints.append(f"strategies[{number}]: {missing}")
    if complaints:
        raise InvalidConfigurationError(
            "; ".join(complaints),
            fix="Correct these entries of selectionConfig.strategies, or provide what they need",
        )
    thresholds = [rule for rule in rules if isinstance(rule, Threshold)]
    objectives = [rule for rule in rules if not isinstance(rule, Threshold)]
    return SelectionProblem(
        count=_count(config, inputs, sequence_length),
        # Thresholds alone leave samples that are as good as each other: chance decides.
        objectives=objectives or [Weights(random_numbers(inputs.names, 0), name="RANDOM")],
        thresholds=thresholds,
        embeddings=inputs.embeddings,
        names=inputs.names,
        preselected=inputs.preselected,
        device=device,
        memory_bytes=memory_bytes,
    )


def _count(config: SelectionConfig, inputs: SampleInputs, sequence_length: int) -> int:
    """How many samples at most: a share is rounded down, to whole sequences."""
    if config.proportion_samples is None:
        return config.n_samples or 0
    size = len(inputs.names) if inputs.input_size is None else inputs.input_size
    # 0.07 of 100 is 7.000000000000001 to a computer, and 0.29 of 100 is 28.999999999999996.
    count = int(config.proportion_samples * size + 1e-6)
    return count // sequence_length * sequence_length


def _rule(entry: Strategy, inputs: SampleInputs) -> Objective | Threshold:
    seen, strategy = entry.input, entry.strategy
    name = f"{strategy.type} of {describe(seen)}"
    strength = 1.0 if strategy.strength is None else strategy.strength
    match strategy.type:
        case StrategyType.DIVERSITY:
            least = strategy.stopping_condition_minimum_distance
            objects = None
            if seen.task is not None:
                objects = look_up(seen.task, inputs.objects, "task with embeddings called")
            return Diversity(least, objects, strength, name)
        case StrategyType.WEIGHTS:
            target = strategy.target_range
            target_range = None if target is None else (target.min_sum, target.max_sum)
            limit = strategy.stopping_condition_max_sum
            return Weights(numbers(seen, inputs), limit, target_range, strength, name)
        case StrategyType.THRESHOLD:
            operation, limit = strategy.operation, strategy.threshold
            assert operation is not None  # noqa: S101  the grammar demands both
            assert limit is not None  # noqa: S101
            name = f"{describe(seen)} {operation} {limit:g}"
            return Threshold(numbers(seen, inputs), Operation(operation), limit, name)
        case StrategyType.BALANCE:
            return _balance(seen, strategy, inputs, strength, name)
        case StrategyType.SIMILARITY:
            return Similarity(_queries(seen, inputs), strength, name)
        case StrategyType.TYPICALITY:
            neighbours = strategy.num_nearest_neighbors or DEFAULT_NEIGHBOURS
            least = strategy.stopping_condition_minimum_typicality
            return Typicality(neighbours, least, strength, name)
        case unreachable:
            assert_never(unreachable)


def _balance(
    seen: SelectionInput,
    strategy: SelectionStrategy,
    inputs: SampleInputs,
    strength: float,
    name: str,
) -> Balance:
    new = np.delete(np.arange(len(inputs.names)), np.asarray(inputs.preselected, np.intp))
    if seen.type == InputType.METADATA:
        values = categories(seen, inputs)
        total = Counter(values[row] for row in new.tolist())
        target = _target(strategy, sorted(set(values)), total)
        unknown = [category for category in target if category not in total]
        if unknown and len(unknown) == len(target):
            what = f"value of metadata {seen.key} called"
            raise NotThereError(not_among(unknown[0], total, what))
        return balance_categories(values, target, strength=strength, name=name)
    predictions = task_with_categories(seen, inputs, strategy.target or {})
    total_K = predictions.distribution_NK[new].sum(axis=0)
    total = Counter(dict(zip(predictions.categories, total_K.tolist(), strict=True)))
    target = _target(strategy, predictions.categories, total)
    return balance_amounts(
        predictions.distribution_NK, predictions.categories, target, strength=strength, name=name
    )


def _target(
    strategy: SelectionStrategy, known: Sequence[str], total: Mapping[str, float]
) -> dict[str, float]:
    match strategy.distribution:
        case Distribution.UNIFORM:
            return uniform(known)
        case Distribution.INPUT:
            return shares_of(total)
        case Distribution.TARGET | None:
            return dict(strategy.target or {})
        case unreachable:
            assert_never(unreachable)


def _queries(seen: SelectionInput, inputs: SampleInputs) -> Embeddings:
    of_datasource = {
        tag: embeddings
        for (datasource, tag), embeddings in inputs.queries.items()
        if datasource == seen.dataset_id
    }
    what = f"tag with embeddings in Datasource {seen.dataset_id} called"
    return look_up(seen.tag_name, of_datasource, what)
