"""Finds the files that a list of relevant filenames means, with as few requests as it takes."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby, islice, takewhile

from curation_storage.errors import AccessDeniedError
from curation_storage.port import Listed, Readable
from curation_storage.relevant import RelevantFilenames, Rule

# A page of a listing shows a thousand files for the price of asking for a few, one after another,
# and for that of about fifty where many are asked for at once.
FILES_PER_PAGE = 1000
FILES_PER_QUESTION = 20
QUESTIONS_AT_ONCE = 32

# So few names of one folder are looked for at the same time as those of other folders.
FEW_NAMES = 50
PARTS_AT_ONCE = 256


def list_relevant(raw: Readable, relevant: RelevantFilenames) -> Iterator[Listed]:
    """Every raw file that the list means, once.

    A file that is named but not there has size 0 and no version: reading it will say so. Memory
    grows with the list, not with what is listed.
    """
    with ThreadPoolExecutor(QUESTIONS_AT_ONCE) as pool:
        for are_small, parts in groupby(_parts(relevant), key=lambda part: part.is_small):
            if not are_small:
                for part in parts:
                    yield from part.found_in(raw, pool)
                continue
            while together := list(islice(parts, PARTS_AT_ONCE)):
                for found in pool.map(lambda part: list(part.found_in(raw, None)), together):
                    yield from found


@dataclass(slots=True)
class _Part:
    """Names and rules that one listing answers."""

    prefix: str
    rules: dict[str, list[Rule]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)

    @property
    def is_small(self) -> bool:
        return not self.rules and len(self.names) <= FEW_NAMES

    def found_in(self, raw: Readable, pool: ThreadPoolExecutor | None) -> Iterator[Listed]:
        missing = set(self.names)
        lengths = sorted({len(prefix) for prefix in self.rules})
        listing = raw.list(self.prefix)
        worth_it = FILES_PER_PAGE + FILES_PER_QUESTION * len(self.names)
        for file in listing if self.rules else islice(listing, worth_it):
            if file.name in missing:
                missing.remove(file.name)
                yield file
            elif self._is_kept(file.name, lengths):
                yield file
            if not missing and not self.rules:
                return
        is_seen_whole = next(listing, None) is None
        ask = pool.map if pool and not is_seen_whole else map
        for names in _batches(sorted(missing)):
            yield from ask(_unseen if is_seen_whole else lambda name: _asked(raw, name), names)

    def _is_kept(self, name: str, lengths: Sequence[int]) -> bool:
        return any(
            rule.keeps(name) for length in lengths for rule in self.rules.get(name[:length], ())
        )


def _parts(relevant: RelevantFilenames) -> Iterator[_Part]:
    """What to list, in order; no part covers what another one does."""
    parts: dict[str, _Part] = {}
    roots = _disjoint(sorted({rule.prefix for rule in relevant.rules}))
    for root in roots:
        parts[root] = _Part(root, defaultdict(list))
    for rule in relevant.rules:
        parts[_covering(roots, rule.prefix)].rules[rule.prefix].append(rule)
    folders: dict[str, _Part] = {}
    for name in relevant.names:
        root = _covering(roots, name)
        folder = name.rpartition("/")[0]
        part = parts.get(root) or folders.setdefault(folder, _Part(folder))
        part.names.add(name)
    for part in folders.values():
        part.prefix = _common_start(min(part.names), max(part.names))
        parts[part.prefix] = part
    return iter(sorted(parts.values(), key=lambda part: part.prefix))


def _disjoint(prefixes: Sequence[str]) -> list[str]:
    """Those of the sorted prefixes that no other one covers."""
    kept: list[str] = []
    for prefix in prefixes:
        if not kept or not prefix.startswith(kept[-1]):
            kept.append(prefix)
    return kept


def _covering(roots: Sequence[str], name: str) -> str:
    """The root that a name starts with; the name itself where there is none."""
    position = bisect_right(roots, name)
    return roots[position - 1] if position and name.startswith(roots[position - 1]) else name


def _common_start(first: str, last: str) -> str:
    """What all texts between these two start with."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return "".join(letter for letter, _ in pairs)


def _batches(names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), PARTS_AT_ONCE):
        yield names[start : start + PARTS_AT_ONCE]


def _unseen(name: str) -> Listed:
    return Listed(name, size=0, version="")


def _asked(raw: Readable, name: str) -> Listed:
    try:
        return raw.look_up(name) or _unseen(name)
    except AccessDeniedError:
        # Whoever reads it will hear the same, and say so of this file.
        return _unseen(name)
