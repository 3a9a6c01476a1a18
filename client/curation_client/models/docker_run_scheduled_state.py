from enum import StrEnum


class DockerRunScheduledState(StrEnum):
    """How a run that was asked for stands: waiting, taken, ended, or cancelled before it began."""

    OPEN = "OPEN"
    LOCKED = "LOCKED"
    DONE = "DONE"
    CANCELED = "CANCELED"
