"""What the operator makes of Pods as nodes report them."""

from typing import Any

from curation_operator.kube.parse import pods_of
from curation_operator.planning.pod import WORKER_CONTAINER

JOB = {"kind": "Job", "name": "first-run-a1", "uid": "j0b", "controller": True}


def a_pod(terminated: dict[str, Any]) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "first-run-a1-x",
            "uid": "p0d",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "ownerReferences": [JOB],
        },
        "spec": {},
        "status": {
            "phase": "Failed",
            "containerStatuses": [
                {"name": WORKER_CONTAINER, "state": {"terminated": terminated}},
            ],
        },
    }


def test_a_container_that_was_gone_before_its_node_looked_has_no_known_end() -> None:
    gone = {
        "exitCode": 137,
        "reason": "ContainerStatusUnknown",
        "message": "The container could not be located when the pod was terminated",
        "startedAt": None,
        "finishedAt": None,
    }

    [seen] = pods_of([a_pod(gone)])

    assert seen.ended is not None
    assert (seen.ended.exit_code, seen.ended.reason, seen.ended.at) == (
        137,
        "ContainerStatusUnknown",
        None,
    )
