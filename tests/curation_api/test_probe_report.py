"""What a probe says is small enough to be heard, and nothing else is mistaken for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation_api import RunReport
from curation_api.probe_report import Finding, InputFindings, LightlyFindings, ProbeReport
from curation_api.problems import Reason
from curation_api.run_report import LAST_WORDS_LIMIT_BYTES
from curation_api.states import Stage


def all_rights(finding: Finding) -> ProbeReport:
    return ProbeReport(
        input=InputFindings(can_list=finding, can_read=finding),
        lightly=LightlyFindings(
            can_list=finding, can_read=finding, can_write=finding, can_overwrite=finding
        ),
    )


def test_what_is_said_is_understood() -> None:
    report = all_rights(Finding.no(Reason.ACCESS_DENIED, "No access to s3://farm/."))

    assert ProbeReport.from_last_words(report.last_words()) == report


@pytest.mark.parametrize("letter", ["x", "é", "猫", "🐄"])
def test_six_long_sentences_still_fit(letter: str) -> None:
    report = all_rights(Finding.no(Reason.ENDPOINT_UNREACHABLE, letter * 10_000))

    assert len(report.last_words().encode()) <= LAST_WORDS_LIMIT_BYTES


@given(st.text())
def test_anything_else_is_no_report(text: str) -> None:
    assert ProbeReport.from_last_words(text) is None


def test_a_run_report_is_not_a_probe_report() -> None:
    run = RunReport(stage=Stage.ALL, ok=True)

    assert ProbeReport.from_last_words(run.last_words()) is None
