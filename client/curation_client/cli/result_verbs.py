"""The verbs that look at what runs have left in the bucket."""

from pathlib import Path
from typing import Annotated

import typer

from curation_client.cli.options import (
    RunDirectory,
    Where,
    datasource_names,
    on_cluster,
    run_names,
)

Run = Annotated[
    str, typer.Argument(metavar="RUN", help="The run by name.", autocompletion=run_names)
]
Datasource = Annotated[
    str,
    typer.Argument(
        metavar="DATASOURCE", help="The Datasource by name.", autocompletion=datasource_names
    ),
]
Tag = Annotated[str, typer.Argument(metavar="TAG", help="The tag by name.")]
Form = Annotated[str, typer.Option("-o", "--output", metavar="text|json|yaml", help="The form.")]


def add_verbs(app: typer.Typer) -> None:
    """Make the verbs known."""
    artifacts = typer.Typer(no_args_is_help=True, help="The files that a run has left.")
    artifacts.command("ls")(list_artifacts)
    artifacts.command("get")(get_artifacts)
    app.add_typer(artifacts, name="artifacts")
    tags = typer.Typer(no_args_is_help=True, help="Named sets of the samples of a Datasource.")
    for name, verb in (
        ("ls", list_tags),
        ("create", create_tag),
        ("combine", combine_tags),
        ("rename", rename_tag),
        ("delete", delete_tag),
    ):
        tags.command(name)(verb)
    app.add_typer(tags, name="tags")
    for verb in (logs, why, diff, export):
        app.command()(verb)


@on_cluster
def logs(
    where: Where,
    run: Run,
    *,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until it ends.")] = False,
    tail: Annotated[int | None, typer.Option(help="Only so many of the last lines.")] = None,
    stage: Annotated[
        str | None, typer.Option(metavar="prepare|train|embed|select", help="Only of this part.")
    ] = None,
) -> int:
    """Show what the workers of a run say."""
    from curation_client.cli.artifacts import show_logs
    from curation_client.cli.terminal import Terminal

    show_logs(run, where.server(), Terminal(), follow=follow, tail=tail, stage=stage)
    return 0


@on_cluster
def list_artifacts(
    where: Where,
    run: Run,
    *,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="table|json|yaml|name", help="The form.")
    ] = "table",
) -> int:
    """List the artifacts of a run."""
    from curation_client.cli.artifacts import list_artifacts as do
    from curation_client.cli.terminal import Terminal

    do(run, output, where.server(), Terminal())
    return 0


@on_cluster
def get_artifacts(
    where: Where,
    run: Run,
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TYPE]...", help="report_pdf, manifest, log.txt …; none: all."),
    ] = None,
    *,
    output_dir: Annotated[
        Path, typer.Option("-d", "--output-dir", help="Where to write them.")
    ] = Path(),
    everything: Annotated[
        bool, typer.Option("--everything", help="All files of the run: plots, lists, embeddings.")
    ] = False,
) -> int:
    """Download artifacts of a run."""
    from curation_client.cli.artifacts import get_artifacts as do
    from curation_client.cli.terminal import Terminal

    do(run, what or (), output_dir, where.server(), Terminal(), everything=everything)
    return 0


@on_cluster
def why(
    where: Where,
    sample: Annotated[str, typer.Argument(metavar="SAMPLE", help="The name of the sample.")],
    *,
    run: Annotated[
        str | None, typer.Option(help="The run.  [default: the one completed last]")
    ] = None,
    run_directory: RunDirectory = None,
    output: Form = "text",
) -> int:
    """Say why a sample was selected, or why not and what would have kept it."""
    from curation_client.cli.results import meant_files
    from curation_client.cli.terminal import TEXT_FORMS, Terminal, check_form
    from curation_client.why.explaining import explain

    check_form(output, TEXT_FORMS)
    terminal = Terminal()
    terminal.answer(explain(meant_files(run, run_directory, where, terminal), sample), output)
    return 0


@on_cluster
def diff(
    where: Where,
    before: Annotated[
        str, typer.Argument(metavar="RUN", help="A run by name, or the path of a run's folder.")
    ],
    after: Annotated[str, typer.Argument(metavar="RUN", help="The run to compare it with.")],
    *,
    output: Form = "text",
) -> int:
    """Say what differs between two runs: configuration, input, and what was selected."""
    from curation_client.cli.results import named_files
    from curation_client.cli.terminal import TEXT_FORMS, Terminal, check_form
    from curation_client.why.comparing import compare

    check_form(output, TEXT_FORMS)
    Terminal().answer(compare(named_files(before, where), named_files(after, where)), output)
    return 0


@on_cluster
def list_tags(
    where: Where,
    datasource: Datasource,
    *,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="table|json|yaml|name", help="The form.")
    ] = "table",
) -> int:
    """List the tags of a Datasource, the newest first."""
    from curation_client.cli.tagging import list_tags as do
    from curation_client.cli.tagging import selections_of
    from curation_client.cli.terminal import Terminal

    do(selections_of(datasource, where), output, Terminal())
    return 0


@on_cluster
def create_tag(
    where: Where,
    datasource: Datasource,
    tag: Tag,
    *,
    filename: Annotated[
        str, typer.Option("-f", "--filename", help="A file with one sample a line; - is stdin.")
    ],
    parent: Annotated[
        str | None, typer.Option(help="The tag it descends from.  [default: initial-tag]")
    ] = None,
) -> int:
    """Make a tag of samples that you name."""
    from curation_client.cli.tagging import create_tag as do
    from curation_client.cli.tagging import selections_of
    from curation_client.cli.terminal import Terminal

    do(selections_of(datasource, where), tag, filename, parent, Terminal())
    return 0


@on_cluster
def combine_tags(
    where: Where,
    datasource: Datasource,
    first: Tag,
    operation: Annotated[str, typer.Argument(metavar="union|intersection|difference")],
    second: Tag,
    new_tag: Annotated[str, typer.Argument(metavar="NEW-TAG", help="What the result is called.")],
) -> int:
    """Make a tag of two: all of both, what is in both, or the first less the other."""
    from curation_client.cli.tagging import combine_tags as do
    from curation_client.cli.tagging import selections_of
    from curation_client.cli.terminal import Terminal

    do(selections_of(datasource, where), first, operation, second, new_tag, Terminal())
    return 0


@on_cluster
def rename_tag(where: Where, datasource: Datasource, tag: Tag, new_name: str) -> int:
    """Call a tag by another name."""
    from curation_client.cli.tagging import selections_of
    from curation_client.cli.terminal import Terminal

    tags = selections_of(datasource, where).tags
    tags.rename(tags.by_name(tag), new_name)
    Terminal().say([f"tag {new_name} renamed"])
    return 0


@on_cluster
def delete_tag(where: Where, datasource: Datasource, tag: Tag) -> int:
    """Remove a tag from which no other descends. No sample is removed."""
    from curation_client.cli.tagging import selections_of
    from curation_client.cli.terminal import Terminal

    tags = selections_of(datasource, where).tags
    tags.delete(tags.by_name(tag))
    Terminal().say([f"tag {tag} deleted"])
    return 0


@on_cluster
def export(
    where: Where,
    datasource: Datasource,
    tag: Annotated[
        str, typer.Argument(metavar="[TAG]", help="The tag by name.", show_default=True)
    ] = "initial-tag",
    *,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="filenames|read-urls|label-studio|labelbox|labelbox-v3|sama",
            help="For whom it is.",
        ),
    ] = "filenames",
    download: Annotated[
        Path | None, typer.Option(help="Instead: write the files themselves below this folder.")
    ] = None,
) -> int:
    """Print the samples of a tag, for people or for a tool that labels."""
    from curation_client.cli.tagging import export as do
    from curation_client.cli.tagging import selections_of
    from curation_client.cli.terminal import Terminal

    return do(selections_of(datasource, where), tag, form, download, Terminal())
