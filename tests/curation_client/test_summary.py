"""What `curate run --local` says at the end, whole."""

from typing import Any

import pytest

from curation_api import ExitCode, Reason, RunReport
from curation_api.problems import Problem
from curation_api.run_report import Artifact, RunResult
from curation_api.states import ArtifactType, Stage
from curation_client.local.summary import Outcome, summary

RESULT = RunResult(
    input=12034,
    corrupt=3,
    corrupt_by_reason={"zero bytes": 1, "truncated": 2},
    duplicates=17,
    filtered=5,
    embedded=12031,
    cached=12000,
    selected=50,
    tag="initial-tag",
    digest="sha256:ab",
)
REPORT_PDF = Artifact(type=ArtifactType.REPORT_PDF, key="x/report.pdf", size_bytes=9)
PROBLEM = Problem(
    reason=Reason.NO_SAMPLES_FOUND,
    message="No image found in /photos among 12 files.",
    fix="Point spec.input of Datasource 'farm' at a folder that has images",
    exit_code=ExitCode.DATA_UNUSABLE,
)


def an_outcome(report: RunReport | None, exit_code: ExitCode = ExitCode.OK, **more: Any) -> Outcome:
    return Outcome("farm-50", "the-uid", "/out/the-uid", report, exit_code, **more)


def a_report(**fields: Any) -> RunReport:
    return RunReport(stage=Stage.ALL, **fields)


def test_the_answer_comes_first_then_the_numbers_then_where_to_look() -> None:
    outcome = an_outcome(a_report(ok=True, result=RESULT, artifacts=[REPORT_PDF]))

    assert list(summary(outcome)) == [
        "farm-50: Completed",
        "  12,034 samples in the input",
        "  3 of them cannot be used: 2 truncated, 1 zero bytes",
        "  17 left out as exact duplicates",
        "  5 left out by a threshold",
        "  12,000 of 12,031 embeddings known from earlier runs",
        "  50 selected, published as tag 'initial-tag'",
        "  Report: /out/the-uid/report.pdf",
        "  All files: /out/the-uid",
    ]


def test_programs_get_the_same_as_one_object() -> None:
    outcome = an_outcome(a_report(ok=True, result=RESULT))

    assert outcome.as_json() == {
        "state": "Completed",
        "uid": "the-uid",
        "runDirectory": "/out/the-uid",
        "result": RESULT.complete(),
    }


def test_what_is_nought_is_not_mentioned() -> None:
    few = RunResult(input=9, corrupt=0, duplicates=0, filtered=0, cached=0, selected=3, tag="t")

    assert list(summary(an_outcome(a_report(ok=True, result=few)))) == [
        "farm-50: Completed",
        "  9 samples in the input",
        "  3 selected, published as tag 't'",
        "  All files: /out/the-uid",
    ]


def test_a_problem_is_told_with_what_to_do_about_it() -> None:
    outcome = an_outcome(a_report(ok=False, problem=PROBLEM), ExitCode.DATA_UNUSABLE)

    assert list(summary(outcome)) == [
        "farm-50: Failed (NoSamplesFound)",
        "  No image found in /photos among 12 files.",
        "  To fix it: Point spec.input of Datasource 'farm' at a folder that has images.",
        "  Log: /out/the-uid/log.txt",
    ]
    assert outcome.as_json()["problem"] == PROBLEM.complete()


def test_a_worker_that_died_without_a_word_is_quoted() -> None:
    outcome = an_outcome(None, ExitCode.UNEXPECTED, last_lines=("one", "two"))

    assert list(summary(outcome)) == [
        "farm-50: Crashed",
        "  The worker died without a word; it said last:",
        "    one",
        "    two",
    ]


@pytest.mark.covers("R155")
def test_a_run_that_was_stopped_is_aborted_not_failed() -> None:
    stopped = PROBLEM.model_copy(update={"reason": Reason.STOPPED})
    outcome = an_outcome(a_report(ok=False, problem=stopped), ExitCode.CHECKPOINTED)

    assert next(summary(outcome)) == "farm-50: Aborted (Stopped)"
