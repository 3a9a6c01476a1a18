"""The words of `manifest.parquet`: what became of each sample of a run, and why.

The worker writes them, the client reads them. One row a sample, with the columns below; a gain for
each rule of the selection stands in a column of its own.
"""

from enum import StrEnum

GAIN_PREFIX = "gain: "


class SampleOutcome(StrEnum):
    """What became of a sample."""

    SELECTED = "selected"
    PRESELECTED = "preselected"
    """Selected by an earlier run, and counted."""
    NOT_SELECTED = "not selected"
    FILTERED = "filtered"
    """A threshold leaves it out; the reason is the name of the rule."""
    DUPLICATE = "duplicate"
    """The same as the nearest one."""
    CORRUPT = "corrupt"
    """It cannot be used; the reason says why."""
    MASKED = "masked"
    """The given embeddings leave it out."""


class NotSelected(StrEnum):
    """Why a sample that could have been selected was not."""

    UNTYPICAL = "less typical than allowed"
    TOO_NEAR = "nearer to a selected sample than allowed"
    OUTRANKED = "others were better and there was no room for more"
