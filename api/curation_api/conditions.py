"""Conditions as the Kubernetes API conventions have them, so that every tool understands them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from curation_api.model import ApiModel


class ConditionStatus(StrEnum):
    """Whether a condition holds."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Condition(ApiModel):
    """One aspect of an object's state, for people and for `kubectl wait`."""

    type: Annotated[str, Field(max_length=63)]
    """Which aspect: Ready, Accepted, Running, …"""

    status: Annotated[ConditionStatus, Field(strict=False)]
    """True, False, or Unknown while nobody can tell."""

    reason: Annotated[str, Field(max_length=64)]
    """Why, in one word."""

    message: Annotated[str, Field(max_length=4096)] = ""
    """Why, in a sentence: what happened and what to do."""

    observed_generation: Annotated[int, Field(ge=0)] | None = None
    """Which generation of the object this speaks about."""

    last_transition_time: Annotated[datetime, Field(strict=False)]
    """Since when the status is what it is."""


class RunCondition(StrEnum):
    """The conditions of a CurationRun."""

    ACCEPTED = "Accepted"
    QUEUED = "Queued"
    RUNNING = "Running"
    SUSPENDED = "Suspended"
    COMPLETE = "Complete"
    FAILED = "Failed"
    READY = "Ready"
    STALLED = "Stalled"


class DatasourceCondition(StrEnum):
    """The conditions of a Datasource."""

    READY = "Ready"
    STALLED = "Stalled"
    INPUT_LISTABLE = "InputListable"
    INPUT_READABLE = "InputReadable"
    LIGHTLY_LISTABLE = "LightlyListable"
    LIGHTLY_READABLE = "LightlyReadable"
    LIGHTLY_WRITABLE = "LightlyWritable"
    LIGHTLY_OVERWRITABLE = "LightlyOverwritable"
