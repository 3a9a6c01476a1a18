"""Executes a notebook as Jupyter would, without Jupyter: `python notebooks.py FILE`.

A process of its own, so that a test can give it an environment. The notebook with its outputs goes
to standard output.
"""

import ast
import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

Cell = dict[str, Any]


def executed(notebook: dict[str, Any]) -> dict[str, Any]:
    """The notebook with the outputs of its cells."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(_code_of(notebook), start=1):
        cell["execution_count"] = number
        cell["outputs"] = list(_execute("".join(cell["source"]), names, number))
    return notebook


def _code_of(notebook: dict[str, Any]) -> list[Cell]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def _execute(source: str, names: dict[str, Any], number: int) -> list[Cell]:
    """What a cell prints, and the value of its last line."""
    *body, last = ast.parse(source).body
    value, printed = None, io.StringIO()
    with contextlib.redirect_stdout(printed):
        if isinstance(last, ast.Expr):
            exec(compile(ast.Module(body, []), "<cell>", "exec"), names)  # noqa: S102
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)  # noqa: S307
        else:
            exec(compile(ast.Module([*body, last], []), "<cell>", "exec"), names)  # noqa: S102
    outputs: list[Cell] = []
    if printed.getvalue():
        text = printed.getvalue().splitlines(keepends=True)
        outputs.append({"output_type": "stream", "name": "stdout", "text": text})
    if value is not None:
        outputs.append(
            {
                "output_type": "execute_result",
                "execution_count": number,
                "metadata": {},
                "data": _shown(value),
            }
        )
    return outputs


def _shown(value: Any) -> dict[str, list[str]]:
    shown = {"text/plain": repr(value).splitlines(keepends=True)}
    if hasattr(value, "_repr_html_"):
        shown["text/html"] = value._repr_html_().splitlines(keepends=True)
    return shown


if __name__ == "__main__":
    sys.stdout.write(
        json.dumps(executed(json.loads(Path(sys.argv[1]).read_text("utf-8"))), indent=1) + "\n"
    )
