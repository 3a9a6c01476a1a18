"""Which tests show which numbered requirement, read from the `covers` marks in the test files."""

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
REQUIREMENTS = Path(__file__).parent / "requirements.tsv"

# Written by the last test run: how each test ended.
OUTCOMES = ROOT / ".cache/outcomes.json"

GROUPS = {"R": "Worker", "C": "Client", "P": "Platform", "L": "Command line"}


@dataclass(frozen=True, slots=True)
class Requirement:
    """A numbered promise and the tests that show it."""

    number: str
    text: str
    tests: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """The letter before the number."""
        return self.number[0]


class UnknownRequirement(Exception):  # noqa: N818  says what the number is
    """A test claims to show something that nobody asked for."""


def requirements(*, believing: Path | None = None) -> list[Requirement]:
    """Every requirement with its tests; with a file of outcomes, only tests that passed count."""
    rows = [line.split("\t") for line in REQUIREMENTS.read_text().splitlines()]
    row_of = {number: cell for cell, _ in rows for number in cell.split()}
    failed = _not_passed(believing) if believing else frozenset()
    tests: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        file = str(path.relative_to(ROOT))
        for name, numbers in _claims(path):
            test = f"{file}::{name}"
            for number in numbers:
                if number not in row_of:
                    raise UnknownRequirement(f"{test} covers {number}, which does not exist")
                if test not in failed:
                    tests.setdefault(row_of[number], []).append(test)
    return [Requirement(cell, text, tuple(tests.get(cell, ()))) for cell, text in rows]


def _not_passed(outcomes: Path) -> frozenset[str]:
    ended = json.loads(outcomes.read_text()) if outcomes.exists() else {}
    return frozenset(test for test, outcome in ended.items() if outcome != "passed")


def _claims(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The tests of a file that say something, with the numbers they claim."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return _claims_in(tree.body, prefix="", inherited=_module_marks(tree))


def _claims_in(
    body: list[ast.stmt], *, prefix: str, inherited: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            numbers = (*inherited, *_marks(node.decorator_list))
            if not _is_skipped(node.decorator_list):
                yield from _claims_in(node.body, prefix=f"{node.name}::", inherited=numbers)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            numbers = (*inherited, *_marks(node.decorator_list))
            is_test = node.name.startswith("test_") and not _is_empty(node)
            if is_test and numbers and not _is_skipped(node.decorator_list):
                yield f"{prefix}{node.name}", numbers


def _module_marks(tree: ast.Module) -> tuple[str, ...]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
            marks = node.value.elts if isinstance(node.value, ast.List) else [node.value]
            return _marks(marks)
    return ()


def _marks(decorators: list[ast.expr]) -> tuple[str, ...]:
    return tuple(
        str(argument.value)
        for mark in decorators
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.covers"
        for argument in mark.args
        if isinstance(argument, ast.Constant)
    )


def _is_skipped(decorators: list[ast.expr]) -> bool:
    return any(
        ast.unparse(mark.func if isinstance(mark, ast.Call) else mark)
        in {"pytest.mark.skip", "pytest.mark.xfail"}
        for mark in decorators
    )


def _is_empty(test: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Nothing but a docstring, `pass` or dots."""
    return all(
        isinstance(node, ast.Pass)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in test.body
    )
