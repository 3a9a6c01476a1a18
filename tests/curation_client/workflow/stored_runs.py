"""Runs as they are read from the cluster, without one."""

from datetime import UTC, datetime

from curation_api import CurationRunSpec, CurationRunStatus
from curation_api.states import RunState
from curation_client.cluster.objects import StoredRun

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def a_stored_run(*, state: RunState, step: str | None = None, has_begun: bool = True) -> StoredRun:
    """A run in this state."""
    strategy = {"input": {"type": "RANDOM"}, "strategy": {"type": "WEIGHTS"}}
    spec = {
        "datasourceRef": {"name": "farm"},
        "selectionConfig": {"nSamples": 5, "strategies": [strategy]},
    }
    status = {"state": state, "step": step, "startTime": NOON if has_begun else None}
    return StoredRun(
        namespace="here",
        name="first",
        uid="12345678-1234-1234-1234-123456789012",
        created_at=NOON,
        modified_at=NOON,
        labels={},
        annotations={},
        resource_version="1",
        is_being_deleted=False,
        spec=CurationRunSpec.model_validate(spec),
        status=CurationRunStatus.model_validate(status),
    )
