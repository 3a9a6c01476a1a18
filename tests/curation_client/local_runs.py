"""`curate run --local` in a test: manifests as text, what it wrote, and how it ended."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curation_client.local.command import LocalRequest, run_locally
from curation_client.local.quick import QuickRequest

DATASOURCE = """
apiVersion: curation.dev/v1alpha1
kind: Datasource
metadata: {name: farm}
spec:
  type: IMAGES
  input: {local: {claimName: raw}}
  lightly: {local: {claimName: derived}}
"""
RUN = """
apiVersion: curation.dev/v1alpha1
kind: CurationRun
metadata: {name: farm-3}
spec:
  datasourceRef: {name: farm}
  selectionConfig:
    nSamples: 3
    strategies: [{input: {type: EMBEDDINGS}, strategy: {type: DIVERSITY}}]
  lightlyConfig:
    preTrained: false
    model: {name: resnet-9, numFtrs: 8}
    collate: {inputSize: 16}
    loader: {numWorkers: 1}
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    exit_code: int
    out: str
    err: str


def curate(**asked: Any) -> Ended:
    """Carry out a request in this process; the worker is one of its own."""
    out, err = io.StringIO(), io.StringIO()
    exit_code = run_locally(LocalRequest(is_local=True, **asked), out, err)
    return Ended(exit_code, out.getvalue(), err.getvalue())


def curate_folder(input_folder: Path, output_folder: Path, *, dry_run: bool, **asked: Any) -> Ended:
    """Carry out a request for a folder."""
    quick = QuickRequest(input_folder, output_folder, **asked)
    return curate(quick=quick, dry_run=dry_run, output_format="yaml" if dry_run else "text")


def write_manifests(folder: Path, *documents: str) -> tuple[Path, ...]:
    """A file with these manifests."""
    path = folder / "manifests.yaml"
    path.write_text("\n---\n".join(documents))
    return (path,)
