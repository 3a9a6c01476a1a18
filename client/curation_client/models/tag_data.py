from dataclasses import dataclass, field
from typing import Any

from curation_client.models.record import Record


@dataclass(frozen=True, slots=True)
class TagData(Record):
    """A named set of samples. Times are milliseconds since 1970.

    Bit k of `bit_mask_data`, from the right, stands for the k-th sample of the dataset; `tot_size`
    is how many samples the dataset had when the mask was made.
    """

    id: str
    dataset_id: str
    name: str
    bit_mask_data: str
    tot_size: int
    created_at: int
    prev_tag_id: str | None = None
    query_tag_id: str | None = None
    preselected_tag_id: str | None = None
    last_modified_at: int | None = None
    changes: list[dict[str, Any]] = field(default_factory=list)
    run_id: str | None = None
