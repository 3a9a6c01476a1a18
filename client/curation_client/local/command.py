"""Carries out `curate run --local`."""

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

from curation_api import CurationError, CurationRun, Datasource, ExitCode, JobConfig
from curation_api.job_config import DatasourceIdentity, RunIdentity
from curation_api.problems import InvalidConfigurationError
from curation_api.translation import job_config
from curation_client.local.display import show_progress
from curation_client.local.manifests import Manifests, read_manifests
from curation_client.local.quick import QuickRequest, as_yaml, quick_manifests
from curation_client.local.summary import Outcome, complain, summary
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
    quick: QuickRequest | None = None
    dry_run: bool = False
    output_format: str = "text"


def run_locally(request: LocalRequest, out: TextIO, err: TextIO) -> int:
    """Do what was asked for; returns the exit code of the first run that does not succeed."""
    try:
        _check(request)
        folders = request.quick.claims if request.quick else {}
        manifests = _manifests(request)
        if request.dry_run:
            out.write(as_yaml(manifests, folders))
            return ExitCode.OK
        with _volumes(request.volumes, folders) as volumes:
            return _run_all(request, manifests, volumes, out, err)
    except CurationError as error:
        return complain(error, err)


def _manifests(request: LocalRequest) -> Manifests:
    manifests = (
        quick_manifests(request.quick) if request.quick else read_manifests(request.manifests)
    )
    if not manifests.runs:
        raise InvalidConfigurationError(
            "There is no CurationRun in the files", fix="Add a file with one"
        )
    return manifests


@contextmanager
def _volumes(given: Path, folders: Mapping[str, Path]) -> Iterator[Path]:
    """The folder of the volumes: the given one, or one of links to these folders."""
    if not folders:
        yield given
        return
    with TemporaryDirectory(prefix="curate-") as linked:
        for claim, folder in folders.items():
            folder.mkdir(parents=True, exist_ok=True)
            (Path(linked) / claim).symlink_to(folder.resolve())
        yield Path(linked)


def _check(request: LocalRequest) -> None:
    if not request.is_local:
        raise InvalidConfigurationError(
            "Where to run is not said", fix="Add --local to run on this machine"
        )
    if bool(request.manifests) == (request.quick is not None):
        raise InvalidConfigurationError(
            "It takes either manifests or a folder",
            fix="Give -f FILE, or --input FOLDER --output FOLDER --n-samples NUMBER",
        )
    possible = ("yaml",) if request.dry_run else ("text", "json")
    if request.output_format not in possible:
        raise InvalidConfigurationError(
            f"-o {request.output_format} is not possible {'with' if request.dry_run else 'without'}"
            " --dry-run",
            fix=f"Choose {' or '.join(possible)}",
        )


def _run_all(
    request: LocalRequest,
    manifests: Manifests,
    volumes: Path,
    out: TextIO,
    err: TextIO,
) -> int:
    pairs = [(run, manifests.datasource_of(run)) for run in manifests.runs]
    for _, datasource in pairs:
        _check_volumes(datasource, volumes)
    for run, datasource in pairs:
        outcome = _run(run, datasource, manifests, volumes, err)
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
    err: TextIO,
) -> Outcome:
    config = _config(run, datasource)
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


def _check_volumes(datasource: Datasource, volumes: Path) -> None:
    spec = datasource.spec
    for location in (spec.input_location, spec.lightly_location):
        if location.local and not (volumes / location.local.claim_name).is_dir():
            raise InvalidConfigurationError(
                f"Datasource {datasource.metadata.name!r} uses the claim"
                f" {location.local.claim_name!r}, and there is no folder of that name in {volumes}",
                fix="Create it (a link will do), or point --volumes at the folder that has it",
            )


def uid_of(run: CurationRun, datasource: Datasource) -> str:
    """The same for the same manifests: a run that is started again is that run, and goes on."""
    said = json.dumps([run.spec.complete(), datasource.spec.complete()], sort_keys=True)
    return str(uuid.uuid5(LOCAL_RUNS, f"{run.metadata.name}\n{said}"))


def _config(run: CurationRun, datasource: Datasource) -> JobConfig:
    """What the worker is told."""
    name, source = str(run.metadata.name), str(datasource.metadata.name)
    return job_config(
        run.spec,
        run=RunIdentity(name=name, namespace=NAMESPACE, uid=uid_of(run, datasource)),
        datasource=DatasourceIdentity(name=source, uid=str(uuid.uuid5(LOCAL_RUNS, source))),
        datasource_spec=datasource.spec,
        gpus=1 if run.spec.job.gpus is None else run.spec.job.gpus,
    )


def _write_secrets(folders: WorkerFolders, datasource: Datasource, manifests: Manifests) -> None:
    """One file for each key, readable by nobody else, as Kubernetes mounts them."""
    spec = datasource.spec
    for folder, location in (
        (folders.input_secrets, spec.input_location),
        (folders.lightly_secrets, spec.lightly_location),
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
    location = config.datasource_spec.lightly_location
    folder = config.worker_config.folder_of(config.run.uid)
    if location.local is not None:
        root = (volumes / location.local.claim_name).resolve()
        return str(root / location.local.path / folder)
    provider = location.s3 or location.s3_delegated_access or location.gcs
    if provider is not None:
        return f"{provider.resource_path.rstrip('/')}/{folder}"
    assert location.azure is not None  # noqa: S101  one of them is given
    return f"{location.azure.container_name.rstrip('/')}/{folder}"
