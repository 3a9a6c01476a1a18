"""One at a time, across processes and clones."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def file_lock(path: Path, *, when_taken: Callable[[], None]) -> Iterator[None]:
    """Hold the lock on this file, which ends with its process even when that is killed.

    If another process has it, `when_taken` is called once: it says so, or raises to give up.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            when_taken()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
