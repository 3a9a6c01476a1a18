"""What Argo CD and Flux know their own things by never gets onto what the operator makes."""

import json
from typing import Any

import pytest

from curation_operator.program import Running
from tests.curation_operator.farm import SELECTION, Farm

TRACKED = {
    "labels": {
        "app.kubernetes.io/instance": "farms",
        "kustomize.toolkit.fluxcd.io/name": "farms",
        "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
    },
    "annotations": {"argocd.argoproj.io/tracking-id": "farms:curation.dev/CurationRun:x/tracked"},
}


def a_tracked_run() -> Any:
    spec = {"datasourceRef": {"name": "farm"}, "selectionConfig": SELECTION}
    return {
        "apiVersion": "curation.dev/v1alpha1",
        "kind": "CurationRun",
        "metadata": {"name": "tracked", **TRACKED},
        "spec": {
            **spec,
            "job": {"env": [{"name": "SCRIPT", "value": '{"run": {"wait_for": "gate"}}'}]},
        },
    }


@pytest.mark.usefixtures("operator")
def test_nothing_that_the_operator_made_is_pruned(farm: Farm, operator: Running) -> None:
    """Pruning deletes what bears the label and is not in Git; kubectl does it by the same rule."""
    del operator
    farm.create_datasource()
    prune = (
        "apply", "--prune", "--selector=app.kubernetes.io/instance=farms", "--filename=-",
        f"--namespace={farm.namespace}", "--prune-allowlist=batch/v1/Job",
        "--prune-allowlist=core/v1/ConfigMap", "--prune-allowlist=core/v1/Pod",
    )  # fmt: skip
    farm.control_plane.kubectl(*prune, input=json.dumps(a_tracked_run()))
    farm.wait_for_state("Running", name="tracked")

    said = farm.control_plane.kubectl(*prune, input=json.dumps(a_tracked_run()))

    assert said.split() == ["curationrun.curation.dev/tracked", "unchanged"]
    [job] = farm.jobs(of="tracked")
    for made in (job, *farm.pods(of="tracked")):
        assert not set(TRACKED["labels"]) & set(made["metadata"]["labels"])
        assert not set(TRACKED["annotations"]) & set(made["metadata"].get("annotations", {}))
        assert made["metadata"]["ownerReferences"]
    farm.open_gate()
    farm.wait_for_state("Completed", name="tracked")
