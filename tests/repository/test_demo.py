"""`make demo` shows what it promises, on data that is small enough for a test."""

from pathlib import Path

import pytest

from tests.repository.snippets import ROOT
from tools.demo.__main__ import RUNS, demo
from tools.demo.data import Planted
from tools.demo.findings import Findings, summary

PLANTED = Planted(
    duplicates={"z.jpg": "a.jpg"}, near={"later.jpg": "a.jpg"}, corrupt={"empty.jpg": "zero bytes"}
)
SELECTED = frozenset({"a.jpg"})


@pytest.mark.covers("R167", "R168")
def test_its_summary_lists_exactly_what_was_planted(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    exit_code = demo(tmp_path, of_a_kind=3)

    said, remarks = capfd.readouterr()
    assert exit_code == 0, said + remarks
    assert "Exact duplicates, 9 of 9 planted:\n" in said
    assert "Files that cannot be used, 5 of 5 planted:\n" in said
    assert "  broken/cut-off.jpg    truncated\n" in said
    assert "This is exactly what was planted.\n" in said
    assert "93 of 93 embeddings known from earlier runs" in said
    for run in RUNS:
        folder = run.folder(tmp_path)
        assert f"  {folder}/report.pdf and plots/\n" in said
        assert (folder / "report.pdf").read_bytes().startswith(b"%PDF")
        assert {"selected.png", "scatter_pca.png", "distance_distr_after.png"} <= {
            plot.name for plot in (folder / "plots").iterdir()
        }


def test_the_summary_says_what_was_found_and_that_it_is_right() -> None:
    found = Findings({"z.jpg": "a.jpg"}, {"empty.jpg": "zero bytes"}, SELECTED)

    assert list(summary(found, PLANTED)) == [
        "Exact duplicates, 1 of 1 planted:",
        "  z.jpg  the same as a.jpg",
        "Files that cannot be used, 1 of 1 planted:",
        "  empty.jpg  zero bytes",
        "Near duplicates, 1 planted: none kept beside its original",
        "This is exactly what was planted.",
    ]


def test_the_summary_names_what_is_missing_and_what_is_too_much() -> None:
    found = Findings({}, {"empty.jpg": "truncated", "a.jpg": "artefacts"}, SELECTED)

    assert list(summary(found, PLANTED))[-4:] == [
        "THIS IS NOT WHAT WAS PLANTED:",
        "  duplicate: z.jpg: None, planted a.jpg",
        "  cannot be used: a.jpg: artefacts, planted None",
        "  cannot be used: empty.jpg: truncated, planted zero bytes",
    ]


def test_it_leaves_its_data_where_git_does_not_look() -> None:
    assert "volumes/" in (ROOT / ".gitignore").read_text().splitlines()
