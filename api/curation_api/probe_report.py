"""What a look at the rights of a Datasource found: `curation_job probe` says it as it ends."""

import json
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError

from curation_api.fields import LongText
from curation_api.model import ApiModel
from curation_api.problems import Reason
from curation_api.run_report import shortened

# Six sentences of this length fit into a termination message, whatever else is in it.
LONGEST_SENTENCE_BYTES = 450


class Finding(ApiModel):
    """Whether something may be done."""

    granted: bool | None = None
    """True, False, or not known where it could not be tried."""

    reason: Annotated[Reason, Field(strict=False)]
    """Why, in one word."""

    message: LongText = ""
    """Why not, and what to do, in a sentence."""

    @classmethod
    def yes(cls) -> Self:
        """It may be done."""
        return cls(granted=True, reason=Reason.PROBE_SUCCEEDED)

    @classmethod
    def no(cls, reason: Reason, message: str) -> Self:
        """It may not be done."""
        return cls(granted=False, reason=reason, message=shortened(message, LONGEST_SENTENCE_BYTES))

    @classmethod
    def not_tried(cls, reason: Reason, message: str) -> Self:
        """It could not be tried, so nobody knows."""
        return cls(granted=None, reason=reason, message=shortened(message, LONGEST_SENTENCE_BYTES))


class InputFindings(ApiModel):
    """What may be done with the raw files. Writing is never tried."""

    can_list: Finding
    """List them."""

    can_read: Finding
    """Read them."""


class LightlyFindings(ApiModel):
    """What may be done where results go."""

    can_list: Finding
    """List files."""

    can_read: Finding
    """Read them."""

    can_write: Finding
    """Write new ones."""

    can_overwrite: Finding
    """Replace one."""


class ProbeReport(ApiModel):
    """What was found; the last words of a probe."""

    version: Literal[1] = 1
    """The version of this form."""

    input: InputFindings
    """The raw files."""

    lightly: LightlyFindings
    """The place for everything derived."""

    def last_words(self) -> str:
        """The termination message."""
        return self.model_dump_json(by_alias=True)

    @classmethod
    def from_last_words(cls, text: str) -> Self | None:
        """What a termination message says; None when it is not one of these."""
        try:
            return cls.model_validate(json.loads(text))
        except (ValueError, ValidationError, RecursionError):
            return None
