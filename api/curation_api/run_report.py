"""What a worker says when it ends: to the operator in a few kilobytes, to the client in full."""

import json
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError

from curation_api.fields import Count, ShortText
from curation_api.model import ApiModel
from curation_api.problems import Problem
from curation_api.states import ArtifactType, Stage

# The kubelet cuts a termination message at 4096 bytes; what is left is room for its own words.
LAST_WORDS_LIMIT_BYTES = 3500


class Artifact(ApiModel):
    """A file that a run leaves in the LIGHTLY bucket."""

    type: Annotated[ArtifactType, Field(strict=False)]
    """What it is."""

    key: Annotated[str, Field(max_length=1024)]
    """Where it lies, below the LIGHTLY location."""

    size_bytes: Count
    """How large it is."""


class RunResult(ApiModel):
    """What came of a run."""

    selected: Count | None = None
    """Samples that were selected in this run."""

    embedded: Count | None = None
    """Samples that have an embedding."""

    cached: Count | None = None
    """Of these, samples whose embedding an earlier run had computed."""

    corrupt: Count | None = None
    """Samples that could not be used."""

    corrupt_by_reason: dict[str, Count] | None = None
    """How many of these there are for each reason."""

    duplicates: Count | None = None
    """Samples left out because another one is the same."""

    filtered: Count | None = None
    """Samples left out by a threshold."""

    input: Count | None = None
    """Samples that were listed."""

    tag: ShortText | None = None
    """The tag that was published."""

    digest: ShortText | None = None
    """A digest of the selection: the same inputs and configuration give the same one."""


class RunReport(ApiModel):
    """What a worker says when it ends."""

    version: Literal[1] = 1
    """The version of this form."""

    stage: Annotated[Stage, Field(strict=False)]
    """Which part of the run ended."""

    ok: bool
    """Whether it succeeded."""

    result: RunResult | None = None
    """What came of it so far."""

    artifacts: list[Artifact] = []  # noqa: RUF012  the model is frozen
    """The files it left."""

    facts: dict[str, int | str] = {}  # noqa: RUF012  the model is frozen
    """Small things a later stage needs, such as the number of shards."""

    problem: Problem | None = None
    """Why it did not succeed."""

    def last_words(self) -> str:
        """The termination message: always readable JSON, shortened to the limit where needed."""
        report = self
        for shorter in (_without_artifacts, _with_short_problem, _without_facts):
            text = report.model_dump_json(by_alias=True)
            if len(text.encode()) <= LAST_WORDS_LIMIT_BYTES:
                return text
            report = shorter(report)
        return report.model_dump_json(by_alias=True)

    @classmethod
    def from_last_words(cls, text: str) -> Self | None:
        """What a termination message says; None when it is not one of ours, cut off or garbled."""
        try:
            return cls.model_validate(json.loads(text))
        except (ValueError, ValidationError, RecursionError):
            return None


def _without_artifacts(report: RunReport) -> RunReport:
    return report.model_copy(update={"artifacts": []})


def _without_facts(report: RunReport) -> RunReport:
    return report.model_copy(update={"facts": {}})


def _with_short_problem(report: RunReport) -> RunReport:
    if report.problem is None:
        return report
    words = {
        "message": shortened(report.problem.message, 1500),
        "fix": shortened(report.problem.fix, 1000),
    }
    return report.model_copy(update={"problem": report.problem.model_copy(update=words)})


def shortened(text: str, limit_bytes: int) -> str:
    """At most so many bytes of JSON, cut between characters."""
    kept = text
    while len(json.dumps(kept, ensure_ascii=False).encode()) > limit_bytes:
        kept = kept[: len(kept) * limit_bytes // len(json.dumps(kept, ensure_ascii=False).encode())]
    return kept if kept == text else kept + "…"
