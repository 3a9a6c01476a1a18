"""Reads the fenced blocks of our pages, each with what has to be true of it."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(?P<language>[a-z-]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Snippet:
    """A fenced block of a page."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        """Where it stands, as an id of a test."""
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """Every page for readers; generated reference pages have no snippets of their own."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def snippets(*languages: str) -> list[Snippet]:
    """The blocks in these languages; without any, all blocks."""
    found = []
    for path in pages():
        text = path.read_text(encoding="utf-8")
        for block in FENCE.finditer(text):
            if not languages or block["language"] in languages:
                line = text.count("\n", 0, block.start()) + 1
                page = str(path.relative_to(ROOT))
                found.append(Snippet(page, line, block["language"], block["text"]))
    return found
