"""Carries out `curate run --local`."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

from curation_api import CurationError, CurationRun, Datasource, ExitCode, JobConfig
from curation_api.job_config import DatasourceIdentity, RunIdentity
from curation_api.names import DERIVED
from curation_api.problems import InvalidConfigurationError
from curation_api.translation import job_config
from curation_client.local.display import show_progress
from curation_client.local.manifests import Manifests, read_manifests
from curation_client.local.quick import as_yaml, quick_manifests
from curation_client.local.summary import Outcome, summary
from curation_client.local.worker import WorkerFolders, run_worker

# Names of local runs are made into uids within this space.
LOCAL_RUNS = uuid.UUID("6f1b4a52-7d0e-5b8e-9b1a-2f6c1f0c7a11")
NAMESPACE = "local"


@dataclass(frozen=True, slots=True)
class LocalRequest:
    """What was asked for on the command line."""

    is_local: bool
    manifests: tuple[Path, ...] = ()
    volumes: Path = Path("volumes")
    input_folder: Path | None = None
    output_folder: Path | None = None
    n_samples: int | None = None
    min_distance: float | None = None
    train_epochs: int | None = None
    untrained: bool = False
    name: str | None = None
    dry_run: bool = False
    output_format: str = "text"


def run_locally(request: LocalRequest, out: TextIO, err: TextIO) -> int:
    """Do what was asked for; returns the exit code of the first run that does not succeed."""
    try:
        with _volumes(request) as (manifests, volumes, salt):
            if request.dry_run:
                out.write(as_yaml(manifests))
                return ExitCode.OK
            return _run_all(request, manifests, volumes, salt, out, err)
    except CurationError as error:
        print(error, file=err)
        return error.problem.exit_code


@contextmanager
def _volumes(request: LocalRequest) -> Iterator[tuple[Manifests, Path, str]]:
    """The manifests, the folder whose sub-folders are the volumes, and what else tells runs apart."""
    _check(request)
    if request.input_folder is None:
        yield read_manifests(request.manifests), request.volumes, ""
        return
    output = request.output_folder or Path("curated")
    manifests = quick_manifests(
        request.input_folder,
        output,
        n_samples=request.n_samples,
        min_distance=request.min_distance,
        train_epochs=request.train_epochs,
        untrained=request.untrained,
        name=request.name,
    )
    with TemporaryDirectory(prefix="curate-") as folder:
        volumes = Path(folder)
        (volumes / "input").symlink_to(request.input_folder.resolve())
        (volumes / "output").symlink_to(output.resolve())
        yield manifests, volumes, str(request.input_folder.resolve())


def _check(request: LocalRequest) -> None:
    if not request.is_local:
        raise InvalidConfigurationError(
            "Where to run is not said", fix="Add --local to run on this machine"
        )
    if bool(request.manifests) == (request.input_folder is not None):
        raise InvalidConfigurationError(
            "It takes either manifests or a folder",
            fix="Give -f FILE, or --input FOLDER --output FOLDER --n-samples NUMBER",
        )
    if request.output_format not in {"text", "json", "yaml"}:
        raise InvalidConfigurationError(
            f"-o {request.output_format} is not known", fix="Choose text, json or yaml"
        )


def _run_all(
    request: LocalRequest,
    manifests: Manifests,
    volumes: Path,
    salt: str,
    out: TextIO,
    err: TextIO,
) -> int:
    if not manifests.runs:
        raise InvalidConfigurationError(
            "There is no CurationRun in the files", fix="Add a file with one"
        )
    for run in manifests.runs:
        datasource = manifests.datasource_of(run)
        outcome = _run(run, datasource, manifests, volumes, salt, err)
        if request.output_format == "json":
            print(json.dumps(outcome.as_json()), file=out)
        else:
            print("\n".join(summary(outcome)), file=out)
        if outcome.exit_code != ExitCode.OK:
            return outcome.exit_code
    return ExitCode.OK


def _run(
    run: CurationRun,
    datasource: Datasource,
    manifests: Manifests,
    volumes: Path,
    salt: str,
    err: TextIO,
) -> Outcome:
    config = _config(run, datasource, salt)
    with TemporaryDirectory(prefix="curate-") as scratch:
        folders = WorkerFolders(Path(scratch), volumes)
        _write_secrets(folders, datasource, manifests)
        with show_progress(config.run.name, err) as show:
            ended = run_worker(config, folders, show)
    return Outcome(
        name=config.run.name,
        uid=config.run.uid,
        run_directory=_run_directory(config, volumes),
        report=ended.report,
        exit_code=ended.exit_code,
        last_lines=ended.last_lines,
    )


def _config(run: CurationRun, datasource: Datasource, salt: str) -> JobConfig:
    """What the worker is told. The same manifests under the same name give the same uid."""
    said = json.dumps([run.spec.complete(), datasource.spec.complete(), salt], sort_keys=True)
    name, source = str(run.metadata.name), str(datasource.metadata.name)
    uid = uuid.uuid5(LOCAL_RUNS, f"{name}\n{said}")
    return job_config(
        run.spec,
        run=RunIdentity(name=name, namespace=NAMESPACE, uid=str(uid)),
        datasource=DatasourceIdentity(name=source, uid=str(uuid.uuid5(LOCAL_RUNS, source))),
        datasource_spec=datasource.spec,
        gpus=1 if run.spec.job.gpus is None else run.spec.job.gpus,
    )


def _write_secrets(folders: WorkerFolders, datasource: Datasource, manifests: Manifests) -> None:
    """One file for each key, readable by nobody else, as Kubernetes mounts them."""
    spec = datasource.spec
    for folder, location in (
        (folders.input_secrets, spec.input),
        (folders.lightly_secrets, spec.lightly or spec.input),
    ):
        folder.mkdir(mode=0o700)
        if location.credentials is None:
            continue
        name = location.credentials.secret_ref.name
        if name not in manifests.secrets:
            raise InvalidConfigurationError(
                f"Datasource {datasource.metadata.name!r} names the Secret {name!r},"
                " which is in none of the files",
                fix=f"Add a file with Secret {name!r}, or remove credentials to use the keys"
                " in the environment of this machine",
            )
        for key, value in manifests.secrets[name].items():
            path = folder / key
            path.touch(mode=0o600)
            path.write_text(value)


def _run_directory(config: JobConfig, volumes: Path) -> str:
    """Where the run leaves its files, as a path or as an address."""
    location = config.datasource_spec.lightly or config.datasource_spec.input
    folder = f"{DERIVED}/runs/{config.worker_config.run_directory or config.run.uid}"
    if location.local is not None:
        root = (volumes / location.local.claim_name).resolve()
        return str(root / location.local.path / folder)
    provider = location.s3 or location.s3_delegated_access or location.gcs
    if provider is not None:
        return f"{provider.resource_path.rstrip('/')}/{folder}"
    assert location.azure is not None  # noqa: S101  one of them is given
    return f"{location.azure.container_name.rstrip('/')}/{folder}"
