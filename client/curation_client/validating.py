"""Carries out `curate validate`: what the cluster would say, without a cluster."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from curation_api import CurationError, CurationRun, ExitCode
from curation_api.translation import translate
from curation_client.local.manifests import Manifests, read_manifests
from curation_client.local.summary import complain


def validate(paths: Sequence[Path], out: TextIO, err: TextIO) -> int:
    """Print what is valid and what there is to note about it, or all that is wrong."""
    try:
        manifests = read_manifests(paths)
    except CurationError as error:
        return complain(error, err)
    for line in _lines(manifests):
        print(line, file=out)
    return ExitCode.OK


def _lines(manifests: Manifests) -> Iterator[str]:
    for name, datasource in manifests.datasources.items():
        yield f"datasource/{name} is valid"
        if datasource.spec.what_is_missing:
            yield f"  note: {datasource.spec.what_is_missing}"
    for run in manifests.runs:
        yield f"curationrun/{run.metadata.name} is valid"
        yield from _notes(run)
    if not manifests.datasources and not manifests.runs:
        yield "There is no Datasource and no CurationRun in the files"


def _notes(run: CurationRun) -> Iterator[str]:
    for note in translate(run.spec).notes:
        yield f"  note: {note}"
