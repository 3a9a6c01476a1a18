"""Finds what a run has left: by the name of the run in the cluster, or by a folder."""

from pathlib import Path

from curation_api.problems import InvalidConfigurationError
from curation_api.states import RunState
from curation_client.bucket.run_files import RunFiles, in_folder
from curation_client.cli.kinds import run_name
from curation_client.cli.options import Where
from curation_client.cli.terminal import Terminal
from curation_client.cluster.api_server import ApiServer
from curation_client.cluster.objects import StoredRun, runs_of
from curation_client.cluster.run_files import files_of


def meant_files(
    run: str | None, run_directory: Path | None, where: Where, terminal: Terminal
) -> RunFiles:
    """The run that is meant: one by name, a folder, or the one that was completed last."""
    if run is not None and run_directory is not None:
        raise InvalidConfigurationError(
            "It takes either a run or the folder of one", fix="Leave out one of the two"
        )
    if run_directory is not None:
        return in_folder(run_directory)
    server = where.server()
    if run is not None:
        return files_of(runs_of(server).get(run_name(run)), server)
    latest = _latest(server)
    terminal.remark(f"In run {latest.name!r}, which was completed last (--run names another).")
    return files_of(latest, server)


def _latest(server: ApiServer) -> StoredRun:
    completed = runs_of(server).each(fieldSelector=f"status.state={RunState.COMPLETED}")
    latest = max(
        completed,
        key=lambda run: (run.status.completion_time or run.created_at, run.name),
        default=None,
    )
    if latest is None:
        raise InvalidConfigurationError(
            f"No run is complete in namespace {server.namespace}",
            fix="Name a run with --run, or the folder of one with --run-directory",
        )
    return latest


def named_files(word: str, where: Where) -> RunFiles:
    """A run by its name, or a folder of this machine where the word is a path to one."""
    path = Path(word)
    if path.is_dir() and ("/" in word or word.startswith(".")):
        return in_folder(path)
    server = where.server()
    return files_of(runs_of(server).get(run_name(word)), server)
