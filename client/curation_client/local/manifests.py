"""Reads manifests as kubectl does, and tells what is wrong with all of them at once."""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError
from yaml.parser import ParserError
from yaml.scanner import ScannerError

from curation_api import CurationRun, Datasource, problems_in
from curation_api.problems import InvalidConfigurationError
from curation_api.resource import Resource

Kind = TypeVar("Kind", bound=Resource)

SECRET_KEY = re.compile(r"(?!\.\.|\.$)[-._a-zA-Z0-9]+")


@dataclass(frozen=True, slots=True)
class Manifests:
    """What the files hold."""

    datasources: dict[str, Datasource] = field(default_factory=dict)
    runs: list[CurationRun] = field(default_factory=list)
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)

    def add_datasource(self, source: Datasource, where: str, problems: list[str]) -> None:
        """Take a Datasource in, unless there is one of its name."""
        name = str(source.metadata.name)
        if name in self.datasources:
            problems.append(f"{where}: there are two Datasources {name!r}")
        self.datasources[name] = source

    def add_run(self, run: CurationRun, where: str, problems: list[str]) -> None:
        """Take a run in, unless there is one of its name."""
        name = run.metadata.name
        if any(other.metadata.name == name for other in self.runs):
            problems.append(f"{where}: there are two CurationRuns {name!r}")
        self.runs.append(run)

    def datasource_of(self, run: CurationRun) -> Datasource:
        """The Datasource that a run names."""
        wanted = run.spec.datasource_ref.name
        if wanted not in self.datasources:
            known = ", ".join(sorted(self.datasources)) or "none"
            raise InvalidConfigurationError(
                f"CurationRun {run.metadata.name!r} chooses from Datasource {wanted!r},"
                f" which is in none of the files (there: {known})",
                fix=f"Add a file with Datasource {wanted!r}, or correct spec.datasourceRef.name",
            )
        return self.datasources[wanted]


def read_manifests(paths: Iterable[Path]) -> Manifests:
    """Every Datasource, CurationRun and Secret in the files and folders; others are passed over."""
    manifests = Manifests()
    problems: list[str] = []
    for path in _files(paths):
        for number, document in enumerate(_documents(path), start=1):
            where = f"{path} (document {number})"
            match document.get("kind") if isinstance(document, Mapping) else None:
                case "Datasource":
                    if source := _validated(Datasource, document, where, problems):
                        manifests.add_datasource(source, where, problems)
                case "CurationRun":
                    if run := _validated(CurationRun, document, where, problems):
                        manifests.add_run(run, where, problems)
                case "Secret":
                    name = str((document.get("metadata") or {}).get("name", ""))
                    manifests.secrets[name] = _secret(document, where)
                case None:
                    problems.append(f"{where}: this is no Kubernetes object, it has no kind")
                case _:
                    pass
    if problems:
        raise InvalidConfigurationError(
            "\n".join(problems), fix="Correct these lines; `kubectl explain` knows every field"
        )
    return manifests


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            found = sorted(p for p in path.iterdir() if p.suffix in {".yaml", ".yml", ".json"})
            if not found:
                raise InvalidConfigurationError(
                    f"The folder {path} has no manifests", fix="Name a .yaml or .json file"
                )
            yield from found
        elif path.is_file():
            yield path
        else:
            raise InvalidConfigurationError(
                f"There is no file {path}", fix="Correct the path after -f"
            )


def _documents(path: Path) -> list[Any]:
    try:
        return [part for part in yaml.safe_load_all(path.read_text("utf-8")) if part is not None]
    except OSError as error:
        raise InvalidConfigurationError(
            f"{path} cannot be read: {error.strerror}", fix="Allow yourself to read it"
        ) from error
    except (yaml.YAMLError, ValueError) as error:
        raise InvalidConfigurationError(
            f"{path} is no valid YAML: {_in_words(error)}",
            fix="Correct this place; indentation by tabs is a frequent cause",
        ) from None


def _in_words(error: yaml.YAMLError | ValueError) -> str:
    """Where the text is wrong, and how; none of the text itself, which may be a secret."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return " ".join(str(error).split())
    place = f"line {error.problem_mark.line + 1}, column {error.problem_mark.column + 1}"
    if isinstance(error, ScannerError | ParserError):
        return f"{place}: {error.problem}"
    return f"{place}: an alias, a tag or a key that means nothing"


def _validated(
    kind: type[Kind], document: Mapping[str, Any], where: str, problems: list[str]
) -> Kind | None:
    try:
        resource = kind.model_validate(document)
    except ValidationError as error:
        problems += [f"{where}: {problem}" for problem in problems_in(error)]
        return None
    if resource.metadata.name is None:
        problems.append(f"{where}: metadata.name: is required without a cluster")
        return None
    return resource


def _secret(document: Mapping[str, Any], where: str) -> dict[str, str]:
    """The values of a Secret; `data` is base64, `stringData` is plain."""
    encoded, plain = document.get("data") or {}, document.get("stringData") or {}
    for key, value in [*encoded.items(), *plain.items()]:
        if not SECRET_KEY.fullmatch(str(key)) or not isinstance(value, str):
            raise InvalidConfigurationError(
                f"{where}: {key!r} is no key of a Secret, or its value is no text",
                fix="Use letters, digits, '-', '_' and '.' for keys, and put values in quotes",
            )
    try:
        decoded = {
            key: base64.b64decode(value, validate=True).decode() for key, value in encoded.items()
        }
    except (binascii.Error, ValueError, TypeError):
        # Not even a part of the value may be shown.
        raise InvalidConfigurationError(
            f"{where}: a value under data is not base64",
            fix="Encode it, or write it plainly under stringData",
        ) from None
    return {**decoded, **plain}
