"""The index of numbered requirements knows what is shown, and believes no empty test."""

import json
from pathlib import Path

import pytest

from tools.requirements import claims
from tools.requirements.claims import UnknownRequirement, requirements
from tools.requirements.page import open_ones, summary


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two requirements and no test."""
    rows = tmp_path / "requirements.tsv"
    rows.write_text("R1\tA run names a place.\nL13 L14\tCommands exist.\n")
    (tmp_path / "tests").mkdir()
    monkeypatch.setattr(claims, "ROOT", tmp_path)
    monkeypatch.setattr(claims, "REQUIREMENTS", rows)
    return tmp_path


def write_test(project: Path, text: str) -> None:
    (project / "tests/test_it.py").write_text(f"import pytest\n{text}\n")


def shown() -> dict[str, tuple[str, ...]]:
    return {requirement.number: requirement.tests for requirement in requirements()}


def test_the_specification_has_339_numbered_lines() -> None:
    known = requirements()

    assert len(known) == 339
    assert [len([r for r in known if r.group == letter]) for letter in "RCPL"] == [203, 79, 41, 16]


def test_a_marked_test_shows_its_requirement(project: Path) -> None:
    write_test(project, '@pytest.mark.covers("R1", "L14")\ndef test_a():\n    assert run()')

    assert shown() == {
        "R1": ("tests/test_it.py::test_a",),
        "L13 L14": ("tests/test_it.py::test_a",),
    }


def test_a_mark_on_a_class_or_module_counts_for_its_tests(project: Path) -> None:
    write_test(
        project,
        'pytestmark = pytest.mark.covers("R1")\n'
        '@pytest.mark.covers("L13")\nclass TestA:\n    def test_b(self):\n        assert run()',
    )

    assert shown() == {
        "R1": ("tests/test_it.py::TestA::test_b",),
        "L13 L14": ("tests/test_it.py::TestA::test_b",),
    }


@pytest.mark.parametrize(
    "test",
    [
        '@pytest.mark.covers("R1")\ndef test_a():\n    """Says nothing."""',
        '@pytest.mark.covers("R1")\ndef test_a():\n    pass',
        '@pytest.mark.covers("R1")\n@pytest.mark.skip\ndef test_a():\n    assert run()',
        '@pytest.mark.covers("R1")\n@pytest.mark.xfail\ndef test_a():\n    assert run()',
        '@pytest.mark.covers("R1")\ndef helper():\n    assert run()',
    ],
)
def test_an_empty_or_skipped_test_shows_nothing(project: Path, test: str) -> None:
    write_test(project, test)

    assert shown()["R1"] == ()


def test_a_test_that_did_not_pass_shows_nothing(project: Path) -> None:
    write_test(project, '@pytest.mark.covers("R1")\ndef test_a():\n    assert run()')
    outcomes = project / "outcomes.json"
    outcomes.write_text(json.dumps({"tests/test_it.py::test_a": "skipped"}))

    first, _ = requirements(believing=outcomes)

    assert first.tests == ()


def test_a_number_that_does_not_exist_is_refused(project: Path) -> None:
    write_test(project, '@pytest.mark.covers("R999")\ndef test_a():\n    assert run()')

    with pytest.raises(UnknownRequirement, match=r"test_a covers R999, which does not exist"):
        requirements()


def test_the_summary_counts_by_group_and_names_what_is_open(project: Path) -> None:
    write_test(project, '@pytest.mark.covers("R1")\ndef test_a():\n    assert run()')

    assert "- Worker (R): 1 of 1 shown" in list(summary(requirements()))
    assert "- All: 1 of 2 shown" in list(summary(requirements()))
    assert list(open_ones(requirements())) == ["  L13 L14     Commands exist."]
