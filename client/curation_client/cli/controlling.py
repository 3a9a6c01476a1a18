"""Carries out what changes a run, and waits for it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from curation_api import CurationRun, ExitCode
from curation_api.problems import InvalidConfigurationError
from curation_api.states import RunState
from curation_client.cli.kinds import DATASOURCE, RUN, run_name, split_name
from curation_client.cli.terminal import Terminal, check_form
from curation_client.cluster.api_server import ApiServer
from curation_client.cluster.control import progress_of, until_it_ends
from curation_client.cluster.errors import AlreadyExistsException
from curation_client.cluster.objects import Runs, StoredRun, datasources_of, runs_of
from curation_client.local.display import show_progress
from curation_client.local.manifests import read_manifests
from curation_client.local.summary import result_lines
from curation_client.rules import selection_config, training
from curation_client.workflow.configurations import named, parsed
from curation_client.workflow.runs import run_name as free_name

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRequest:
    """The run that is asked for: by options, or in manifests."""

    name: str | None = None
    datasource: str | None = None
    n_samples: int | None = None
    proportion: float | None = None
    min_distance: float | None = None
    train_epochs: int | None = None
    priority: str | None = None
    gpus: int | None = None
    manifests: Sequence[Path] = ()
    dry_run: bool = False
    form: str = "text"


def create_runs(asked: CreateRequest, server: ApiServer, terminal: Terminal) -> list[str]:
    """Create what is asked for, or print it; the names of the runs come back."""
    check_form(asked.form, ("yaml",) if asked.dry_run else ("text", "name"))
    wanted = _wanted(asked)
    if asked.dry_run:
        manifests = [run.manifest() for run in wanted]
        terminal.say(yaml.safe_dump_all(manifests, sort_keys=False).rstrip("\n").splitlines())
        return []
    for run in wanted:
        name, datasource = str(run.metadata.name), run.spec.datasource_ref.name
        _create(name, run, server)
        terminal.say([f"{RUN.resource}/{name}" + (" created" if asked.form == "text" else "")])
        if datasources_of(server).find(datasource) is None:
            terminal.remark(f"There is no Datasource {datasource!r} yet; the run waits for it.")
    return [str(run.metadata.name) for run in wanted]


def _create(name: str, run: CurationRun, server: ApiServer) -> None:
    try:
        runs_of(server).create(name, run.spec.manifest())
    except AlreadyExistsException as error:
        raise InvalidConfigurationError(
            f"There is a run {name!r} already in namespace {server.namespace}",
            fix=f"Choose another name, or look at that one: curate describe run {name}",
        ) from error


def _wanted(asked: CreateRequest) -> list[CurationRun]:
    by_options = (asked.name, asked.datasource, asked.n_samples, asked.proportion)
    if asked.manifests:
        if any(option is not None for option in by_options):
            raise InvalidConfigurationError(
                "It takes either a manifest or options", fix="Leave out -f, or everything else"
            )
        return _in_manifests(asked.manifests)
    if asked.datasource is None:
        raise InvalidConfigurationError(
            "It is not said what to choose from", fix="Give --datasource NAME, or -f FILE"
        )
    kind, datasource = split_name(asked.datasource)
    if kind not in {None, DATASOURCE}:
        raise InvalidConfigurationError(f"{asked.datasource} is no Datasource", fix="Name one")
    name = asked.name or free_name(datasource)
    return [named(name, parsed(_spec(asked, datasource)))]


def _in_manifests(files: Sequence[Path]) -> list[CurationRun]:
    runs = read_manifests(files).runs
    if not runs:
        raise InvalidConfigurationError(
            "There is no CurationRun in the files", fix="Name a file with one after -f"
        )
    return runs


def _spec(asked: CreateRequest, datasource: str) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "datasourceRef": {"name": datasource},
        "selectionConfig": selection_config(
            asked.n_samples, proportion=asked.proportion, min_distance=asked.min_distance
        ),
    }
    if asked.train_epochs is not None:
        spec |= training(asked.train_epochs)
    if asked.priority is not None:
        spec["priority"] = asked.priority.upper()
    if asked.gpus is not None:
        spec["job"] = {"gpus": asked.gpus}
    return spec


def change_runs(
    change: Callable[[Runs, str], StoredRun],
    done: str,
    words: Sequence[str],
    server: ApiServer,
    terminal: Terminal,
) -> None:
    """Cancel, suspend, resume or retry each of the runs; `done` is the word for it."""
    for name in map(run_name, words):
        change(runs_of(server), name)
        terminal.say([f"{RUN.resource}/{name} {done}"])


def wait_for(
    words: Sequence[str], server: ApiServer, terminal: Terminal, seconds: float | None = None
) -> int:
    """Show the progress of each run, then how it ended; the first that did not succeed decides."""
    codes = [_wait_for(name, server, terminal, seconds) for name in map(run_name, words)]
    return next((code for code in codes if code != ExitCode.OK), ExitCode.OK)


def _wait_for(name: str, server: ApiServer, terminal: Terminal, seconds: float | None) -> int:
    run = None
    with show_progress(name, terminal.err) as show:
        for run in until_it_ends(runs_of(server), name, seconds):
            show(progress_of(run))
    assert run is not None  # noqa: S101  it was there, or there is an error
    terminal.say(ended_lines(run))
    return exit_code_of(run)


def ended_lines(run: StoredRun) -> Iterator[str]:
    """How a run ended."""
    state, failure = run.status.state, run.status.last_failure
    if state is RunState.COMPLETED and run.status.result is not None:
        yield f"{run.name}: {state}"
        yield from result_lines(run.status.result)
        return
    reason = f" ({failure.reason})" if failure is not None else ""
    yield f"{run.name}: {state}{reason}"
    yield from (f"  {line}" for line in (run.status.message or "").splitlines())


def exit_code_of(run: StoredRun) -> int:
    """The exit code that says the same as the state."""
    match run.status.state:
        case RunState.COMPLETED:
            return ExitCode.OK
        case RunState.ABORTED:
            return ExitCode.CHECKPOINTED
        case _:
            failure = run.status.last_failure
            known = failure is not None and failure.exit_code in set(ExitCode) - {ExitCode.OK}
            return int(failure.exit_code or 0) if failure and known else ExitCode.UNEXPECTED


def seconds_in(text: str | None) -> float | None:
    """A length of time as kubectl takes it: 90, 90s, 5m, 2h."""
    if text is None:
        return None
    number, unit = (text[:-1], text[-1]) if text[-1:] in _SECONDS else (text, "s")
    try:
        return float(number) * _SECONDS[unit]
    except ValueError:
        raise InvalidConfigurationError(
            f"--timeout {text} is no length of time", fix="Give seconds, or 90s, 5m, 2h, 1d"
        ) from None
