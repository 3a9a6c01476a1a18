"""The documented dictionaries become the spec of a run. The caller's own stay untouched."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from curation_api import CurationRun, CurationRunSpec, problems_in
from curation_api.model import ApiModel
from curation_api.problems import InvalidConfigurationError

Configuration = Mapping[str, Any]
Model = TypeVar("Model", bound=ApiModel)

CORRECT_KEYS = "Correct these keys; nothing was sent"


def run_spec(
    datasource: str,
    *,
    worker_config: Configuration | None,
    lightly_config: Configuration | None,
    selection_config: Any,
    priority: str,
    runs_on: Sequence[str] | None,
) -> CurationRunSpec:
    """The run that is asked for; `InvalidConfigurationError` with all that is wrong with it."""
    given = {
        "datasourceRef": {"name": datasource},
        "workerConfig": worker_config,
        "lightlyConfig": lightly_config,
        "selectionConfig": as_mapping(selection_config),
        "priority": str(priority),
        "runsOn": list(runs_on) if runs_on else None,
    }
    return parsed({key: value for key, value in given.items() if value is not None})


def parsed(spec: Mapping[str, Any]) -> CurationRunSpec:
    """A spec, checked as the API server would check it."""
    return checked(CurationRunSpec, spec, fix=CORRECT_KEYS)


def named(name: str, spec: CurationRunSpec) -> CurationRun:
    """The run of this name, which has to be one that Kubernetes takes."""
    manifest = {"metadata": {"name": name}, "spec": spec.manifest()}
    return checked(CurationRun, manifest, fix="Choose another name")


def checked(model: type[Model], given: Mapping[str, Any], *, fix: str = "") -> Model:
    """What was given as a model; `InvalidConfigurationError` with all that is wrong with it."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise InvalidConfigurationError("\n".join(problems_in(error)), fix=fix) from None


def as_mapping(config: Any) -> Any:
    """A configuration object of whatever kind as a dictionary."""
    for method in ("manifest", "to_dict", "model_dump"):
        if hasattr(config, method):
            return getattr(config, method)()
    return config
