"""Carries out `curate logs` and `curate artifacts`."""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from curation_api.names import RUNS
from curation_api.problems import InvalidConfigurationError
from curation_api.run_report import Artifact
from curation_api.spelling import guess
from curation_client.bucket.downloads import download_to, safe_path
from curation_client.bucket.run_files import LOG, RunFiles
from curation_client.cli.kinds import run_name
from curation_client.cli.listing import table_lines
from curation_client.cli.terminal import Terminal, check_form
from curation_client.cluster.api_server import ApiServer
from curation_client.cluster.logs import followed_log_lines, log_lines
from curation_client.cluster.objects import runs_of
from curation_client.cluster.run_files import files_of

DOCUMENT_FORMS = ("table", "json", "yaml", "name")


def show_logs(
    run: str,
    server: ApiServer,
    terminal: Terminal,
    *,
    follow: bool = False,
    tail: int | None = None,
    stage: str | None = None,
) -> None:
    """What the workers said; where their Pods are gone, what lies in the bucket."""
    stored = runs_of(server).get(run_name(run))
    lines = (
        followed_log_lines(server, stored, stage=stage)
        if follow
        else log_lines(server, stored, stage=stage, tail=tail)
    )
    has_spoken = False
    for line in lines:
        terminal.say([str(line)])
        has_spoken = True
    if has_spoken:
        return
    if stored.status.start_time is None:
        terminal.remark(f"No worker of run {stored.name!r} has started yet.")
        return
    files = files_of(stored, server)
    if not files.bucket.exists(files.key(LOG)):
        terminal.remark(f"The workers of run {stored.name!r} have said nothing.")
        return
    terminal.remark(f"The workers are gone; this is {files.key(LOG)}.")
    text = files.read(LOG).decode(errors="replace").splitlines()
    terminal.say(text if tail is None else text[-tail:] if tail else [])


def list_artifacts(run: str, form: str, server: ApiServer, terminal: Terminal) -> None:
    """What the run has left, by type."""
    check_form(form, DOCUMENT_FORMS)
    stored = runs_of(server).get(run_name(run))
    artifacts = stored.status.artifacts or []
    match form:
        case "json" | "yaml":
            terminal.dump([artifact.complete() for artifact in artifacts], form)
        case "name":
            terminal.say(artifact.key for artifact in artifacts)
        case _ if not artifacts:
            state = stored.status.state or "new"
            terminal.remark(f"Run {stored.name!r} has left no artifacts; it is {state}.")
        case _:
            rows = [[one.type, f"{one.size_bytes:,}", one.key] for one in artifacts]
            terminal.say(table_lines(["TYPE", "BYTES", "KEY"], rows))


def get_artifacts(
    run: str,
    wanted: Sequence[str],
    folder: Path,
    server: ApiServer,
    terminal: Terminal,
    *,
    everything: bool = False,
) -> None:
    """Write artifacts below the folder: those of a type or by a name, or all of them."""
    stored = runs_of(server).get(run_name(run))
    files = files_of(stored, server)
    keys = (
        [files.key(name) for name in files.names()]
        if everything
        else list(_keys(stored.status.artifacts or [], wanted, stored.name))
    )
    for key in keys:
        path = folder / safe_path(_name_below(key, files))
        download_to(files.bucket, key, path)
        terminal.say([str(path)])
    if not keys:
        state = stored.status.state or "new"
        terminal.remark(f"Run {stored.name!r} has left no artifacts; it is {state}.")


def _keys(artifacts: Sequence[Artifact], wanted: Sequence[str], run: str) -> Iterator[str]:
    by_word = {artifact.type.lower(): artifact.key for artifact in artifacts}
    by_word |= {PurePosixPath(artifact.key).name: artifact.key for artifact in artifacts}
    if not wanted:
        yield from (artifact.key for artifact in artifacts)
    for word in wanted:
        key = by_word.get(word.lower().replace("-", "_")) or by_word.get(word)
        if key is None:
            raise InvalidConfigurationError(
                f"Run {run!r} has no artifact {word!r}{guess(word, by_word)}",
                fix=f"List them: curate artifacts ls {run}",
            )
        yield key


def _name_below(key: str, files: RunFiles) -> str:
    """The name below the folder of the run, wherever in it the file lies."""
    prefix = f"{files.folder}/"
    if key.startswith(prefix):
        return key.removeprefix(prefix)
    return key.removeprefix(f"{RUNS}/")
