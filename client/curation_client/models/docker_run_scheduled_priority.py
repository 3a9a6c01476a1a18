from enum import StrEnum


class DockerRunScheduledPriority(StrEnum):
    """Which of several waiting runs comes first."""

    LOW = "LOW"
    MID = "MID"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"
