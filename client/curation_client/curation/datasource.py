"""A Datasource, and the request to choose from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

from curation_api import CurationRunSpec, DatasourceSpec, DatasourceStatus
from curation_api.job_options import JobOptions
from curation_api.lightly_config import LightlyConfig
from curation_api.model import ApiModel
from curation_api.problems import InvalidConfigurationError
from curation_api.worker_config import WorkerConfig
from curation_client.cluster.errors import AlreadyExistsException
from curation_client.cluster.objects import StoredDatasource, chooses_from
from curation_client.curation.run import Run
from curation_client.rules import Strength, selection_config
from curation_client.workflow.configurations import (
    CORRECT_KEYS,
    Configuration,
    checked,
    named,
    parsed,
)
from curation_client.workflow.current import Current
from curation_client.workflow.runs import run_name


class Datasource:
    """Images or videos where they lie, to choose from."""

    def __init__(self, cluster: Current, stored: StoredDatasource) -> None:
        self._cluster, self._stored = cluster, stored

    def __repr__(self) -> str:
        """Its name and kind."""
        return f"Datasource({self.name!r}, {self.spec.type})"

    @property
    def name(self) -> str:
        """Its name in the cluster."""
        return self._stored.name

    @property
    def spec(self) -> DatasourceSpec:
        """Where its files lie."""
        return self._stored.spec

    @property
    def status(self) -> DatasourceStatus:
        """What the operator knew of it when it was read."""
        return self._stored.status

    def runs(self) -> list[Run]:
        """The runs that chose from it, the oldest first."""
        found = self._cluster.runs.each(fieldSelector=chooses_from(self.name))
        stored = sorted(found, key=lambda one: (one.created_at, one.name))
        return [Run(self._cluster, one) for one in stored]

    def select(
        self,
        count: int | None = None,
        *,
        proportion: float | None = None,
        diversity: Strength = False,
        typicality: Strength = False,
        random: Strength = False,
        min_distance: float | None = None,
        strategies: Sequence[Mapping[str, Any]] = (),
    ) -> "Request":
        """Ask for so many samples, or for a proportion of all.

        A rule that is True counts fully; a number says how strongly. Where none is named, it is
        diversity. `min_distance` keeps no two samples closer than that; alone, it keeps as many as
        are that far apart. `strategies` takes whatever else there is, as documented dictionaries.
        """
        selection = selection_config(
            count,
            proportion=proportion,
            diversity=diversity,
            typicality=typicality,
            random=random,
            min_distance=min_distance,
            strategies=strategies,
        )
        request = Request(
            self._cluster,
            {"datasourceRef": {"name": self.name}, "selectionConfig": selection},
        )
        _ = request.spec  # so that what is wrong with it is told here
        return request


@dataclass(frozen=True)
class Request:
    """A run that is not asked for yet. Printed, it is what `kubectl apply` would be given."""

    _cluster: Current
    _spec: Mapping[str, Any]

    @property
    def spec(self) -> CurationRunSpec:
        """The run, checked as the API server checks it."""
        return parsed(self._spec)

    def train(self, epochs: int) -> "Request":
        """Train the network on the Datasource's own files first: best where they are unusual."""
        return self.configure(
            worker={"enable_training": True}, lightly={"trainer": {"max_epochs": epochs}}
        )

    def configure(
        self,
        *,
        worker: Configuration | None = None,
        lightly: Configuration | None = None,
        job: Configuration | None = None,
        priority: str | None = None,
    ) -> "Request":
        """Say more: documented dictionaries, which are laid over what was said before."""
        said = {
            "workerConfig": _camel_case(WorkerConfig, worker),
            "lightlyConfig": _camel_case(LightlyConfig, lightly),
            "job": _camel_case(JobOptions, job),
        }
        more: dict[str, Any] = {key: value for key, value in said.items() if value}
        if priority is not None:
            more["priority"] = priority
        changed = replace(self, _spec=_laid_over(self._spec, more))
        _ = changed.spec
        return changed

    def run(self, name: str | None = None) -> Run:
        """Ask for it. The same request under the same name is the same run, not a second one."""
        spec = self.spec
        wanted = name or run_name(spec.datasource_ref.name)
        named(wanted, spec)  # so that a name that cannot be is told of here
        runs = self._cluster.runs
        try:
            return Run(
                self._cluster,
                runs.create(wanted, spec.manifest(), annotations=self._cluster.owned()),
            )
        except AlreadyExistsException as error:
            there = runs.get(wanted)
            if _asked_for(there.spec) != _asked_for(spec):
                raise InvalidConfigurationError(
                    f"There is a run {wanted!r} already, and it was asked for something else",
                    fix="Choose another name",
                ) from error
            return Run(self._cluster, there)

    def __str__(self) -> str:
        """The spec as YAML."""
        return yaml.safe_dump(self.spec.manifest(), sort_keys=False)

    __repr__ = __str__


def _camel_case(model: type[ApiModel], given: Configuration | None) -> dict[str, Any]:
    return checked(model, dict(given or {}), fix=CORRECT_KEYS).manifest()


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        there = merged.get(key)
        if isinstance(there, Mapping) and isinstance(value, Mapping):
            merged[key] = _laid_over(there, value)
        else:
            merged[key] = value
    return merged


def _asked_for(spec: CurationRunSpec) -> dict[str, Any]:
    """What cannot change while a run exists; the API server has written out its defaults."""
    changeable = {"suspend", "cancel", "attempt", "job"}
    return {key: value for key, value in spec.complete().items() if key not in changeable}
