"""`curate describe`, whole."""

from typing import Any

from curation_client.cli.describing import Happened, describe_datasource, describe_run
from tests.curation_client.cli.objects import (
    NOON,
    a_condition,
    a_datasource,
    a_run,
    minutes_ago,
)
from tests.curation_client.cli.shell import Shell
from tests.curation_operator.farm import Farm

COMPLETED = {
    "state": "Completed",
    "step": "COMPLETED",
    "message": "Selected 50 of 12,034 samples.",
    "startTime": minutes_ago(11).isoformat(),
    "completionTime": minutes_ago(4).isoformat(),
    "stages": [
        {
            "name": "embed",
            "state": "Completed",
            "job": {"name": "farm-50-0123abcd-embed-a1", "uid": "1"},
            "startTime": minutes_ago(11).isoformat(),
            "completionTime": minutes_ago(5.5).isoformat(),
            "shards": {"total": 4, "succeeded": 4},
        },
        {"name": "select", "state": "Completed"},
    ],
    "result": {"input": 12034, "corrupt": 3, "corruptByReason": {"truncated": 3},
               "duplicates": 17, "selected": 50, "tag": "initial-tag"},
    "artifacts": [
        {"type": "REPORT_PDF", "key": ".lightly/runs/0123abcd/report.pdf", "sizeBytes": 81234}
    ],
    "conditions": [a_condition("Ready", "True", "Succeeded")],
    "notes": ["workerConfig.enableTraining is false"],
}  # fmt: skip


def test_a_run_that_is_done() -> None:
    events = [
        Happened(minutes_ago(11), "Started", "Started embed."),
        Happened(minutes_ago(6), "PodFailed", "A worker died.", is_warning=True, times=2),
    ]

    assert list(describe_run(a_run(status=COMPLETED), events, NOON)) == [
        "farm-50: Completed",
        "  Selected 50 of 12,034 samples.",
        "  12,034 samples in the input",
        "  3 of them cannot be used: 3 truncated",
        "  17 left out as exact duplicates",
        "  50 selected, published as tag 'initial-tag'",
        "",
        "Datasource:  farm",
        "Namespace:   default",
        "Id:          0123abcd456789abcdef0123",
        "Created:     12m ago",
        "Took:        7 min 0 s",
        "Selects:     50 samples by DIVERSITY of EMBEDDINGS",
        "",
        "Stages:",
        "  NAME     STATE       ATTEMPT   TOOK         SHARDS   JOB",
        "  embed    Completed   1         5 min 30 s   4 of 4   farm-50-0123abcd-embed-a1",
        "  select   Completed   1",
        "",
        "Conditions:",
        "  TYPE    STATUS   SINCE   REASON",
        "  Ready   True     4m      Succeeded",
        "",
        "Artifacts:",
        "  TYPE         BYTES    KEY",
        "  REPORT_PDF   81,234   .lightly/runs/0123abcd/report.pdf",
        "",
        "Notes:",
        "  workerConfig.enableTraining is false",
        "",
        "Events:",
        "  AGE   TYPE      REASON      NOTE",
        "  11m   Normal    Started     Started embed.",
        "  6m    Warning   PodFailed   A worker died. (x2)",
    ]


def test_a_run_at_work_that_has_stumbled() -> None:
    failure = {"reason": "OutOfMemory", "message": "The worker needed more than 16 GiB.",
               "stage": "embed", "index": 3, "pod": "farm-50-embed-3"}  # fmt: skip
    status = {
        "state": "Running",
        "step": "EMBEDDING",
        "message": "Embedded 42 of 100 samples",
        "progress": {"percent": 42},
        "startTime": minutes_ago(2).isoformat(),
        "lastFailure": failure,
    }
    asked: dict[str, Any] = {"priority": "HIGH", "attempt": 2, "job": {"queueName": "gpus"}}

    assert list(describe_run(a_run(status=status, **asked), [], NOON)) == [
        "farm-50: Running",
        "  Embedded 42 of 100 samples",
        "",
        "Datasource:  farm",
        "Namespace:   default",
        "Id:          0123abcd456789abcdef0123",
        "Created:     12m ago",
        "Works for:   2 min 0 s",
        "Attempt:     2",
        "Step:        EMBEDDING, 42%",
        "Selects:     50 samples by DIVERSITY of EMBEDDINGS",
        "Runs:        priority HIGH, queue gpus",
        "",
        "Last failure:",
        "  OutOfMemory in embed, shard 3, Pod farm-50-embed-3",
        "  The worker needed more than 16 GiB.",
    ]


def test_a_datasource_that_lacks_a_right() -> None:
    status = {
        "samples": 12034,
        "input": {"canList": True, "canRead": True},
        "lightly": {"canList": True, "canRead": True, "canWrite": False, "canOverwrite": False,
                    "errors": {"canWrite": "s3:PutObject is not allowed."}},
        "tags": [{"name": "initial-tag", "samples": 50, "run": "farm-50"}],
        "conditions": [a_condition("Ready", "False", "AccessDenied", "Results cannot be written.")],
    }  # fmt: skip

    assert list(describe_datasource(a_datasource(status=status), [], NOON)) == [
        "farm: AccessDenied",
        "  Results cannot be written.",
        "",
        "Name:        farm",
        "Type:        IMAGES",
        "Namespace:   default",
        "Id:          0123abcd456789abcdef0123",
        "Created:     12m ago",
        "Input:       claim pictures/",
        "Lightly:     the same place",
        "Samples:     12,034",
        "",
        "Rights:",
        "  input:   list, read",
        "  lightly: list, read, NOT write, NOT overwrite",
        "    canWrite: s3:PutObject is not allowed.",
        "",
        "Tags:",
        "  NAME          SAMPLES   RUN",
        "  initial-tag   50        farm-50",
        "",
        "Conditions:",
        "  TYPE    STATUS   SINCE   REASON",
        "  Ready   False    4m      AccessDenied",
    ]


def test_what_happened_to_a_run_is_found(shell: Shell, barn: Farm) -> None:
    barn.create_run("described")
    barn.wait_for_state("Completed", name="described")
    barn.wait(lambda: barn.events("described"), "there are events")

    said = shell("describe", "run/described").out
    source = shell("describe", "datasource", "farm").out

    assert said.startswith("described: Completed\n")
    assert "\nEvents:\n  AGE" in said
    assert source.startswith("farm: Ready\n")
    assert "  input:   list, read\n" in source
