"""`curate create run`, `wait`, `cancel`, `suspend`, `resume` and `retry`, with a real operator."""

import threading

import pytest
import yaml

from curation_api import CurationRun, ExitCode
from curation_client.cli.controlling import ended_lines, exit_code_of, seconds_in
from tests.curation_client.cli.objects import a_run
from tests.curation_client.cli.shell import Shell, curate
from tests.curation_operator.farm import Farm

GATED = {"run": {"wait_for": "gate-of-control"}}
BROKEN = {
    "run": {"exit": 12, "reason": "DataUnusable", "message": "No picture is one.", "times": 1}
}


def test_a_run_is_created_and_waited_for(shell: Shell) -> None:
    said = shell("create", "run", "made", "--datasource", "farm", "--n-samples", "5", "--wait")

    assert said.exit_code == 0
    assert said.out == (
        "curationrun.curation.dev/made created\n"
        "made: Completed\n"
        "  100 samples in the input\n"
        "  5 selected, published as tag 'initial-tag'\n"
    )
    assert said.err.splitlines()[-1] == "made: COMPLETED"
    again = shell("create", "run", "made", "--datasource", "farm", "--n-samples", "5")
    assert again.exit_code == ExitCode.INVALID_CONFIG
    assert "There is a run 'made' already in namespace " in again.err


def test_what_would_be_created_can_be_looked_at_first() -> None:
    said = curate(
        *("create", "run", "--datasource", "farm", "--min-distance", "0.1", "--train", "9"),
        *("--priority", "high", "--gpus", "0", "--dry-run"),
    )

    manifest = yaml.safe_load(said.out)
    CurationRun.model_validate(manifest)
    assert manifest["metadata"]["name"].startswith("farm-")
    assert manifest["spec"] == {
        "datasourceRef": {"name": "farm"},
        "workerConfig": {"enableTraining": True},
        "selectionConfig": {
            "proportionSamples": 1.0,
            "strategies": [
                {
                    "input": {"type": "EMBEDDINGS"},
                    "strategy": {"type": "DIVERSITY", "stoppingConditionMinimumDistance": 0.1},
                }
            ],
        },
        "lightlyConfig": {"trainer": {"maxEpochs": 9}},
        "job": {"gpus": 0},
        "priority": "HIGH",
    }


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ((), "It is not said what to choose from.\nTo fix it: Give --datasource NAME, or -f FILE."),
        (("--datasource", "farm"), "It is not said how many samples to select."),
        (("--datasource", "farm", "--n-samples", "0"), "selectionConfig.nSamples: must be at lea"),
        (("--datasource", "run/farm", "--n-samples", "5"), "run/farm is no Datasource."),
        (("My Run", "--datasource", "farm", "--n-samples", "5"), "metadata.name of a CurationRun"),
        (("-f", "nowhere.yaml"), "There is no file nowhere.yaml."),
        (("-f", "nowhere.yaml", "--n-samples", "5"), "It takes either a manifest or options."),
    ],
)
def test_a_run_that_cannot_be_is_refused_before_it_is_sent(
    options: tuple[str, ...], complaint: str
) -> None:
    said = curate("create", "run", *options, "--kubeconfig", "nowhere")

    assert (said.exit_code, said.out) == (ExitCode.INVALID_CONFIG, "")
    assert complaint in said.err


def test_a_run_is_paused_goes_on_and_is_ended(shell: Shell, barn: Farm) -> None:
    barn.create_datasource("control")
    barn.create_run("stopped", script=GATED, datasourceRef={"name": "control"})
    barn.wait_for_state("Running", name="stopped")

    suspended = shell("suspend", "run/stopped")
    barn.wait_for_state("Suspended", name="stopped")
    resumed = shell("resume", "stopped")
    barn.wait_for_state("Running", name="stopped")
    too_early = shell("retry", "stopped")
    too_long = shell("wait", "stopped", "--timeout", "0.3s")
    cancelled = shell("cancel", "stopped")
    ended = shell("wait", "stopped")
    too_late = shell("cancel", "stopped")

    assert suspended.out == "curationrun.curation.dev/stopped suspended\n"
    assert resumed.out == "curationrun.curation.dev/stopped resumed\n"
    assert too_early.err == (
        "Run 'stopped' has not ended; it is Running.\n"
        "To fix it: Wait for it: curate wait stopped.\n"
    )
    assert too_long.exit_code == ExitCode.TEMPORARY
    assert "Run 'stopped' has not ended after 0.3 s; it is Running.\n" in too_long.err
    assert cancelled.out == "curationrun.curation.dev/stopped cancelled\n"
    assert ended.exit_code == ExitCode.CHECKPOINTED
    assert ended.out.startswith("stopped: Aborted")
    assert too_late.err == (
        "Run 'stopped' has ended (Aborted) and cannot be cancelled.\n"
        "To fix it: There is nothing to do; what it has written stays.\n"
    )


def test_a_run_that_failed_says_why_and_can_be_tried_again(shell: Shell, barn: Farm) -> None:
    barn.create_datasource("again")
    barn.create_run("again", script=BROKEN, datasourceRef={"name": "again"})

    failed = shell("wait", "again")
    retried = shell("retry", "again")
    succeeded = shell("wait", "again", "--timeout", "1m")
    not_again = shell("retry", "again")

    assert failed.exit_code == ExitCode.DATA_UNUSABLE
    assert failed.out.startswith("again: Failed (DataUnusable)\n  ")
    assert "No picture is one." in failed.out
    assert retried.out == "curationrun.curation.dev/again retried\n"
    assert (succeeded.exit_code, succeeded.out.splitlines()[0]) == (0, "again: Completed")
    assert "Run 'again' is complete and cannot be tried again.\n" in not_again.err


def test_a_run_that_is_deleted_is_waited_for_no_longer(shell: Shell, barn: Farm) -> None:
    barn.create_run("gone", datasourceRef={"name": "nowhere"})
    barn.wait_for_reason("DatasourceNotFound", name="gone")
    threading.Timer(0.5, barn.delete, ("curationruns", "gone")).start()

    said = shell("wait", "gone")

    assert "Run 'gone' was deleted.\n" in said.err


def test_the_exit_code_says_the_same_as_the_state() -> None:
    failure = {"reason": "OutOfMemory", "message": "It needed more.", "exitCode": 137}
    killed = a_run(
        status={"state": "Crashed", "message": "It needed more.", "lastFailure": failure}
    )

    assert exit_code_of(a_run(status={"state": "Completed"})) == ExitCode.OK
    assert exit_code_of(a_run(status={"state": "Aborted"})) == ExitCode.CHECKPOINTED
    assert exit_code_of(killed) == ExitCode.UNEXPECTED
    assert list(ended_lines(killed)) == ["farm-50: Crashed (OutOfMemory)", "  It needed more."]


def test_a_timeout_is_said_as_kubectl_says_it() -> None:
    assert [seconds_in(text) for text in (None, "90", "90s", "5m", "2h")] == [
        None, 90, 90, 300, 7200,
    ]  # fmt: skip
    assert "--timeout soon is no length of time" in curate("wait", "a", "--timeout", "soon").err
