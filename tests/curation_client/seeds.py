"""The Python that the documentation of the discontinued product prints, ready to run here.

Nothing is changed but what a user has to change: import lines, names, keys, addresses. Errors of
the documents themselves are corrected, each by name.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_IMPORTS = (
    (re.compile(r"\blightly\.openapi_generated\.swagger_client\b"), "curation_client"),
    (re.compile(r"\blightly\.api\b"), "curation_client"),
)

# What is printed there and is no Python, or names what is not there.
_ERRATA = {
    "region='eu-central-1'\n    access_key": "region='eu-central-1',\n    access_key",
    'client.get_shared_users(dataset_id="MY_DATASET_ID")\nprint': (
        'users = client.get_shared_users(dataset_id="MY_DATASET_ID")\nprint'
    ),
}


@dataclass(frozen=True)
class Snippet:
    """A block of Python of one of the documents."""

    document: str
    line: int
    code: str

    def filled_in(self, values: Mapping[str, str]) -> str:
        """With today's import lines and with a user's own names and keys."""
        code = self.code
        for pattern, ours in _IMPORTS:
            code = pattern.sub(ours, code)
        for wrong, right in _ERRATA.items():
            code = code.replace(wrong, right)
        for placeholder, value in values.items():
            code = code.replace(placeholder, value)
        return code


def snippets() -> dict[tuple[str, int], Snippet]:
    """All of them, by document and line."""
    path = Path(__file__).with_name("seed_snippets.json")
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return {
        (row["document"], row["line"]): Snippet(
            row["document"], row["line"], "\n".join(row["code"]) + "\n"
        )
        for row in rows
    }


class Script:
    """A document that is followed from its beginning, in one Python session."""

    def __init__(self, document: str, values: dict[str, str]) -> None:
        self._document, self.values = document, values
        self._snippets = snippets()
        self.variables: dict[str, Any] = {}
        self.done: set[tuple[str, int]] = set()

    def run(self, *lines: int) -> None:
        """Run the blocks that stand at these lines."""
        for line in lines:
            snippet = self._snippets[self._document, line]
            code = compile(snippet.filled_in(self.values), f"{self._document}:{line}", "exec")
            exec(code, self.variables)  # noqa: S102  what users would type
            self.done.add((self._document, line))
