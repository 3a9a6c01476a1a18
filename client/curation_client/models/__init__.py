"""The values that the documented client takes and returns, by their documented names.

Plain data without imports, so that a script that only names them starts at once.
"""

from curation_client.models.creator import Creator
from curation_client.models.dataset_create_request import DatasetCreateRequest
from curation_client.models.dataset_data import DatasetData
from curation_client.models.dataset_type import DatasetType
from curation_client.models.datasource_config import DatasourceConfig
from curation_client.models.datasource_purpose import DatasourcePurpose
from curation_client.models.docker_run_artifact_data import DockerRunArtifactData
from curation_client.models.docker_run_data import DockerRunData
from curation_client.models.docker_run_scheduled_data import DockerRunScheduledData
from curation_client.models.docker_run_scheduled_priority import DockerRunScheduledPriority
from curation_client.models.docker_run_scheduled_state import DockerRunScheduledState
from curation_client.models.docker_run_state import DockerRunState
from curation_client.models.docker_worker_registry_entry_data import DockerWorkerRegistryEntryData
from curation_client.models.tag_arithmetics_operation import TagArithmeticsOperation
from curation_client.models.tag_data import TagData

__all__ = [
    "Creator",
    "DatasetCreateRequest",
    "DatasetData",
    "DatasetType",
    "DatasourceConfig",
    "DatasourcePurpose",
    "DockerRunArtifactData",
    "DockerRunData",
    "DockerRunScheduledData",
    "DockerRunScheduledPriority",
    "DockerRunScheduledState",
    "DockerRunState",
    "DockerWorkerRegistryEntryData",
    "TagArithmeticsOperation",
    "TagData",
]
