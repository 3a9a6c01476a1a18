"""`make sizes`: the largest files and functions, to look at, not to fail on."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("api", "storage", "client", "operator", "job_image", "tools", "tests", "benchmarks")
SHOWN = 15


def main() -> None:
    """Print the longest of each."""
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    print("lines  file")
    for lines, name in sorted(map(_file, files), reverse=True)[:SHOWN]:
        print(f"{lines:5}  {name}")
    print("\nlines  function")
    functions = [function for path in files for function in _functions(path)]
    for lines, name in sorted(functions, reverse=True)[:SHOWN]:
        print(f"{lines:5}  {name}")


def _file(path: Path) -> tuple[int, str]:
    return len(path.read_text(encoding="utf-8").splitlines()), str(path.relative_to(ROOT))


def _functions(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            yield lines, f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"


if __name__ == "__main__":
    main()
