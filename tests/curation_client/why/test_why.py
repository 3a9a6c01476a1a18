"""`curate why`, whole, for everything that may become of a sample."""

import json
from pathlib import Path

import pytest

from curation_api import ExitCode
from tests.curation_client.cli.shell import Ended, curate
from tests.curation_client.why.planted_runs import two_local_runs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a local run."""
    return two_local_runs(tmp_path)[0]


def why(sample: str, folder: Path, *options: str) -> Ended:
    return curate("why", sample, "--run-directory", str(folder), *options)


@pytest.mark.parametrize(
    ("sample", "answer"),
    [
        (
            "cow.jpg",
            "cow.jpg: selected at rank 1 of 3\n  DIVERSITY of EMBEDDINGS gained 0.5\n",
        ),
        (
            "hen.jpg",
            "hen.jpg: selected at rank 3 of 3\n"
            "  DIVERSITY of EMBEDDINGS gained 0.25\n"
            "  Nearest of those before it: pig.jpg (rank 2), at distance 0.25\n",
        ),
        (
            "calf.jpg",
            "calf.jpg: not selected\n"
            "  Others were better and there was no room for more.\n"
            "  Nearest selected: cow.jpg (rank 1), at distance 0.125\n"
            "  To have it: Select more samples.\n",
        ),
        (
            "piglet.jpg",
            "piglet.jpg: not selected\n"
            "  Nearer to a selected sample than allowed.\n"
            "  Nearest selected: pig.jpg (rank 2), at distance 0.0625\n"
            "  To have it: Lower stoppingConditionMinimumDistance below 0.0625.\n",
        ),
        (
            "copy.jpg",
            "copy.jpg: left out as an exact duplicate of cow.jpg\n"
            "  cow.jpg: selected at rank 1 of 3\n",
        ),
        (
            "empty.jpg",
            "empty.jpg: cannot be used: zero bytes\n"
            "  To have it: Replace the file; the next run looks at it again.\n",
        ),
        (
            "dark.jpg",
            "dark.jpg: left out by a threshold: lightly.luminance > 20\n"
            "  To have it: Loosen this threshold, or leave it out.\n",
        ),
        ("old.jpg", "old.jpg: selected by an earlier run, and counted\n"),
    ],
)
def test_each_sample_has_its_reason(sample: str, answer: str, folder: Path) -> None:
    assert why(sample, folder) == Ended(0, answer, "")


def test_programs_get_the_same_as_one_object(folder: Path) -> None:
    said = json.loads(why("pig.jpg", folder, "-o", "json").out)

    assert (said["run"], said["selected"]) == ("farm-3", 3)
    assert said["sample"] == {
        "name": "pig.jpg", "outcome": "selected", "reason": None, "rank": 2,
        "nearest_selected": "cow.jpg", "distance": 0.75,
        "gains": {"DIVERSITY of EMBEDDINGS": 0.75},
    }  # fmt: skip
    assert said["nearest"]["name"] == "cow.jpg"


def test_an_unknown_sample_is_told_with_the_nearest_name(folder: Path) -> None:
    said = why("barn/calf.jpg", folder)

    assert (said.exit_code, said.out) == (ExitCode.UNEXPECTED, "")
    assert said.err == (
        "Run 'farm-3' has seen 9 samples, and none is called 'barn/calf.jpg';"
        " did you mean 'calf.jpg'?\n"
        "To fix it: Name the sample as it is called below spec.input of the Datasource.\n"
    )


def test_a_folder_that_is_none_of_a_run_is_told(tmp_path: Path) -> None:
    said = why("cow.jpg", tmp_path)

    assert said.exit_code == ExitCode.INVALID_CONFIG
    assert said.err == (
        f"{tmp_path} is not the folder of a run.\n"
        "To fix it: Name the folder that `curate run --local` printed behind 'All files:'.\n"
    )
