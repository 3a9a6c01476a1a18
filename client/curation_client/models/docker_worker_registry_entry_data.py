from dataclasses import dataclass, field

from curation_client.models.record import Record


@dataclass(frozen=True, slots=True)
class DockerWorkerRegistryEntryData(Record):
    """A registered worker: here a name for the nodes that carry certain labels."""

    id: str
    user_id: str
    name: str
    state: str
    created_at: int
    last_modified_at: int
    labels: list[str] = field(default_factory=list)
    worker_type: str = "FULL"
    is_default: bool = False
    docker_version: str | None = None
