"""`curate diff`, whole."""

import json
from pathlib import Path

from tests.curation_client.cli.shell import Ended, curate
from tests.curation_client.why.planted_runs import leave_run, selected, two_local_runs


def test_what_differs_between_two_runs(tmp_path: Path) -> None:
    before, after = two_local_runs(tmp_path)

    assert curate("diff", str(before), str(after)) == Ended(
        0,
        "farm-3 → farm-4\n"
        "  3 → 4 selected, 2 of them in both\n"
        "  Input: 1 new, 1 gone\n"
        "Configuration:\n"
        "  selection.nSamples: 3 → 4\n"
        "Only in farm-3: 1\n"
        "  hen.jpg   rank 3   elsewhere: not in the input\n"
        "Only in farm-4: 2\n"
        "  goat.jpg   rank 2   elsewhere: not in the input\n"
        "  calf.jpg   rank 4   elsewhere: not selected:"
        " others were better and there was no room for more\n",
        "",
    )


def test_two_runs_that_selected_the_same(tmp_path: Path) -> None:
    before, _ = two_local_runs(tmp_path)

    assert curate("diff", str(before), str(before)).out == (
        "farm-3 → farm-3\n  3 → 3 selected, 3 of them in both\n"
    )


def test_a_long_list_is_cut_for_people_and_whole_for_programs(tmp_path: Path) -> None:
    before, _ = two_local_runs(tmp_path)
    many = [selected(f"{number:03}.jpg", number) for number in range(1, 31)]
    after = leave_run(tmp_path / ".lightly/runs/uid-3", "many", many, nSamples=30)

    for_people = curate("diff", str(before), str(after)).out
    for_programs = json.loads(curate("diff", str(before), str(after), "-o", "json").out)

    assert for_people.endswith("  … and 10 more; -o json has them all\n")
    assert len(for_programs["added"]) == 30
    assert for_programs["configuration"] == {"selection.nSamples": {"before": 3, "after": 30}}
