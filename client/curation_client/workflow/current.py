"""The cluster and the dataset that a client is about."""

import warnings
from datetime import datetime
from functools import cached_property

from curation_api.names import OWNER_ANNOTATION
from curation_api.problems import CurationError, Reason
from curation_client.cluster.access import Access
from curation_client.cluster.api_server import ApiServer
from curation_client.cluster.identity import username
from curation_client.cluster.objects import (
    Datasources,
    Runs,
    StoredDatasource,
    datasources_of,
    runs_of,
)
from curation_client.cluster.places import Places


class NoDatasetError(CurationError, ValueError):
    """No dataset is meant, or none that exists."""

    reason = Reason.DATASOURCE_NOT_FOUND


class Current:
    """What every area needs. Survives pickling."""

    def __init__(self, access: Access, dataset_id: str | None = None) -> None:
        self.server = ApiServer(access)
        self.places = Places(self.server)
        self.known_dataset_id = dataset_id

    @property
    def datasources(self) -> Datasources:
        """Datasets are Datasources."""
        return datasources_of(self.server)

    @property
    def runs(self) -> Runs:
        """Runs are CurationRuns."""
        return runs_of(self.server)

    @cached_property
    def user(self) -> str | None:
        """Who the API server takes us for."""
        return username(self.server)

    @property
    def dataset_id(self) -> str:
        """The id of the dataset that is meant: the one that was set, else the newest own one."""
        if self.known_dataset_id is None:
            own = (one for one in self.datasources.each() if self.is_own(one))
            newest = max(own, key=lambda one: one.modified_at, default=None)
            if newest is None:
                raise NoDatasetError(
                    f"There is no dataset in namespace {self.server.namespace}",
                    fix="Create one with create_dataset(…), or pass dataset_id=",
                )
            warnings.warn(
                f"Dataset id is not set: using {newest.id} ({name_of(newest)!r}), which was"
                " changed last",
                UserWarning,
                stacklevel=4,
            )
            self.known_dataset_id = newest.id
        return self.known_dataset_id

    def dataset(self) -> StoredDatasource:
        """The dataset that is meant, as it is now."""
        return self.datasources.get_by_id(self.dataset_id)

    def is_own(self, datasource: StoredDatasource) -> bool:
        """Whether nobody else has made it, as far as it is known who did."""
        return datasource.owner is None or datasource.owner == self.user

    def owned(self) -> dict[str, str]:
        """The annotation of what we make."""
        return {} if self.user is None else {OWNER_ANNOTATION: self.user}


def name_of(datasource: StoredDatasource) -> str:
    """What people call the dataset."""
    return datasource.spec.display_name or datasource.name


def milliseconds(moment: datetime) -> int:
    """As the documented records have times."""
    return int(moment.timestamp() * 1000)
