"""The ways in which a selection ends."""

from enum import StrEnum


class Stop(StrEnum):
    """Why there are not more picks."""

    COUNT = "COUNT"
    """There are as many as asked for."""
    EVERYTHING = "EVERYTHING"
    """Every candidate is selected."""
    MINIMUM_DISTANCE = "MINIMUM_DISTANCE"
    """Every other candidate is too near to a selected one."""
    MAX_SUM = "MAX_SUM"
    """The next one would have made a sum of values too large."""
