"""What is remembered between looks. All of it is learned again after a restart."""

from collections import defaultdict

from curation_operator.planning.keys import Key, LineKey, RunKey


class Memory:
    """Which runs each Datasource has to serve, and which events tell us only what we know."""

    def __init__(self) -> None:
        self._unfinished: defaultdict[LineKey, set[str]] = defaultdict(set)
        self._expected: dict[Key, str] = {}
        self.has_listed = False
        """Whether everything there is has been met once; before that we may not know of a run."""

    def meet(self, line: LineKey, name: str) -> None:
        """This run may want to work. It is met before it begins, whoever tells of it."""
        self._unfinished[line].add(name)

    def forget(self, line: LineKey, name: str) -> None:
        """This run has ended, or is gone."""
        self._unfinished[line].discard(name)
        if not self._unfinished[line]:
            del self._unfinished[line]
        self.expect_nothing(RunKey(line.namespace, name))

    def unfinished(self, line: LineKey) -> frozenset[str] | None:
        """All runs of a Datasource that may want to work, by name; None as long as we cannot tell.

        Some of them may have ended meanwhile.
        """
        return frozenset(self._unfinished.get(line, ())) if self.has_listed else None

    def expect(self, key: Key, version: str) -> None:
        """We know what this version says, and when to look at it."""
        self._expected[key] = version

    def expect_nothing(self, key: Key) -> None:
        """It is gone."""
        self._expected.pop(key, None)

    def is_no_news(self, key: Key, version: str) -> bool:
        """Whether an event tells only what we know."""
        return self._expected.get(key) == version
