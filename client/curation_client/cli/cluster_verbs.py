"""The verbs that look at what lies in a cluster, and change it."""

from typing import Annotated

import typer

from curation_client.cli.options import Where, on_cluster

What = Annotated[
    list[str],
    typer.Argument(metavar="KIND [NAME]...", help="runs or datasources, or run/NAME."),
]


def add_verbs(app: typer.Typer) -> None:
    """Make the verbs known."""
    for verb in (get, describe):
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
