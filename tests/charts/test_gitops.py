"""Argo CD, Flux and Helm come to the right view of our objects, by the engines that they use."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from curation_api.names import API_VERSION
from tests.support.cluster_fixtures import programs_or_skip
from tools.control_plane.cluster import ControlPlane

GITOPS = Path(__file__).parents[2] / "examples/gitops"
KINDS = ("CurationRun", "Datasource")


@pytest.fixture(scope="session")
def gitops_health(pytestconfig: pytest.Config) -> Path:
    """Argo CD's Lua, Flux's CEL and kstatus in one program."""
    return programs_or_skip(pytestconfig, "gitops-health")["gitops-health"]


def health(program: Path, engine: str, item: Any, *rules: Path) -> tuple[str, str]:
    command = [str(program), engine, *map(str, rules)]
    ran = subprocess.run(
        command, input=json.dumps(item), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    return said["status"], said["message"]


@pytest.fixture(scope="session")
def lua(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What Argo CD is told about each kind."""
    config = yaml.safe_load((GITOPS / "argo-cd/health.yaml").read_text())["data"]
    folder = tmp_path_factory.mktemp("lua")
    scripts = {kind: folder / f"{kind}.lua" for kind in KINDS}
    for kind, path in scripts.items():
        path.write_text(
            config[f"resource.customizations.health.{API_VERSION.split('/')[0]}_{kind}"]
        )
    return scripts


@pytest.fixture(scope="session")
def cel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What Flux is told about each kind."""
    documents = yaml.safe_load_all((GITOPS / "flux/farms.yaml").read_text())
    [kustomization] = [item for item in documents if item["kind"] == "Kustomization"]
    folder = tmp_path_factory.mktemp("cel")
    for rules in kustomization["spec"]["healthCheckExprs"]:
        (folder / f"{rules['kind']}.yaml").write_text(
            yaml.safe_dump({key: rules[key] for key in ("current", "failed")})
        )
    return {kind: folder / f"{kind}.yaml" for kind in KINDS}


def an_object(kind: str, conditions: Mapping[str, str], *, generation: int = 1) -> Any:
    """An object as the operator leaves it; "False/Running" is a status and its reason."""
    entries = [
        {
            "type": name,
            "status": said.split("/")[0],
            "reason": said.split("/")[1],
            "message": f"because of {said.split('/')[1]}",
        }
        for name, said in conditions.items()
    ]
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {"name": "farm", "namespace": "farms", "generation": generation},
        "status": {"observedGeneration": 1, "conditions": entries},
    }


WORKING = {"Stalled": "False/Running", "Suspended": "False/NotSuspended", "Ready": "False/Running"}
FAILED = {"Stalled": "True/DataUnusable", "Suspended": "False/X", "Ready": "False/DataUnusable"}
DONE = {"Stalled": "False/Succeeded", "Suspended": "False/X", "Ready": "True/Succeeded"}
PAUSED = {"Stalled": "False/X", "Suspended": "True/UserRequested", "Ready": "False/Suspended"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("conditions", "argo_cd", "flux", "kstatus"),
    [
        (WORKING, "Progressing", "InProgress", "InProgress"),
        (FAILED, "Degraded", "Failed", "Failed"),
        (DONE, "Healthy", "Current", "Current"),
    ],
    ids=["working", "failed", "done"],
)
def test_each_tool_sees_what_has_become_of_it(
    gitops_health: Path,
    lua: dict[str, Path],
    cel: dict[str, Path],
    kind: str,
    conditions: dict[str, str],
    argo_cd: str,
    flux: str,
    kstatus: str,
) -> None:
    item = an_object(kind, conditions)

    assert health(gitops_health, "lua", item, lua[kind])[0] == argo_cd
    assert health(gitops_health, "cel", item, cel[kind])[0] == flux
    assert health(gitops_health, "kstatus", item)[0] == kstatus


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_operator_has_not_seen_is_on_its_way(
    gitops_health: Path, lua: dict[str, Path], cel: dict[str, Path], kind: str
) -> None:
    changed = an_object(kind, DONE, generation=2)
    new = {key: value for key, value in changed.items() if key != "status"}

    for item in (changed, new):
        assert health(gitops_health, "lua", item, lua[kind]) == (
            "Progressing", "waiting for the operator",
        )  # fmt: skip
    # Flux waits for a status by itself before it asks.
    assert health(gitops_health, "cel", changed, cel[kind])[0] == "InProgress"
    assert health(gitops_health, "kstatus", changed)[0] == "InProgress"


def test_a_paused_run_holds_nothing_up(
    gitops_health: Path, lua: dict[str, Path], cel: dict[str, Path]
) -> None:
    item = an_object("CurationRun", PAUSED)

    assert health(gitops_health, "lua", item, lua["CurationRun"])[0] == "Suspended"
    assert health(gitops_health, "cel", item, cel["CurationRun"])[0] == "Current"


def test_a_failure_is_told_with_its_reason(gitops_health: Path, lua: dict[str, Path]) -> None:
    status, message = health(
        gitops_health, "lua", an_object("CurationRun", FAILED), lua["CurationRun"]
    )

    assert (status, message) == ("Degraded", "DataUnusable: because of DataUnusable")


@pytest.mark.usefixtures("crds")
def test_what_a_team_keeps_in_git_is_accepted(control_plane: ControlPlane, namespace: str) -> None:
    applied = control_plane.kubectl(
        "apply", "--dry-run=server", f"--namespace={namespace}", "-k", str(GITOPS / "team")
    )

    assert "curationrun.curation.dev/week-48 created" in applied
