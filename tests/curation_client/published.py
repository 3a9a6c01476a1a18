"""The published client of the discontinued product, read without being installed or imported."""

import ast
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.cache import cache_root

VERSION = "1.5.26"
CLASS = "ApiWorkflowClient"


class NotThereError(Exception):
    """It cannot be downloaded here."""


@dataclass(frozen=True)
class Method:
    """A public method, and its arguments in order with whether they may be left out."""

    name: str
    arguments: tuple[tuple[str, bool], ...]
    is_property: bool


def published_methods() -> dict[str, Method]:
    """Every public method of the class, also those of what it is composed of."""
    with zipfile.ZipFile(_wheel()) as wheel:
        names = [name for name in wheel.namelist() if name.startswith("lightly/api/api_workflow_")]
        trees = [ast.parse(wheel.read(name)) for name in names]
    classes = {
        node.name: node for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)
    }
    return {method.name: method for method in _methods(classes[CLASS], classes)}


def _methods(of: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> Iterator[Method]:
    for base in of.bases:
        if isinstance(base, ast.Name) and base.id in classes:
            yield from _methods(classes[base.id], classes)
    for node in of.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
            if any(decorator.endswith(".setter") for decorator in decorators):
                continue
            yield Method(node.name, _arguments(node.args), "property" in decorators)


def _arguments(arguments: ast.arguments) -> tuple[tuple[str, bool], ...]:
    names = [argument.arg for argument in arguments.args if argument.arg != "self"]
    optional = len(arguments.defaults)
    return tuple((name, place >= len(names) - optional) for place, name in enumerate(names))


def _wheel() -> Path:
    folder = cache_root() / "published"
    found = folder / f"lightly-{VERSION}-py3-none-any.whl"
    if not found.exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        asked = [*command, f"--dest={folder}", f"lightly=={VERSION}"]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NotThereError(f"lightly {VERSION} cannot be downloaded: {done.stderr[-300:]}")
    return found
