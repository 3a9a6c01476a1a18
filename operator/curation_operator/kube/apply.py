"""Carries out plans, in their order. Whatever fails, the next look starts from what is there."""

from typing import assert_never

from curation_api.names import SUSPENDED_ANNOTATION
from curation_operator.kube.port import Kube
from curation_operator.planning.keys import DatasourceKey
from curation_operator.planning.plan import (
    Action,
    CreateConfigMap,
    CreateJob,
    DeleteJob,
    ExpireJob,
    LimitJob,
    Manifest,
    ResumeJob,
    SuspendJob,
    TryJob,
    UpdateDatasource,
)


async def carry_out(action: Action, namespace: str, kube: Kube) -> None:
    """Do what the action says. Doing it twice does no more than doing it once."""
    match action:
        case TryJob(manifest):
            await kube.try_job(manifest)
        case CreateConfigMap(manifest):
            await kube.create_config_map(manifest)
        case CreateJob(manifest):
            await kube.create_job(manifest)
        case SuspendJob(name, uid):
            await kube.patch_job(namespace, name, _suspension(uid, is_suspended=True))
        case ResumeJob(name, uid):
            await kube.patch_job(namespace, name, _suspension(uid, is_suspended=False))
        case DeleteJob(name, uid):
            await kube.delete_job(namespace, name, uid)
        case ExpireJob(name, uid, after_seconds):
            patch = _spec(uid, ttlSecondsAfterFinished=after_seconds)
            await kube.patch_job(namespace, name, patch)
        case LimitJob(name, uid, deadline_seconds):
            await kube.patch_job(
                namespace, name, _spec(uid, activeDeadlineSeconds=deadline_seconds)
            )
        case UpdateDatasource(name, resource_version, status):
            await kube.write_datasource_status(
                DatasourceKey(namespace, name), status.complete(), resource_version=resource_version
            )
        case unreachable:
            assert_never(unreachable)


def _spec(uid: str, **fields: object) -> Manifest:
    return {"metadata": {"uid": uid}, "spec": fields}


def _suspension(uid: str, *, is_suspended: bool) -> Manifest:
    mark = {SUSPENDED_ANNOTATION: "true" if is_suspended else None}
    return {"metadata": {"uid": uid, "annotations": mark}, "spec": {"suspend": is_suspended}}
