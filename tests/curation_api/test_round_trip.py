"""Any valid object survives being written, stored by the API server, and read again."""

from typing import Any

import pytest
import yaml
from hypothesis import given

from curation_api import CurationRun, Datasource
from tests.curation_api.objects import datasources, runs
from tools.control_plane.cluster import ControlPlane


def through_yaml(manifest: dict[str, Any]) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(yaml.safe_dump(manifest, allow_unicode=True))
    return read


def stored(manifest: dict[str, Any], control_plane: ControlPlane) -> dict[str, Any]:
    """The object as the API server would store it."""
    plural = f"{manifest['kind'].lower()}s"
    answer = control_plane.api.post(
        f"/apis/curation.dev/v1alpha1/namespaces/default/{plural}"
        "?dryRun=All&fieldValidation=Strict",
        manifest,
    )
    assert answer.status == 201, answer.body["message"]
    kept: dict[str, Any] = answer.body
    return kept


@given(runs())
def test_a_run_survives_yaml(run: CurationRun) -> None:
    assert CurationRun.model_validate(through_yaml(run.manifest())) == run
    assert CurationRun.model_validate(through_yaml(run.complete())) == run


@given(datasources())
def test_a_datasource_survives_yaml(datasource: Datasource) -> None:
    assert Datasource.model_validate(through_yaml(datasource.manifest())) == datasource


@pytest.mark.usefixtures("crds")
@given(run=runs())
def test_a_run_survives_the_api_server(run: CurationRun, control_plane: ControlPlane) -> None:
    kept = stored(through_yaml(run.manifest()), control_plane)

    assert CurationRun.model_validate(through_yaml(kept)).spec == run.spec


@pytest.mark.usefixtures("crds")
@given(datasource=datasources())
def test_a_datasource_survives_the_api_server(
    datasource: Datasource, control_plane: ControlPlane
) -> None:
    kept = stored(through_yaml(datasource.manifest()), control_plane)

    assert Datasource.model_validate(through_yaml(kept)).spec == datasource.spec


@pytest.mark.usefixtures("crds")
@given(run=runs())
def test_the_api_server_fills_in_the_defaults_of_the_models(
    run: CurationRun, control_plane: ControlPlane
) -> None:
    kept = stored(run.manifest(), control_plane)

    assert kept["spec"] == through_yaml(run.complete())["spec"]
