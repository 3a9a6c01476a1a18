"""The page on what a run finds out about files names every reason and every measure."""

from curation_job.choosing import MEASURES
from curation_job.records import Corrupt
from tests.repository.snippets import ROOT

PAGE = (ROOT / "docs/explanation/looking.md").read_text()


def test_every_reason_is_explained() -> None:
    assert [reason for reason in Corrupt if reason not in PAGE] == []


def test_every_measure_has_its_formula() -> None:
    assert [name for name in MEASURES if f"`lightly.{name}`" not in PAGE] == []
