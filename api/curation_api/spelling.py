"""Find what somebody probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like this one, or None when nothing is near."""
    by_plain_form = {_plain(candidate): candidate for candidate in known}
    near = get_close_matches(_plain(word), by_plain_form, n=1, cutoff=0.5)
    return by_plain_form[near[0]] if near else None


def guess(word: str, known: Iterable[str]) -> str:
    """What to add to a complaint about a word: the known one that is near; empty if none is."""
    near = closest(word, known)
    return f"; did you mean {near}?" if near else ""


def _plain(word: str) -> str:
    """Underscores, hyphens and capitals are not what people get wrong."""
    return word.replace("_", "").replace("-", "").lower()
