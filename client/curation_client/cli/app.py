"""The verbs of `curate` and their options."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from curation_client.cli.cluster_verbs import add_verbs as add_cluster_verbs
from curation_client.cli.result_verbs import add_verbs as add_result_verbs

app = typer.Typer(
    name="curate",
    help="Choose the images and video frames worth labelling.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def curate() -> None:
    """Choose the images and video frames worth labelling."""


Manifests = Annotated[
    list[Path] | None,
    typer.Option("-f", "--filename", help="A manifest, as for kubectl apply. May be repeated."),
]


@app.command()
def run(
    *,
    local: Annotated[
        bool, typer.Option("--local", help="Run on this machine, with folders as buckets.")
    ] = False,
    filename: Manifests = None,
    volumes: Annotated[
        Path, typer.Option(help="Where claim NAME is the folder NAME.", show_default=True)
    ] = Path("volumes"),
    input_: Annotated[
        Path | None, typer.Option("--input", help="A folder of images or videos; no YAML needed.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="With --input: the folder for everything derived.  [default: curated]"),
    ] = None,
    n_samples: Annotated[int | None, typer.Option(help="With --input: how many to select.")] = None,
    min_distance: Annotated[
        float | None, typer.Option(help="With --input: keep no two samples closer than this.")
    ] = None,
    train: Annotated[
        int | None, typer.Option(metavar="EPOCHS", help="With --input: train the network first.")
    ] = None,
    untrained: Annotated[
        bool,
        typer.Option(
            "--untrained", help="With --input: use a seeded network without trained weights."
        ),
    ] = False,
    name: Annotated[str | None, typer.Option(help="With --input: the name of the run.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only print the manifests, as YAML.")
    ] = False,
    output_format: Annotated[
        str | None,
        typer.Option(
            "-o", metavar="text|json|yaml", help="How to print the result.  [default: text]"
        ),
    ] = None,
) -> None:
    """Select samples: with --local on this machine, from manifests or from a folder."""
    from curation_client.local.command import LocalRequest, run_locally
    from curation_client.local.quick import OUTPUT_FOLDER, QuickRequest

    options = (output, n_samples, min_distance, train, name)
    if input_ is None and (untrained or any(option is not None for option in options)):
        raise typer.BadParameter("Options for a folder need --input; manifests say it themselves.")
    quick = (
        None
        if input_ is None
        else QuickRequest(
            input_folder=input_,
            output_folder=output or OUTPUT_FOLDER,
            n_samples=n_samples,
            min_distance=min_distance,
            train_epochs=train,
            untrained=untrained,
            name=name,
        )
    )
    request = LocalRequest(
        is_local=local,
        manifests=tuple(filename or ()),
        volumes=volumes,
        quick=quick,
        dry_run=dry_run,
        output_format=output_format or ("yaml" if dry_run else "text"),
    )
    raise typer.Exit(run_locally(request, sys.stdout, sys.stderr))


@app.command()
def validate(
    filename: Annotated[
        list[Path],
        typer.Option("-f", "--filename", help="A manifest, or a folder of them. May be repeated."),
    ],
) -> None:
    """Say what is wrong with manifests, all of it at once, without a cluster."""
    from curation_client.validating import validate as say

    raise typer.Exit(say(filename, sys.stdout, sys.stderr))


@app.command()
def convert(
    file: Annotated[
        Path, typer.Argument(help="Python that schedules runs, or their configurations as JSON.")
    ],
    datasource: Annotated[str, typer.Option(help="The Datasource to choose from.")],
    name: Annotated[
        str | None, typer.Option(help="The name of the run.  [default: that of the file]")
    ] = None,
) -> None:
    """Turn configurations of the documented client into manifests. Your code is not run."""
    from curation_client.converting import ConvertRequest
    from curation_client.converting import convert as do

    raise typer.Exit(do(ConvertRequest(file, datasource, name), sys.stdout, sys.stderr))


@app.command()
def completion(
    shell: Annotated[str, typer.Argument(metavar="bash|zsh|fish|powershell")],
) -> None:
    """Print what lets a shell complete this command: source <(curate completion bash)."""
    from typer._completion_shared import get_completion_script

    if shell not in {"bash", "zsh", "fish", "powershell"}:
        raise typer.BadParameter(f"{shell} is no shell that can be helped")
    script = get_completion_script(prog_name="curate", complete_var="_CURATE_COMPLETE", shell=shell)
    typer.echo(script)


add_cluster_verbs(app)
add_result_verbs(app)


def main() -> None:
    """The entry point of the command, also as a plugin of kubectl."""
    called = Path(sys.argv[0]).name
    app(prog_name="kubectl curation" if called == "kubectl-curation" else "curate")
