"""Walks a folder as an object store would list it: by the bytes of whole keys, in little memory."""

import errno
import logging
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

# Paths are bytes here, which pathlib does not speak.
# ruff: noqa: PTH114, PTH116

logger = logging.getLogger(__name__)

# A folder with more names is read several times over rather than kept in memory.
NAMES_AT_ONCE = 100_000

# A file that has gone, and a link to itself.
_LEADS_NOWHERE = {errno.ENOENT, errno.ELOOP}

# Files on their way to their place.
UNFINISHED_SUFFIX = b".curation-part"


@dataclass(frozen=True, slots=True)
class Walk:
    """A walk through everything below a folder that nothing may lead out of."""

    root: bytes
    """The real path of the folder."""
    trail: tuple[bytes, ...] = field(default=())
    """Real paths of the folders on the way here, so that links in a circle end."""

    def files(
        self, folder: bytes, start: bytes = b"", after: bytes = b""
    ) -> Iterator[tuple[bytes, os.stat_result]]:
        """Files below the real path `folder`, as paths relative to it with what is known of them.

        Only those whose path starts with `start`, which names nothing in a sub-folder, and comes
        after `after`.
        """
        inside = Walk(self.root, (*self.trail, folder))
        for name in names_in_order(folder, start):
            path = folder + b"/" + name.rstrip(b"/")
            is_begun = name.endswith(b"/") and after.startswith(name)
            if name <= after and not is_begun:
                continue
            if not name.endswith(b"/"):
                if (known := _known(path)) is not None and self._is_inside(path):
                    yield name, known
                continue
            real = os.path.realpath(path) if os.path.islink(path) else path
            if real not in inside.trail and self._is_inside(path):
                rest = after.removeprefix(name) if is_begun else b""
                for below, known in inside.files(real, after=rest):
                    yield name + below, known

    def _is_inside(self, path: bytes) -> bool:
        if not os.path.islink(path):
            return True
        real = os.path.realpath(path)
        if real.startswith(self.root + b"/"):
            return True
        logger.warning("Passed over %s: it is a link that leads out", os.fsdecode(path))
        return False


def names_in_order(folder: bytes, start: bytes) -> Iterator[bytes]:
    """The names in a folder that begin with `start`, sub-folders with a slash at the end."""
    after = b""
    while True:
        names = _smallest_names(folder, start, after)
        yield from names
        if len(names) < NAMES_AT_ONCE:
            return
        after = names[-1]
        names.clear()  # before the next ones come


def _smallest_names(folder: bytes, start: bytes, after: bytes) -> list[bytes]:
    """The first names behind `after`, so many as are kept at once."""
    names: list[bytes] = []
    last: bytes | None = None
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name + b"/" if _is_folder(entry) else entry.name
            if name <= after or not name.startswith(start) or (last and name > last):
                continue
            if name.endswith(UNFINISHED_SUFFIX) or not _is_text(name):
                continue
            names.append(name)
            if len(names) == 2 * NAMES_AT_ONCE:
                names.sort()
                del names[NAMES_AT_ONCE:]
                last = names[-1]
    names.sort()
    return names[:NAMES_AT_ONCE]


def _is_folder(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.is_dir()
    except OSError as error:
        if error.errno in _LEADS_NOWHERE:
            return False
        raise


def _is_text(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        logger.warning("Passed over a file whose name is not UTF-8: %r", name)
        return False
    return True


def _known(path: bytes) -> os.stat_result | None:
    """What is known of a file; None when it has gone meanwhile or is none."""
    try:
        known = os.stat(path)
    except OSError as error:
        if error.errno in _LEADS_NOWHERE:
            return None
        raise
    return known if stat.S_ISREG(known.st_mode) else None
