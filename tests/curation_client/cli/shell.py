"""`curate` in a test: what it is told, what it says, and how it ends."""

from dataclasses import dataclass, field
from pathlib import Path

from typer.testing import CliRunner

from curation_client.cli.app import app


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    exit_code: int
    out: str
    err: str


@dataclass(frozen=True)
class Shell:
    """Somebody who types commands, with a cluster at hand."""

    kubeconfig: Path
    namespace: str
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, stdin: str | None = None) -> Ended:
        """Carry out a command on the cluster."""
        where = ("--kubeconfig", str(self.kubeconfig), "--namespace", self.namespace)
        return curate(*arguments, *where, stdin=stdin, environment=self.environment)


def curate(
    *arguments: str, stdin: str | None = None, environment: dict[str, str] | None = None
) -> Ended:
    """Carry out a command in this process."""
    result = CliRunner().invoke(app, arguments, input=stdin, env=environment)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ended(result.exit_code, result.stdout, result.stderr)
