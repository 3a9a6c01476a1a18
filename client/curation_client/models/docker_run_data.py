from dataclasses import dataclass

from curation_client.models.docker_run_artifact_data import DockerRunArtifactData
from curation_client.models.record import Record


@dataclass(frozen=True, slots=True)
class DockerRunData(Record):
    """A run that a worker took up. Times are milliseconds since 1970."""

    id: str
    user_id: str
    docker_version: str
    state: str
    created_at: int
    last_modified_at: int
    dataset_id: str | None = None
    config_id: str | None = None
    scheduled_id: str | None = None
    message: str | None = None
    artifacts: list[DockerRunArtifactData] | None = None
    archived: bool = False
