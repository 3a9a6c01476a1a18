from dataclasses import dataclass, field

from curation_client.models.record import Record


@dataclass(frozen=True, slots=True)
class DockerRunScheduledData(Record):
    """A run that was asked for. Times are milliseconds since 1970."""

    id: str
    config_id: str
    priority: str
    state: str
    created_at: int
    last_modified_at: int
    dataset_id: str | None = None
    runs_on: list[str] = field(default_factory=list)
    owner: str | None = None
