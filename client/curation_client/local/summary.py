"""What `curate run --local` says at the end."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TextIO

from curation_api import CurationError, ExitCode, RunReport
from curation_api.problems import Problem
from curation_api.run_report import RunResult
from curation_api.states import ArtifactType, RunState


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended and where its files lie."""

    name: str
    uid: str
    run_directory: str
    report: RunReport | None
    exit_code: int
    last_lines: tuple[str, ...] = ()

    @property
    def state(self) -> RunState:
        """The end state, by the same rules as in a cluster."""
        if self.report is None:
            return RunState.CRASHED
        if self.report.ok:
            return RunState.COMPLETED
        return RunState.ABORTED if self.exit_code == ExitCode.CHECKPOINTED else RunState.FAILED

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        result = self.report.result if self.report else None
        problem = self.report.problem if self.report else None
        return {
            "state": str(self.state),
            "uid": self.uid,
            "runDirectory": self.run_directory,
            "result": {} if result is None else result.complete(),
            **({} if problem is None else {"problem": problem.complete()}),
        }


def summary(outcome: Outcome) -> Iterator[str]:
    """For people: the answer first, then the numbers, then where to look."""
    report = outcome.report
    if report is None:
        yield f"{outcome.name}: {outcome.state}"
        yield "  The worker died without a word; it said last:"
        yield from (f"    {line}" for line in outcome.last_lines)
        return
    if report.problem is not None:
        yield f"{outcome.name}: {outcome.state} ({report.problem.reason})"
        yield from (f"  {line}" for line in problem_lines(report.problem))
        yield f"  Log: {outcome.run_directory}/log.txt"
        return
    yield f"{outcome.name}: {outcome.state}"
    if report.result is not None:
        yield from result_lines(report.result)
    if any(artifact.type is ArtifactType.REPORT_PDF for artifact in report.artifacts):
        yield f"  Report: {outcome.run_directory}/report.pdf"
    yield f"  All files: {outcome.run_directory}"


def complain(error: CurationError, err: TextIO) -> int:
    """Say what is wrong, and return the exit code that says so too."""
    print("\n".join(problem_lines(error.problem)), file=err)
    return error.problem.exit_code


def problem_lines(problem: Problem) -> Iterator[str]:
    """What happened, then what to do."""
    *lines, last = problem.message.splitlines() or [""]
    yield from lines
    yield last if last.endswith((".", "?", "!")) else f"{last}."
    if problem.fix:
        yield f"To fix it: {problem.fix}."


def result_lines(result: RunResult) -> Iterator[str]:
    """The numbers of a run that succeeded, those that are nought left out."""
    yield f"  {result.input or 0:,} samples in the input"
    if result.corrupt:
        reasons = result.corrupt_by_reason or {}
        listed = ", ".join(f"{count:,} {reason}" for reason, count in sorted(reasons.items()))
        yield f"  {result.corrupt:,} of them cannot be used: {listed}"
    if result.duplicates:
        yield f"  {result.duplicates:,} left out as exact duplicates"
    if result.filtered:
        yield f"  {result.filtered:,} left out by a threshold"
    if result.cached:
        yield f"  {result.cached:,} of {result.embedded or 0:,} embeddings known from earlier runs"
    yield f"  {result.selected or 0:,} selected, published as tag {result.tag!r}"
