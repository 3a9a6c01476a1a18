"""Lists of relevant filenames: which of the raw files a run looks at.

A line names one file, or all files that start with a prefix: `PREFIX* PATTERN …`. The patterns are
those of gitignore and leave files out again. Lines know nothing of each other; their union counts.
"""

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import AnyStr

from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from curation_api.fields import has_dot_parts
from curation_api.names import DERIVED
from curation_api.problems import InvalidConfigurationError
from curation_storage.errors import NotFoundError
from curation_storage.port import Readable

logger = logging.getLogger(__name__)

# Enough to see what is wrong with a list; its other lines are most likely of the same kind.
REMARKS_SHOWN = 20
FOLDERS_REMEMBERED = 64

_FIRST_WORD = re.compile(r"^\S*")


class _Pattern(GitIgnoreSpecPattern):
    """A pattern for one file or folder; pathspec's own are for a folder and all that is in it."""

    @classmethod
    def pattern_to_regex(cls, pattern: AnyStr) -> tuple[AnyStr | None, bool | None]:
        """The pattern as a regular expression, and whether it ignores."""
        if isinstance(pattern, str) and pattern.endswith("/**/"):
            pattern += "*/"  # every folder below; to pathspec it would be every file as well
        regex, ignores = super().pattern_to_regex(pattern)
        if isinstance(regex, str):
            # A folder ends here; the content of one does not include itself; and where gitignore
            # has no wildcard that matches a slash, `[!a]` must not either.
            regex = regex.replace("(?P<ps_d>/)", "/$").replace("[^", "[^/")
            regex = f"{regex}." if regex.endswith("/") else regex
        return regex, ignores


class Rule:
    """A line with a star: everything that starts with the prefix, but for what is ignored."""

    def __init__(self, prefix: str, patterns: Iterable[str] = ()) -> None:
        self.prefix = prefix
        self._latest_first = [
            (compiled.regex, bool(compiled.include))
            for compiled in map(_Pattern, patterns)
            if compiled.regex is not None
        ][::-1]
        # The files of a folder come one after another, and all ask for it.
        self._ignores_folder = lru_cache(FOLDERS_REMEMBERED)(self._ignores)

    def keeps(self, name: str) -> bool:
        """Whether a name that starts with the prefix is relevant."""
        return not self._latest_first or not self._ignores(name)

    def _ignores(self, path: str) -> bool:
        """As git does: what is in an ignored folder is ignored, whatever a later pattern says."""
        folder = path.rstrip("/").rpartition("/")[0]
        if folder and self._ignores_folder(f"{folder}/"):
            return True
        return next((yes for regex, yes in self._latest_first if regex.search(path)), False)


@dataclass(frozen=True, slots=True)
class RelevantFilenames:
    """What a list says."""

    names: frozenset[str]
    """Files that are named one by one; they count even if they are not there."""
    rules: tuple[Rule, ...]
    remarks: tuple[str, ...]
    """The lines that were passed over, and why."""


def read_relevant_filenames(lightly: Readable, path: str) -> RelevantFilenames:
    """Read a list from the place where everything derived is."""
    whole = f"{lightly.location}{path}"
    if not path.startswith(f"{DERIVED}/") or has_dot_parts(path):
        raise InvalidConfigurationError(
            f"The list of relevant filenames {path!r} does not lie below {DERIVED}/.",
            fix=f"Put it below {DERIVED}/ of {lightly.location}, and name it from there",
        )
    try:
        text = lightly.read(path).decode("utf-8-sig")
    except NotFoundError as error:
        raise InvalidConfigurationError(
            f"The list of relevant filenames {whole} is not there.",
            fix=f"Put it there, or leave out relevantFilenamesFile: {error.problem.fix}",
        ) from None
    except UnicodeDecodeError as error:
        raise InvalidConfigurationError(
            f"The list of relevant filenames {whole} is not UTF-8 from byte {error.start} on.",
            fix="Save it as UTF-8 text",
        ) from None
    relevant = parse_relevant_filenames(text, where=whole)
    for remark in relevant.remarks[:REMARKS_SHOWN]:
        logger.warning("%s: %s", whole, remark)
    if (more := len(relevant.remarks) - REMARKS_SHOWN) > 0:
        logger.warning("%s: %d more lines were passed over", whole, more)
    return relevant


def parse_relevant_filenames(text: str, *, where: str) -> RelevantFilenames:
    """Understand a list. `where` is for the message about a pattern that means nothing."""
    names: set[str] = set()
    rules: dict[tuple[str, tuple[str, ...]], Rule] = {}
    remarks: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        entry = line.rstrip("\r")
        start, star, rest = entry.partition("*")
        if not entry.strip():
            continue
        if why_not := _unusable(start, is_prefix=bool(star)):
            remarks.append(f"line {number} is passed over, {why_not}: {_short(entry)}")
        elif star:
            # What is left of the first word says nothing: the prefix ends at the first star.
            patterns = tuple(_FIRST_WORD.sub("", rest).split())
            line = f"Line {number} of {where}"
            rules[start, patterns] = _rule(start, patterns, line=line)
        elif entry in names:
            remarks.append(f"line {number} is passed over, it is there twice: {_short(entry)}")
        else:
            names.add(entry)
    return RelevantFilenames(frozenset(names), tuple(rules.values()), tuple(remarks))


def _unusable(start: str, *, is_prefix: bool) -> str:
    """Why no file can be meant; empty when one can."""
    if start.startswith("/"):
        return "names are relative to the input"
    # The last part of a prefix is not finished: `..*` may mean a file named `..data`.
    whole_parts = start.rpartition("/")[0] if is_prefix else start
    if has_dot_parts(whole_parts):
        return "names have no parts '.' and '..'"
    if start.startswith(f"{DERIVED}/"):
        return f"what lies below {DERIVED}/ is no raw file"
    if start.endswith("/") and not is_prefix:
        return f"it is a folder; {start}* would mean everything in it"
    return ""


def _rule(prefix: str, patterns: tuple[str, ...], *, line: str) -> Rule:
    try:
        return Rule(prefix, patterns)
    except ValueError as error:
        raise InvalidConfigurationError(
            f"{line} has a pattern that means nothing: {_short(' '.join(patterns))}.",
            fix=f"Correct it; patterns are those of gitignore ({error})",
        ) from None


def _short(text: str) -> str:
    return f"{text[:100]!r}…" if len(text) > 100 else repr(text)
