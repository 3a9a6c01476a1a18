"""The table of failure modes is whole, and every test that it names exists."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs/reference/failure-modes.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d+) \|.*\| ([^|]+) \|$", TABLE, re.MULTILINE)


def test_all_of_them_are_listed_once() -> None:
    assert [int(number) for number, _ in ROWS] == list(range(1, 43))


def test_each_is_shown_by_a_test_that_exists() -> None:
    sources = "".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "tests/curation_operator").rglob("test_*.py")
    )
    tests = set(re.findall(r"^(?:async )?def (test_\w+)", sources, re.MULTILINE))
    shown = {int(number): shown_by.strip("`") for number, shown_by in ROWS}

    assert {number for number, test in shown.items() if test not in tests} == set()
