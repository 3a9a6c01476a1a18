"""Curation for people who write Python, and the `curate` command.

Names are looked up when they are first used: importing this brings nothing large.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curation_api.problems import CurationError, InvalidConfigurationError
    from curation_client.api_workflow_client import ApiWorkflowClient
    from curation_client.bucket.tags import TagDoesNotExistError
    from curation_client.cluster.errors import ApiException, MaxRetryError
    from curation_client.curation.asynchronous import AsyncCuration
    from curation_client.curation.entry import Curation
    from curation_client.curation.results import Results
    from curation_client.curation.run import RunFailedError
    from curation_client.models import (
        Creator,
        DatasetCreateRequest,
        DatasetData,
        DatasetType,
        DatasourceConfig,
        DatasourcePurpose,
        DockerRunData,
        DockerRunScheduledData,
        DockerRunScheduledPriority,
        DockerRunScheduledState,
        DockerRunState,
        TagArithmeticsOperation,
        TagData,
    )
    from curation_client.workflow.artifacts import ArtifactNotExist
    from curation_client.workflow.states import ComputeWorkerRunInfo

_MODULES = {
    "curation_api.problems": ("CurationError", "InvalidConfigurationError"),
    "curation_client.api_workflow_client": ("ApiWorkflowClient",),
    "curation_client.bucket.tags": ("TagDoesNotExistError",),
    "curation_client.cluster.errors": ("ApiException", "MaxRetryError"),
    "curation_client.curation.asynchronous": ("AsyncCuration",),
    "curation_client.curation.entry": ("Curation",),
    "curation_client.curation.results": ("Results",),
    "curation_client.curation.run": ("RunFailedError",),
    "curation_client.models": (
        "Creator",
        "DatasetCreateRequest",
        "DatasetData",
        "DatasetType",
        "DatasourceConfig",
        "DatasourcePurpose",
        "DockerRunData",
        "DockerRunScheduledData",
        "DockerRunScheduledPriority",
        "DockerRunScheduledState",
        "DockerRunState",
        "TagArithmeticsOperation",
        "TagData",
    ),
    "curation_client.workflow.artifacts": ("ArtifactNotExist",),
    "curation_client.workflow.states": ("ComputeWorkerRunInfo",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "ApiException",
    "ApiWorkflowClient",
    "ArtifactNotExist",
    "AsyncCuration",
    "ComputeWorkerRunInfo",
    "Creator",
    "Curation",
    "CurationError",
    "DatasetCreateRequest",
    "DatasetData",
    "DatasetType",
    "DatasourceConfig",
    "DatasourcePurpose",
    "DockerRunData",
    "DockerRunScheduledData",
    "DockerRunScheduledPriority",
    "DockerRunScheduledState",
    "DockerRunState",
    "InvalidConfigurationError",
    "MaxRetryError",
    "Results",
    "RunFailedError",
    "TagArithmeticsOperation",
    "TagData",
    "TagDoesNotExistError",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)
