"""What can be looked at, by name."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class RunKey:
    """A CurationRun."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True, order=True)
class DatasourceKey:
    """A Datasource."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True, order=True)
class LineKey:
    """The runs that wait for a Datasource, or for their turn with it."""

    namespace: str
    datasource: str


Key = RunKey | DatasourceKey | LineKey
