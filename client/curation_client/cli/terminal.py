"""Where a verb writes: data to stdout, remarks to stderr, with colour where a person looks.

Lines are made by pure functions, without any colour; it is put on here, on a terminal only, and
never with NO_COLOR.
"""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol, TextIO

from curation_api.problems import InvalidConfigurationError

# A word that tells how something stands, by the colour in which it is shown.
_STYLES = {
    "green": r"\b(Completed|Ready|selected(?= at rank))\b",
    "yellow": r"\b(Pending|Queued|Suspended|Aborted)\b",
    "red": r"\b(Failed|Crashed|cannot be used|not selected)\b",
    "cyan": r"\bRunning\b",
    "bold": r"^(To fix it:|[A-Z][A-Z ]+$)",
}


TEXT_FORMS = ("text", "json", "yaml")


class Answer(Protocol):
    """Something that people and programs can read."""

    def lines(self) -> Iterable[str]:
        """For people."""

    def as_json(self) -> dict[str, Any]:
        """For programs."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """The two streams of a command."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)

    def say(self, lines: Iterable[str]) -> None:
        """The answer."""
        _write(self.out, lines)

    def remark(self, line: str) -> None:
        """Something beside the answer."""
        _write(self.err, [line])

    def answer(self, answer: Answer, form: str) -> None:
        """The answer in one of the `TEXT_FORMS`."""
        if form == "text":
            self.say(answer.lines())
        else:
            self.dump(answer.as_json(), form)

    def dump(self, data: Any, form: str) -> None:
        """Data for programs, as json or yaml."""
        if form == "json":
            self.say([json.dumps(data, indent=2, ensure_ascii=False)])
        else:
            import yaml

            text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
            self.say(text.rstrip("\n").splitlines())


def _write(stream: TextIO, lines: Iterable[str]) -> None:
    if not stream.isatty():
        for line in lines:
            print(line, file=stream, flush=True)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=stream, highlight=False)
    for line in lines:
        text = Text(line)
        for style, pattern in _STYLES.items():
            text.highlight_regex(pattern, style)
        console.print(text, soft_wrap=True)


def check_form(form: str, possible: tuple[str, ...]) -> None:
    """Refuse an output form that this verb does not have."""
    if form not in possible:
        raise InvalidConfigurationError(
            f"-o {form} is not possible here", fix=f"Choose {', '.join(possible)}"
        )
