"""`curate logs`: what workers say, of all Pods of a run, also while they come and go."""

from tests.curation_client.cli.shell import Shell
from tests.curation_operator.farm import Farm

SPEAKS = {"exit": 12, "message": "line one\nline two\n"}


def test_what_a_worker_said_is_shown(shell: Shell, barn: Farm) -> None:
    barn.create_datasource("speaking")
    barn.create_run("spoke", script={"run": SPEAKS}, datasourceRef={"name": "speaking"})
    barn.wait_for_state("Failed", name="spoke")

    assert shell("logs", "spoke").out == "line one\nline two\n"
    assert shell("logs", "run/spoke", "--tail", "1").out == "line two\n"


def test_it_is_followed_from_part_to_part_until_the_end(shell: Shell, barn: Farm) -> None:
    barn.create_datasource("followed")
    barn.create_run(
        "followed",
        script={"embed": [{}, {"wait_for": "gate-of-logs", **SPEAKS}]},
        datasourceRef={"name": "followed"},
        job={"parallelism": 2},
    )
    barn.wait_for_pod(of="followed")
    barn.open_gate("gate-of-logs")

    said = shell("logs", "-f", "followed")

    assert said.exit_code == 0
    assert said.out.splitlines()[:2] == ["embed/1: line one", "embed/1: line two"]


def test_before_anybody_speaks_it_says_so_beside_the_answer(shell: Shell, barn: Farm) -> None:
    barn.create_run("silent", datasourceRef={"name": "nowhere"})

    said = shell("logs", "silent")

    assert (said.out, said.err) == ("", "No worker of run 'silent' has started yet.\n")


def test_where_its_workers_are_gone_the_file_is_shown(shell: Shell, barn: Farm) -> None:
    barn.create_datasource("quiet")
    barn.create_run("quiet", datasourceRef={"name": "quiet"})
    barn.wait_for_state("Completed", name="quiet")

    before = shell("logs", "quiet")
    uid = barn.run("quiet")["metadata"]["uid"]
    folder = barn.folders["results"] / ".lightly/runs" / uid
    (folder / "log.txt").write_text("first\nlast\n")
    after = shell("logs", "quiet", "--tail", "1")

    assert before.err == "The workers of run 'quiet' have said nothing.\n"
    assert after.out == "last\n"
    assert after.err == f"The workers are gone; this is .lightly/runs/{uid}/log.txt.\n"
