"""Select the samples worth labelling: arrays in, picks and reasons out.

    from curation_job.selection import farthest_first

    picks = farthest_first(embeddings, 50)

Nothing here reads a file or knows of the rest of the product. What a name needs is imported when it
is first used, so that importing this package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curation_job.selection.coverage import Coverage
    from curation_job.selection.farthest import farthest_first
    from curation_job.selection.points import find_flaws
    from curation_job.selection.problem import (
        Balance,
        Diversity,
        Objects,
        Operation,
        SelectionProblem,
        Similarity,
        Threshold,
        Typicality,
        Weights,
    )
    from curation_job.selection.reasons import Outcome, Reasons
    from curation_job.selection.selecting import select
    from curation_job.selection.selection import Selection
    from curation_job.selection.stops import Stop

_HOMES = {
    "Balance": "problem",
    "Coverage": "coverage",
    "Diversity": "problem",
    "Objects": "problem",
    "Operation": "problem",
    "Outcome": "reasons",
    "Reasons": "reasons",
    "Selection": "selection",
    "SelectionProblem": "problem",
    "Similarity": "problem",
    "Stop": "stops",
    "Threshold": "problem",
    "Typicality": "problem",
    "Weights": "problem",
    "farthest_first": "farthest",
    "find_flaws": "points",
    "select": "selecting",
}

__all__ = [
    "Balance",
    "Coverage",
    "Diversity",
    "Objects",
    "Operation",
    "Outcome",
    "Reasons",
    "Selection",
    "SelectionProblem",
    "Similarity",
    "Stop",
    "Threshold",
    "Typicality",
    "Weights",
    "farthest_first",
    "find_flaws",
    "select",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
