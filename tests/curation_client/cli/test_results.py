"""`curate why` and `diff` for runs in a cluster, whose bucket is a volume that is mounted here."""

from tests.curation_client.cli.shell import Shell
from tests.curation_client.why.planted_runs import FARM, LATER, Row, leave_run
from tests.curation_operator.farm import Farm


def a_completed_run(barn: Farm, name: str, rows: list[Row], n_samples: int) -> None:
    barn.create_run(name)
    barn.wait_for_state("Completed", name=name)
    uid = barn.run(name)["metadata"]["uid"]
    leave_run(barn.folders["results"] / ".lightly/runs" / uid, name, rows, nSamples=n_samples)


def test_runs_are_explained_and_compared_by_name(shell: Shell, barn: Farm) -> None:
    a_completed_run(barn, "week-1", FARM, 3)
    a_completed_run(barn, "week-2", LATER, 4)

    explained = shell("why", "calf.jpg", "--run", "run/week-1")
    by_the_last_run = shell("why", "calf.jpg")
    compared = shell("diff", "week-1", "week-2")

    assert explained.out.startswith("calf.jpg: not selected\n")
    assert by_the_last_run.out.startswith("calf.jpg: selected at rank 4 of 4\n")
    assert by_the_last_run.err == (
        "In run 'week-2', which was completed last (--run names another).\n"
    )
    assert compared.out.startswith("week-1 → week-2\n  3 → 4 selected, 2 of them in both\n")


def test_a_run_without_result_is_told(shell: Shell, barn: Farm) -> None:
    barn.create_run("empty-handed", datasourceRef={"name": "farm"})
    barn.wait_for_state("Completed", name="empty-handed")

    said = shell("why", "calf.jpg", "--run", "empty-handed")

    assert said.err.startswith("Run 'empty-handed' has left no manifest.parquet in ")
    assert "To fix it: Wait until it is complete, and check that it has succeeded.\n" in said.err
