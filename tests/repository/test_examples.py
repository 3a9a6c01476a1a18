"""Every example is accepted by the models and by a real API server."""

from pathlib import Path

import pytest
import yaml

from curation_api import CurationRun, Datasource
from curation_api.resource import Resource
from tools.control_plane.cluster import ControlPlane

ROOT = Path(__file__).parents[2]
# What is for Argo CD and Flux has tests of its own, with their engines.
EXAMPLES = [
    path
    for path in sorted((ROOT / "examples").rglob("*.yaml"))
    if "gitops" not in path.parts or (path.parent.name == "team" and path.stem != "kustomization")
]
PROVIDERS = {"s3", "s3-compatible", "s3-delegated-access", "gcs", "azure", "local"}
WORKFLOWS = {
    "first-job", "minimum-distance", "training", "weights", "threshold", "balance", "similarity",
    "old-style", "sequence", "object-level", "kueue", "cpu-only",
}  # fmt: skip


def test_there_is_an_example_for_each_provider_and_workflow() -> None:
    assert {path.stem for path in EXAMPLES if path.parent.name == "providers"} == PROVIDERS
    assert {path.stem for path in EXAMPLES if path.parent.name == "workflows"} == WORKFLOWS


@pytest.mark.covers("R11", "R12", "R13", "R14", "R16", "C12")
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_models_accept_it(example: Path) -> None:
    models: dict[str, type[Resource]] = {"CurationRun": CurationRun, "Datasource": Datasource}
    documents = list(yaml.safe_load_all(example.read_text()))
    ours = [document for document in documents if document["kind"] in models]

    for document in ours:
        models[document["kind"]].model_validate(document)
    assert ours


@pytest.mark.usefixtures("crds")
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_api_server_accepts_it(
    example: Path, control_plane: ControlPlane, namespace: str
) -> None:
    applied = control_plane.kubectl(
        "apply", "--dry-run=server", f"--namespace={namespace}", "-f", str(example)
    )

    assert "(server dry run)" in applied
