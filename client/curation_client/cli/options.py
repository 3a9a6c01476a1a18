"""What the verbs have in common: which cluster is meant, and how a mistake is told."""

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from curation_client.cluster.access import Access
    from curation_client.cluster.api_server import ApiServer

INTERRUPTED = 130  # as a shell calls a program that Ctrl-C has ended

Namespace = Annotated[
    str | None, typer.Option("-n", "--namespace", help="The namespace that is meant.")
]
Context = Annotated[str | None, typer.Option(help="The context of the kubeconfig.")]
Kubeconfig = Annotated[Path | None, typer.Option(help="Another kubeconfig.", show_default=False)]
RunDirectory = Annotated[
    Path | None,
    typer.Option(help="The folder of a run, such as `curate run --local` names; no cluster."),
]


def run_names(incomplete: str) -> list[str]:
    """The names of runs, for a shell that completes one."""
    from curation_client.cli.completing import run_names as ask

    return ask(incomplete)


def datasource_names(incomplete: str) -> list[str]:
    """The names of Datasources, for a shell that completes one."""
    from curation_client.cli.completing import datasource_names as ask

    return ask(incomplete)


_OPTIONS = {"namespace": Namespace, "context": Context, "kubeconfig": Kubeconfig}


@dataclass(frozen=True, slots=True)
class Where:
    """Which cluster is meant, as far as the command line says it."""

    namespace: str | None = None
    context: str | None = None
    kubeconfig: Path | None = None

    def access(self) -> "Access":
        """The same; the rest is said by the environment and the kubeconfig."""
        from curation_client.cluster.access import Access

        kubeconfig = None if self.kubeconfig is None else str(self.kubeconfig)
        return Access(namespace=self.namespace, context=self.context, kubeconfig=kubeconfig)

    def server(self) -> "ApiServer":
        """The API server."""
        from curation_client.cluster.api_server import ApiServer

        return ApiServer(self.access())


def on_cluster(verb: Callable[..., int]) -> Callable[..., None]:
    """The verb with the options that say which cluster is meant; it is given them as `where`.

    What it returns is the exit code. A problem is told in sentences, whatever else is a bug.
    """

    @wraps(verb)
    def command(**given: Any) -> None:
        where = Where(**{name: given.pop(name) for name in _OPTIONS})
        raise typer.Exit(carried_out(lambda: verb(where=where, **given)))

    asked = inspect.signature(verb)
    others = [parameter for name, parameter in asked.parameters.items() if name != "where"]
    common = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=option)
        for name, option in _OPTIONS.items()
    ]
    command.__signature__ = asked.replace(  # type: ignore[attr-defined]
        parameters=[*others, *common], return_annotation=None
    )
    command.__annotations__ = {}
    return command


def carried_out(action: Callable[[], int]) -> int:
    """The exit code of what was asked for; a problem of the user is printed instead of a trace."""
    from curation_api import CurationError
    from curation_client.local.summary import complain

    try:
        return action()
    except CurationError as error:
        return complain(error, sys.stderr)
    except KeyboardInterrupt:
        return INTERRUPTED
