"""Carries out `curate convert`: configurations of the documented client become manifests."""

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import yaml
from pydantic import ValidationError

from curation_api import CurationError, CurationRun, ExitCode, problems_in
from curation_api.problems import InvalidConfigurationError
from curation_client.local.quick import slug
from curation_client.local.summary import complain

SCHEDULE = "schedule_compute_worker_run"

# What the documented call takes, and where it goes in a spec.
FIELDS = {
    "worker_config": "workerConfig",
    "lightly_config": "lightlyConfig",
    "selection_config": "selectionConfig",
    "priority": "priority",
    "runs_on": "runsOn",
}


@dataclass(frozen=True, slots=True)
class ConvertRequest:
    """What was asked for on the command line."""

    file: Path
    datasource: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The arguments of one run, and where they were found."""

    where: str
    arguments: Mapping[str, Any]


def convert(request: ConvertRequest, out: TextIO, err: TextIO) -> int:
    """Print a manifest for each run that the file schedules."""
    try:
        runs = [*_runs(request)]
    except CurationError as error:
        return complain(error, err)
    out.write(yaml.safe_dump_all([run.manifest() for run in runs], sort_keys=False))
    return ExitCode.OK


def _runs(request: ConvertRequest) -> Iterator[CurationRun]:
    found = _found(request.file)
    name = request.name or slug(request.file.stem)
    for number, one in enumerate(found, start=1):
        spec = {FIELDS[key]: value for key, value in one.arguments.items() if value is not None}
        manifest = {
            "metadata": {"name": name if len(found) == 1 else f"{name}-{number}"},
            "spec": {"datasourceRef": {"name": request.datasource}, **spec},
        }
        try:
            yield CurationRun.model_validate(manifest)
        except ValidationError as error:
            raise InvalidConfigurationError(
                "\n".join(f"{one.where}: {problem}" for problem in problems_in(error)),
                fix="Correct these lines",
            ) from error


def _found(file: Path) -> list[Found]:
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidConfigurationError(
            f"{file} cannot be read: {error}", fix="Name a JSON or Python file"
        ) from error
    found = _in_json(file, text) if file.suffix == ".json" else _in_python(file, text)
    if not found:
        raise InvalidConfigurationError(
            f"{file} configures no run",
            fix=f"Name a file that calls {SCHEDULE}(…), or that sets {', '.join(FIELDS)}",
        )
    return found


def _in_json(file: Path, text: str) -> list[Found]:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise InvalidConfigurationError(
            f"{file} is no valid JSON: {error}", fix="Correct this place"
        ) from error
    if not isinstance(content, dict) or not content.keys() & FIELDS.keys():
        return []
    unknown = sorted(content.keys() - FIELDS.keys())
    if unknown:
        raise InvalidConfigurationError(
            f"{file}: {unknown[0]!r} is no part of a run", fix=f"Use {', '.join(FIELDS)}"
        )
    return [Found(str(file), content)]


def _in_python(file: Path, text: str) -> list[Found]:
    """What the file says, without running it."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise InvalidConfigurationError(
            f"{file} is no valid Python: {error}", fix="Correct this place"
        ) from error
    values = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == SCHEDULE
    ]
    found = [
        Found(f"{file}, line {call.lineno}", _arguments(file, call, values))
        for call in sorted(calls, key=lambda call: call.lineno)
    ]
    if not calls and values.keys() & FIELDS.keys():
        known = {key: values[key] for key in FIELDS if key in values}
        found = [Found(str(file), {k: _literal(file, k, v, values) for k, v in known.items()})]
    return found


def _arguments(file: Path, call: ast.Call, values: Mapping[str, ast.expr]) -> dict[str, Any]:
    given = dict(zip(FIELDS, call.args, strict=False))
    given.update({keyword.arg: keyword.value for keyword in call.keywords if keyword.arg in FIELDS})
    return {key: _literal(file, key, value, values) for key, value in given.items()}


def _literal(file: Path, key: str, value: ast.expr, values: Mapping[str, ast.expr]) -> Any:
    if isinstance(value, ast.Name) and value.id in values:
        value = values[value.id]
    if isinstance(value, ast.Attribute):
        return value.attr  # a member of an enum, such as CreateDockerWorkerRegistryEntry.HIGH
    try:
        return ast.literal_eval(value)
    except (ValueError, TypeError) as error:
        raise InvalidConfigurationError(
            f"{file}, line {value.lineno}: {key} is computed, and nothing here runs your code",
            fix=f"Print it as JSON, and convert that: {{{key!r}: …}}",
        ) from error
