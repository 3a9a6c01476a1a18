"""Objects as the cluster keeps them, for tests of what is said about them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from curation_api import CurationRunSpec, CurationRunStatus, DatasourceSpec, DatasourceStatus
from curation_client.cluster.objects import Stored, StoredDatasource, StoredRun

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
UID = "0123abcd-4567-89ab-cdef-0123456789ab"
SELECTION = {
    "nSamples": 50,
    "strategies": [{"input": {"type": "EMBEDDINGS"}, "strategy": {"type": "DIVERSITY"}}],
}


def minutes_ago(minutes: float) -> datetime:
    return NOON - timedelta(minutes=minutes)


def a_condition(kind: str, status: str, reason: str, message: str = "") -> dict[str, Any]:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": minutes_ago(4).isoformat(),
    }


def a_run(name: str = "farm-50", status: Any = None, **spec: Any) -> StoredRun:
    usual = {"datasourceRef": {"name": "farm"}, "selectionConfig": SELECTION}
    return _stored(
        name,
        CurationRunSpec.model_validate({**usual, **spec}),
        CurationRunStatus.stored(status or {}),
    )


def a_datasource(name: str = "farm", status: Any = None, **spec: Any) -> StoredDatasource:
    usual = {"type": "IMAGES", "input": {"local": {"claimName": "pictures"}}}
    return _stored(
        name,
        DatasourceSpec.model_validate({**usual, **spec}),
        DatasourceStatus.stored(status or {}),
    )


def _stored(name: str, spec: Any, status: Any) -> Stored[Any, Any]:
    return Stored(
        namespace="default",
        name=name,
        uid=UID,
        created_at=minutes_ago(12),
        modified_at=minutes_ago(1),
        labels={},
        annotations={},
        resource_version="1",
        is_being_deleted=False,
        spec=spec,
        status=status,
    )
