from dataclasses import dataclass

from curation_client.models.dataset_type import DatasetType


@dataclass(frozen=True, slots=True)
class DatasetCreateRequest:
    """What the first generation of scripts creates a dataset with."""

    name: str
    type: str = DatasetType.IMAGES
