"""What several tests here need to say about runs."""

from typing import Any

from tests.curation_operator.farm import condition

# Kubernetes starts a worker again after ten seconds, then twenty, and believes for half a minute
# in a node that is gone.
PATIENCE_SECONDS = 120

UNVERIFIED = {"datasource": {"bypassVerify": True}}


def why_not_ready(status: Any) -> tuple[str, str]:
    """The reason and the message of a status that is not Ready, and the same in its summary."""
    ready = condition(status, "Ready")
    assert ready["status"] == "False"
    assert ready["message"] == status["message"]
    return ready["reason"], ready["message"]
