"""What the operator needs of a cluster, and nothing else. Objects are plain JSON here."""

from collections.abc import AsyncIterator
from typing import Any, Protocol

from curation_operator.planning.keys import DatasourceKey, RunKey
from curation_operator.planning.plan import Manifest

Raw = dict[str, Any]


class Kube(Protocol):
    """The few calls the operator makes. Each may raise an `ApiError`."""

    async def run(self, key: RunKey) -> Raw | None:
        """A CurationRun, as it is now."""

    async def datasource(self, key: DatasourceKey) -> Raw | None:
        """A Datasource, as it is now."""

    def every_run(self, namespace: str | None) -> AsyncIterator[Raw]:
        """All runs, few of them in memory at a time."""

    def every_datasource(self, namespace: str | None) -> AsyncIterator[Raw]:
        """All Datasources, few of them in memory at a time."""

    async def unfinished_runs(self, namespace: str, datasource: str) -> list[Raw]:
        """The runs of one Datasource that have not ended."""

    async def jobs(self, namespace: str | None, selector: str) -> list[Raw]:
        """The Jobs with these labels."""

    async def owners_of_jobs(self, namespace: str, selector: str) -> set[str]:
        """The UIDs of whom the Jobs with these labels belong to."""

    async def pods(self, namespace: str, selector: str) -> list[Raw]:
        """The Pods with these labels."""

    async def config_map(self, namespace: str, name: str) -> Raw | None:
        """A ConfigMap of ours."""

    async def remarks(self, namespace: str, about_uid: str) -> list[Raw]:
        """The events about an object."""

    async def workloads(self, namespace: str, job_uid: str) -> list[Raw]:
        """What Kueue keeps about a Job."""

    async def try_job(self, manifest: Manifest) -> None:
        """Whether the API server would take this Job: it raises if not."""

    async def create_job(self, manifest: Manifest) -> None:
        """Create the Job; one of ours by the same name already there is success."""

    async def create_config_map(self, manifest: Manifest) -> None:
        """Create the ConfigMap; one of ours by the same name already there is success."""

    async def patch_job(self, namespace: str, name: str, patch: Manifest) -> None:
        """Change a Job; a UID in the patch makes sure that it is still that one."""

    async def delete_job(self, namespace: str, name: str, uid: str) -> None:
        """Remove the Job when its Pods are gone. One that is gone already is success."""

    async def write_run_status(
        self, key: RunKey, status: Manifest, *, resource_version: str
    ) -> str:
        """The status as a whole, as ours, unless the run changed since it was read.

        The version of the run that this made comes back.
        """

    async def write_datasource_status(
        self, key: DatasourceKey, status: Manifest, *, resource_version: str
    ) -> str:
        """The status as a whole, as ours, unless the object changed since it was read.

        The version of the Datasource that this made comes back.
        """

    async def tell(self, event: Manifest) -> str:
        """Create an event; its name comes back."""

    async def tell_again(self, namespace: str, name: str, series: Manifest) -> None:
        """Say of an event that it happened again."""
