"""The short ways to say how to select, for `Curation` and for the options of the command."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from curation_api.problems import InvalidConfigurationError

Strength = bool | float
"""Whether a rule counts; a number says how much."""


def selection_config(
    count: int | None = None,
    *,
    proportion: float | None = None,
    diversity: Strength = False,
    typicality: Strength = False,
    random: Strength = False,
    min_distance: float | None = None,
    strategies: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """A selectionConfig. Where no rule is named, it is diversity that counts.

    `min_distance` alone keeps as many samples as are that far apart.
    """
    is_diverse = diversity or min_distance is not None
    if not (is_diverse or typicality or random or strategies):
        is_diverse = True
    rules = [
        *_rule("EMBEDDINGS", "DIVERSITY", diversity or is_diverse),
        *_rule("EMBEDDINGS", "TYPICALITY", typicality),
        *_rule("RANDOM", "WEIGHTS", random),
        *map(dict, strategies),
    ]
    if min_distance is not None:
        rules[0]["strategy"]["stoppingConditionMinimumDistance"] = min_distance
    return {**_size(count, proportion, is_limited=min_distance is not None), "strategies": rules}


def training(epochs: int) -> dict[str, Any]:
    """What a spec says besides, to train the network first."""
    return {
        "workerConfig": {"enableTraining": True},
        "lightlyConfig": {"trainer": {"maxEpochs": epochs}},
    }


def _size(count: int | None, proportion: float | None, *, is_limited: bool) -> dict[str, Any]:
    if count is not None and proportion is not None:
        raise InvalidConfigurationError(
            f"It is said twice how many samples to select: {count}, and {proportion:g} of them all",
            fix="Give one of the two",
        )
    if count is not None:
        return {"nSamples": count}
    if proportion is None and not is_limited:
        raise InvalidConfigurationError(
            "It is not said how many samples to select",
            fix="Give a number, a proportion, or a minimum distance",
        )
    return {"proportionSamples": 1.0 if proportion is None else proportion}


def _rule(looks_at: str, does: str, strength: Strength) -> Iterator[dict[str, Any]]:
    if strength is not False:
        how = {} if strength is True else {"strength": float(strength)}
        yield {"input": {"type": looks_at}, "strategy": {"type": does, **how}}
