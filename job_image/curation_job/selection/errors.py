"""What can be wrong with the input of a selection."""

from collections.abc import Callable, Sequence

from curation_api.problems import (
    CurationError,
    ExitCode,
    InvalidConfigurationError,
    Reason,
)

__all__ = ["InvalidConfigurationError", "UnusableDataError", "some_of"]

NAMES_SHOWN = 5


class UnusableDataError(CurationError):
    """Data that no selection can be made from."""

    reason = Reason.DATA_UNUSABLE
    exit_code = ExitCode.DATA_UNUSABLE


def some_of(rows: Sequence[int], name_of: Callable[[int], str]) -> str:
    """The first few by name, and how many more there are."""
    shown = ", ".join(name_of(row) for row in rows[:NAMES_SHOWN])
    more = len(rows) - NAMES_SHOWN
    return f"{shown} and {more:,} more" if more > 0 else shown
