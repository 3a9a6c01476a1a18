"""A worker's last words: always readable, within the limit, and never trusted too far."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation_api import CurationError, ExitCode, Problem, Reason, RunReport
from curation_api.run_report import LAST_WORDS_LIMIT_BYTES, Artifact, RunResult
from curation_api.states import ArtifactType, Stage


def a_report(message: str = "No image found.", *, artifacts: int = 0) -> RunReport:
    return RunReport(
        stage=Stage.ALL,
        ok=False,
        result=RunResult(selected=50, digest="sha256:0"),
        artifacts=[
            Artifact(type=ArtifactType.LOG, key=f".lightly/runs/u/log-{n}.txt", size_bytes=n)
            for n in range(artifacts)
        ],
        facts={"shards": 4},
        problem=Problem(reason=Reason.NO_SAMPLES_FOUND, message=message, fix="Look there"),
    )


# Long texts of one awkward character find the cut more surely than long random texts.
@given(st.text(min_size=1, max_size=3).map(lambda text: (text * LAST_WORDS_LIMIT_BYTES)[:4096]))
def test_last_words_are_always_readable_json_within_the_limit(message: str) -> None:
    words = a_report(message, artifacts=30).last_words()

    assert len(words.encode()) <= LAST_WORDS_LIMIT_BYTES
    read = RunReport.from_last_words(words)
    assert read is not None
    assert read.problem is not None
    assert read.problem.reason == Reason.NO_SAMPLES_FOUND


def test_short_last_words_keep_everything() -> None:
    report = a_report(artifacts=3)

    assert RunReport.from_last_words(report.last_words()) == report


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_garbled_last_words_are_nobodys(text: str) -> None:
    assert RunReport.from_last_words(text) is None


@pytest.mark.parametrize("cut", [1, 50, 200])
def test_last_words_that_were_cut_off_are_nobodys(cut: int) -> None:
    assert RunReport.from_last_words(a_report().last_words()[:-cut]) is None


def test_an_error_says_what_happened_and_what_to_do() -> None:
    error = CurationError(
        "No image found in s3://lake/farm/ among 12 files.",
        fix="Point spec.input of Datasource 'farm' at a folder that has images",
        reason=Reason.NO_SAMPLES_FOUND,
        exit_code=ExitCode.DATA_UNUSABLE,
    )

    assert str(error) == (
        "No image found in s3://lake/farm/ among 12 files."
        " To fix it: Point spec.input of Datasource 'farm' at a folder that has images."
    )
    assert not error.problem.retryable


def test_only_some_exit_codes_are_worth_another_try() -> None:
    worth_it = {code for code in ExitCode if code.trying_again_can_help}

    assert worth_it == {
        ExitCode.UNEXPECTED,
        ExitCode.GPU_HARDWARE,
        ExitCode.TEMPORARY,
        ExitCode.CHECKPOINTED,
    }


@pytest.mark.parametrize("message", ["It is gone", "It is gone."])
def test_a_problem_is_two_sentences(message: str) -> None:
    problem = Problem(reason=Reason.NO_SAMPLES_FOUND, message=message, fix="Look there")

    assert str(problem) == "It is gone. To fix it: Look there."
