"""`curation_job run`: one worker from its configuration to its last words."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import ValidationError

from curation_api import CurationError, ExitCode, JobConfig, RunReport, problems_in
from curation_api.problems import InvalidConfigurationError
from curation_api.states import Stage, Step
from curation_job.opening import Address, open_derived, open_listed
from curation_job.pipeline import curate
from curation_job.runtime.logs import logging_to, memory_logged_to
from curation_job.runtime.progress import Progress, Seen
from curation_job.runtime.server import serving
from curation_job.runtime.stopping import Stopped, StopRequest
from curation_job.settings import WorkerSettings
from curation_job.workspace import Workspace
from curation_storage import StorageError, secret_from_folder

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What the command line asks for."""

    config: Path
    stage: Stage
    shard: int
    settings: WorkerSettings
    progress_lines: bool = False


def run(request: RunRequest) -> int:
    """Do the work; the exit code and the last words say how it went."""
    try:
        config = read_config(request.config)
        report = _work(config, request)
    except CurationError as error:
        logger.error("%s", error)
        problem = error.problem
        report = RunReport(stage=request.stage, ok=False, problem=problem)
        _leave(report, request.settings.termination_log)
        return problem.exit_code
    _leave(report, request.settings.termination_log)
    return ExitCode.OK


def read_config(path: Path) -> JobConfig:
    """The configuration that the operator or `curate` has written."""
    try:
        return JobConfig.model_validate(json.loads(path.read_text()))
    except OSError as error:
        raise InvalidConfigurationError(
            f"Cannot read the configuration {path}: {error.strerror}", fix="Check --config"
        ) from error
    except ValidationError as error:
        raise InvalidConfigurationError(
            f"{path} is no valid configuration: {'; '.join(problems_in(error))}",
            fix="Use an operator and a worker of the same version",
        ) from error
    except ValueError as error:
        raise InvalidConfigurationError(
            f"{path} is no valid JSON: {error}", fix="Check --config"
        ) from error


def _work(config: JobConfig, request: RunRequest) -> RunReport:
    settings = request.settings
    progress = Progress(listeners=[_print_line] if request.progress_lines else [])
    stop = StopRequest()
    stop.listen()
    with ExitStack() as stack:
        scratch = Path(
            stack.enter_context(TemporaryDirectory(prefix="curation-", dir=settings.scratch))
        )
        stack.enter_context(serving(progress, host=settings.pod_ip, port=settings.port))
        space = _workspace(config, settings, scratch, progress, stop)
        stack.enter_context(_logs(space))
        return curate(space, request.stage, shard=request.shard)


def _workspace(
    config: JobConfig,
    settings: WorkerSettings,
    scratch: Path,
    progress: Progress,
    stop: StopRequest,
) -> Workspace:
    spec = config.datasource_spec
    raw = Address(spec.input_location, secret_from_folder(settings.input_secrets), settings.volumes)
    derived = Address(
        spec.lightly_location,
        secret_from_folder(settings.lightly_secrets if spec.lightly else settings.input_secrets),
        settings.volumes,
    )
    return Workspace(
        config=config,
        input=open_listed(raw),
        lightly=open_derived(derived),
        open_reader=raw.open_reader,
        scratch=scratch,
        progress=progress,
        stop=stop,
    )


@contextmanager
def _logs(space: Workspace) -> Iterator[None]:
    """Log and memory log go to the bucket however the run ends."""
    log, memory_log = space.output_folder / "log.txt", space.output_folder / "memlog.txt"
    try:
        with logging_to(log), memory_logged_to(memory_log):
            try:
                yield
            except Stopped:
                space.progress.begin(Step.ABORTED)
                raise
            except CurationError as error:
                logger.error("%s", error)
                space.progress.begin(Step.FAILED)
                raise
            except Exception:
                logger.exception("The worker met something nobody foresaw")
                space.progress.begin(Step.CRASHED)
                raise
    finally:
        with suppress(StorageError):
            for path in (log, memory_log):
                space.lightly.write(f"{space.run_folder}/{path.name}", path)


def _print_line(seen: Seen) -> None:
    sys.stdout.write(json.dumps(seen.as_json()) + "\n")
    sys.stdout.flush()


def _leave(report: RunReport, path: Path) -> None:
    """The last words; a place that cannot be written is not worth failing for."""
    with suppress(OSError):
        path.write_text(report.last_words())
