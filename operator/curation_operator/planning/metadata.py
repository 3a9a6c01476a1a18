"""Labels and owners of what we create: by them we find it again, and Kubernetes collects it."""

from curation_api.names import (
    API_VERSION,
    ATTEMPT_LABEL,
    DATASOURCE_UID_LABEL,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    PROBE,
    RUN_LABEL,
    RUN_UID_LABEL,
    STAGE_LABEL,
)
from curation_api.states import Stage
from curation_operator.planning.plan import Manifest
from curation_operator.planning.seen import DatasourceSeen, RunSeen

# Not `app.kubernetes.io/instance`: Argo CD takes objects that carry it for its own.
_COMMON = {
    "app.kubernetes.io/name": "curation",
    "app.kubernetes.io/part-of": "curation",
    MANAGED_BY_LABEL: MANAGED_BY,
}


def labels_of_run(seen: RunSeen) -> dict[str, str]:
    """What everything of a run carries."""
    datasource = seen.frozen.datasource.uid if seen.frozen else None
    if datasource is None and seen.datasource is not None:
        datasource = seen.datasource.uid
    return {
        **_COMMON,
        "app.kubernetes.io/component": "worker",
        RUN_LABEL: seen.key.name,
        RUN_UID_LABEL: seen.uid,
        ATTEMPT_LABEL: str(seen.attempt),
        **({DATASOURCE_UID_LABEL: datasource} if datasource else {}),
    }


def labels_of_stage(seen: RunSeen, stage: Stage) -> dict[str, str]:
    """What a Job of a run and its Pods carry."""
    return {**labels_of_run(seen), STAGE_LABEL: stage}


def labels_of_probe(seen: DatasourceSeen) -> dict[str, str]:
    """What a probe of a Datasource carries."""
    return {
        **_COMMON,
        "app.kubernetes.io/component": "probe",
        DATASOURCE_UID_LABEL: seen.uid,
        STAGE_LABEL: PROBE,
    }


def owned_by_run(seen: RunSeen) -> Manifest:
    """With its run it goes; no finalizer is needed for that."""
    return _owner("CurationRun", seen.key.name, seen.uid)


def owned_by_datasource(seen: DatasourceSeen) -> Manifest:
    """With its Datasource it goes."""
    return _owner("Datasource", seen.key.name, seen.uid)


def _owner(kind: str, name: str, uid: str) -> Manifest:
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "name": name,
        "uid": uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
