"""Where it begins: the Datasources and the runs of a namespace."""

from pathlib import Path

from curation_client.cluster.access import Access
from curation_client.curation.datasource import Datasource
from curation_client.curation.run import Run
from curation_client.workflow.current import Current


class Curation:
    """What can be chosen from, and what was chosen, in a namespace of a cluster.

    Without arguments it is the cluster and the namespace that kubectl would take. Nothing is asked
    before something is wanted.
    """

    def __init__(
        self,
        token: str | None = None,
        *,
        server: str | None = None,
        namespace: str | None = None,
        kubeconfig: str | Path | None = None,
        context: str | None = None,
        volumes: str | Path | None = None,
    ) -> None:
        access = Access(
            token=token,
            server=server,
            namespace=namespace,
            kubeconfig=None if kubeconfig is None else str(kubeconfig),
            context=context,
            volumes=None if volumes is None else Path(volumes),
        )
        self._cluster = Current(access)

    def __repr__(self) -> str:
        """Without the token."""
        return f"Curation(namespace={self.namespace!r})"

    @property
    def namespace(self) -> str:
        """The namespace that is meant."""
        return self._cluster.server.namespace

    def datasource(self, name: str) -> Datasource:
        """The Datasource of this name; an error when there is none."""
        return Datasource(self._cluster, self._cluster.datasources.get(name))

    def datasources(self) -> list[Datasource]:
        """All Datasources, by name."""
        stored = sorted(self._cluster.datasources.each(), key=lambda one: one.name)
        return [Datasource(self._cluster, one) for one in stored]

    def run(self, name: str) -> Run:
        """The run of this name; an error when there is none."""
        return Run(self._cluster, self._cluster.runs.get(name))

    def runs(self) -> list[Run]:
        """All runs, the oldest first."""
        stored = sorted(self._cluster.runs.each(), key=lambda one: (one.created_at, one.name))
        return [Run(self._cluster, one) for one in stored]
