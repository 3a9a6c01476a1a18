from dataclasses import dataclass

from curation_client.models.record import Record


@dataclass(frozen=True, slots=True)
class DockerRunArtifactData(Record):
    """A file that a run left. `key` is where it lies in the LIGHTLY bucket."""

    id: str
    type: str
    file_name: str
    key: str
    storage_location: str = "DATASOURCE"
    created_at: int | None = None
