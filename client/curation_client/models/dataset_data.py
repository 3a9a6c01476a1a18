from dataclasses import dataclass, field

from curation_client.models.record import Record


@dataclass(frozen=True, slots=True)
class DatasetData(Record):
    """A dataset. Times are milliseconds since 1970, but `…processed_until…` counts seconds."""

    id: str
    name: str
    user_id: str
    type: str
    created_at: int
    last_modified_at: int
    n_samples: int = 0
    size_in_bytes: int = 0
    access_type: str = "WRITE"
    img_type: str = "full"
    datasources: list[str] = field(default_factory=list)
    datasource_processed_until_timestamp: int | None = None
    meta_data_configuration_id: str | None = None
    access_role: str | None = None
    parent_dataset_id: str | None = None
    original_dataset_id: str | None = None
    n_tags: int = 0
    n_embeddings: int = 0
