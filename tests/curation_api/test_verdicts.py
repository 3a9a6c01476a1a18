"""Python and the API server come to the same verdict on every object of one table."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from curation_api import CurationRun, Datasource, problems_in
from tests.curation_api.verdicts import ROWS, Row
from tools.control_plane.cluster import ControlPlane

SEEDS = json.loads((Path(__file__).parent / "seed_configurations.json").read_text())
MODELS: dict[str, Any] = {"CurationRun": CurationRun, "Datasource": Datasource}


def test_the_table_is_large_and_its_rows_have_different_names() -> None:
    assert len(ROWS) >= 150
    assert len({row.name for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@pytest.mark.covers("R33", "R34", "R45", "R53", "R61", "R73", "R127", "C7", "C23", "C28")
# The grammar of the selection; what it does is shown by the tests of the engine.
@pytest.mark.covers("R74", "R75", "R76", "R77", "R78", "R79", "R80", "R81", "R82", "R83", "R84")
@pytest.mark.covers("R85", "R86", "R87", "R89", "R90", "R91", "R92", "R93", "R94", "R95", "R96")
@pytest.mark.covers("R97", "R99", "R103", "R104")
def test_python_accepts_or_refuses(row: Row) -> None:
    model = MODELS[row.manifest["kind"]]

    if not row.refused_for:
        model.model_validate(row.manifest)
        return
    with pytest.raises(ValidationError) as refusal:
        model.model_validate(row.manifest)
    lines = problems_in(refusal.value)
    assert any(row.refused_for in line for line in lines), lines


@pytest.mark.usefixtures("crds")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_api_server_accepts_or_refuses(row: Row, control_plane: ControlPlane) -> None:
    plural = f"{row.manifest['kind'].lower()}s"

    answer = control_plane.api.post(
        f"/apis/curation.dev/v1alpha1/namespaces/default/{plural}"
        "?dryRun=All&fieldValidation=Strict",
        row.manifest,
    )

    if row.refused_for:
        assert answer.status in {400, 422}
        assert row.refused_for in answer.body["message"]
    else:
        assert answer.status == 201, answer.body["message"]


@pytest.mark.usefixtures("crds")
@pytest.mark.covers("R66", "C22")
@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"{seed['document']}:{seed['line']}")
def test_every_documented_configuration_passes_the_api_server(
    seed: dict[str, Any], control_plane: ControlPlane
) -> None:
    run = CurationRun.model_validate(
        {
            "metadata": {"name": "documented"},
            "spec": {"datasource_ref": {"name": "farm"}, **seed["arguments"]},
        }
    )

    answer = control_plane.api.post(
        "/apis/curation.dev/v1alpha1/namespaces/default/curationruns"
        "?dryRun=All&fieldValidation=Strict",
        run.manifest(),
    )

    assert answer.status == 201, answer.body["message"]
    assert CurationRun.model_validate(answer.body).spec == run.spec
