"""`python -m curation_job`: the worker's commands."""

import argparse
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curation_job.settings import WorkerSettings


def main() -> int:
    """Carry out a command and return its exit code."""
    parser = argparse.ArgumentParser(prog="curation_job", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    _add_run(commands.add_parser("run", help="do a run, or one stage of it"))
    _add_probe(commands.add_parser("probe", help="find out what may be done with two places"))
    arguments = parser.parse_args()
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s"
    )
    return int(arguments.carry_out(arguments))


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(carry_out=_run)
    parser.add_argument("--config", type=Path, required=True, help="what the run is told, as JSON")
    parser.add_argument("--stage", default="run", help="prepare, train, embed, select, or run: all")
    parser.add_argument("--shard", type=int, help="which part of a run that is split up")
    parser.add_argument(
        "--progress-lines", action="store_true", help="print progress as JSON lines"
    )
    _add_paths(parser)
    parser.add_argument("--scratch", type=Path, help="folder for temporary files")
    parser.add_argument("--port", type=int, help="port of /progress and /metrics; 0 is any")


def _add_probe(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(carry_out=_probe)
    parser.add_argument("--config", type=Path, required=True, help="spec of a Datasource, as JSON")
    _add_paths(parser)


def _add_paths(parser: argparse.ArgumentParser) -> None:
    for option, meaning in {
        "input-secrets": "folder with the keys to the raw files",
        "lightly-secrets": "folder with the keys to the place for results",
        "volumes": "folder whose sub-folders are the volumes",
        "termination-log": "file for the last words",
    }.items():
        parser.add_argument(f"--{option}", type=Path, help=meaning)


def _settings(arguments: argparse.Namespace) -> "WorkerSettings":
    """The environment, with options of the command line before it."""
    from curation_job.settings import WorkerSettings

    given = {
        name: value
        for name in WorkerSettings.model_fields
        if (value := getattr(arguments, name, None)) is not None
    }
    return WorkerSettings(**given)


def _probe(arguments: argparse.Namespace) -> int:
    from curation_job.probe.command import probe

    return probe(arguments.config, _settings(arguments))


def _run(arguments: argparse.Namespace) -> int:
    from curation_api.states import Stage
    from curation_job.running import RunRequest, run

    settings = _settings(arguments)
    return run(
        RunRequest(
            config=arguments.config,
            stage=Stage(arguments.stage),
            shard=settings.shard or 0,
            settings=settings,
            progress_lines=arguments.progress_lines,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
