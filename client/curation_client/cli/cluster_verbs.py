"""The verbs that look at what lies in a cluster, and change it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curation_client.cli.options import Where, on_cluster, run_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from curation_client.cluster.objects import Runs, StoredRun

What = Annotated[
    list[str],
    typer.Argument(metavar="KIND [NAME]...", help="runs or datasources, or run/NAME."),
]
Names = Annotated[
    list[str], typer.Argument(metavar="RUN...", help="The runs by name.", autocompletion=run_names)
]
Timeout = Annotated[
    str | None, typer.Option(metavar="TIME", help="Give up after so long: 90s, 5m, 2h.")
]


def add_verbs(app: typer.Typer) -> None:
    """Make the verbs known."""
    creating = typer.Typer(no_args_is_help=True, help="Ask for something new.")
    creating.command("run")(create_run)
    app.add_typer(creating, name="create")
    for verb in (get, describe, wait, cancel, suspend, resume, retry, doctor):
        app.command()(verb)


@on_cluster
def get(
    where: Where,
    what: What,
    *,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="table|wide|json|yaml|name", help="The form.")
    ] = "table",
    selector: Annotated[
        str | None, typer.Option("-l", "--selector", help="Only those with these labels.")
    ] = None,
    datasource: Annotated[
        str | None, typer.Option(help="Only runs that choose from this Datasource.")
    ] = None,
) -> int:
    """List runs or Datasources."""
    from datetime import UTC, datetime

    from curation_client.cli.listing import GetRequest
    from curation_client.cli.listing import get as do
    from curation_client.cli.terminal import Terminal

    asked = GetRequest(what, output, selector, datasource)
    do(asked, where.server(), Terminal(), datetime.now(UTC))
    return 0


@on_cluster
def describe(where: Where, what: What) -> int:
    """Say everything there is to know about a run or a Datasource."""
    from datetime import UTC, datetime

    from curation_client.cli.describing import describe as do
    from curation_client.cli.terminal import Terminal

    do(what, where.server(), Terminal(), datetime.now(UTC))
    return 0


@on_cluster
def create_run(
    where: Where,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The name of the run.")
    ] = None,
    *,
    datasource: Annotated[str | None, typer.Option(help="The Datasource to choose from.")] = None,
    n_samples: Annotated[int | None, typer.Option(help="How many samples to select.")] = None,
    proportion: Annotated[
        float | None, typer.Option(help="Or which part of them, such as 0.1.")
    ] = None,
    min_distance: Annotated[
        float | None, typer.Option(help="Keep no two samples closer than this.")
    ] = None,
    train: Annotated[
        int | None, typer.Option(metavar="EPOCHS", help="Train the network first.")
    ] = None,
    priority: Annotated[
        str | None, typer.Option(metavar="low|mid|high|critical", help="Before or after others.")
    ] = None,
    gpus: Annotated[int | None, typer.Option(help="GPUs a worker needs; 0 for none.")] = None,
    filename: Annotated[
        list[Path] | None, typer.Option("-f", "--filename", help="Instead: a manifest with runs.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it ends.")] = False,
    timeout: Timeout = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only print the manifest, as YAML.")
    ] = False,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="text|name|yaml", help="The form.")
    ] = None,
) -> int:
    """Create a run: the most diverse samples, unless a manifest says otherwise."""
    from curation_client.cli.controlling import CreateRequest, create_runs, seconds_in, wait_for
    from curation_client.cli.terminal import Terminal

    asked = CreateRequest(
        name=name,
        datasource=datasource,
        n_samples=n_samples,
        proportion=proportion,
        min_distance=min_distance,
        train_epochs=train,
        priority=priority,
        gpus=gpus,
        manifests=filename or (),
        dry_run=dry_run,
        form=output or ("yaml" if dry_run else "text"),
    )
    server, terminal, seconds = where.server(), Terminal(), seconds_in(timeout)
    created = create_runs(asked, server, terminal)
    return wait_for(created, server, terminal, seconds) if wait else 0


@on_cluster
def wait(where: Where, runs: Names, *, timeout: Timeout = None) -> int:
    """Wait until runs end, and show how far they are. The exit code says how they ended."""
    from curation_client.cli.controlling import seconds_in, wait_for
    from curation_client.cli.terminal import Terminal

    return wait_for(runs, where.server(), Terminal(), seconds_in(timeout))


@on_cluster
def cancel(where: Where, runs: Names) -> int:
    """End runs for good. What they have written stays."""
    from curation_client.cluster import control

    return _change(control.cancel, "cancelled", where, runs)


@on_cluster
def suspend(where: Where, runs: Names) -> int:
    """Pause runs. What is done stays done, and no worker is left."""
    from curation_client.cluster import control

    return _change(control.suspend, "suspended", where, runs)


@on_cluster
def resume(where: Where, runs: Names) -> int:
    """Let runs go on that were paused."""
    from curation_client.cluster import control

    return _change(control.resume, "resumed", where, runs)


@on_cluster
def retry(where: Where, runs: Names) -> int:
    """Try runs again that have failed, from the first part that has not succeeded."""
    from curation_client.cluster import control

    return _change(control.retry, "retried", where, runs)


@on_cluster
def doctor(where: Where) -> int:
    """Say what is installed, what can be reached, and what a run would lack."""
    from curation_client.cli.examining import examination_lines, examine
    from curation_client.cli.terminal import Terminal

    found = examine(where.server())
    Terminal().say(examination_lines(found))
    return 0 if found.is_well else 1


def _change(
    change: "Callable[[Runs, str], StoredRun]", done: str, where: Where, runs: list[str]
) -> int:
    from curation_client.cli.controlling import change_runs
    from curation_client.cli.terminal import Terminal

    change_runs(change, done, runs, where.server(), Terminal())
    return 0
