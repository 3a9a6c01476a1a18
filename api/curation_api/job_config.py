"""What the operator hands to a worker: everything that decides the result, frozen at the start."""

from typing import Annotated, Literal

from pydantic import Field

from curation_api.datasource import DatasourceSpec
from curation_api.fields import Count, ShortText
from curation_api.lightly_config import LightlyConfig
from curation_api.model import ApiModel
from curation_api.selection_config import SelectionConfig
from curation_api.worker_config import ScorerConfig, WorkerConfig


class RunIdentity(ApiModel):
    """Which run this is."""

    name: ShortText
    """Its name."""

    namespace: ShortText
    """Its namespace."""

    uid: ShortText
    """Its uid; the run's folder in the bucket has this name."""


class DatasourceIdentity(ApiModel):
    """Which Datasource this is."""

    name: ShortText
    """Its name."""

    uid: ShortText
    """Its uid."""


class JobConfig(ApiModel):
    """Everything a worker needs to know, in today's style only."""

    version: Literal[1] = 1
    """The version of this form."""

    run: RunIdentity
    """Which run this is."""

    datasource: DatasourceIdentity
    """Which Datasource it chooses from."""

    datasource_spec: DatasourceSpec
    """Where that Datasource's files lie."""

    worker_config: WorkerConfig
    """What happens with the samples; older keys are translated."""

    selection_config: SelectionConfig
    """How many samples to keep, and by which rules."""

    lightly_config: LightlyConfig
    """How the model is built, trained and applied."""

    object_frequency: ScorerConfig = ScorerConfig()
    """How the score `object_frequency` is computed."""

    pretagging_minima_file: ShortText | None = None
    """A file with the least number of objects by class, to become thresholds."""

    weight_folders: list[str] = []  # noqa: RUF012  the model is frozen
    """Mounted folders that may hold weights."""

    shards: Annotated[int, Field(ge=1)] = 1
    """Into how many parts embedding is split."""

    gpus: Count = 0
    """GPUs of each worker."""

    notes: list[str] = []  # noqa: RUF012  the model is frozen
    """Remarks on the configuration, for the log and the report."""
