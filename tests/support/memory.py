"""How much memory a process and its children take at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

INTERVAL_SECONDS = 0.05


@contextmanager
def peak_memory_of(process: int) -> Iterator[list[int]]:
    """The most bytes that the tree took while the block ran, in the only place of a list."""
    peak, is_over = [0], threading.Event()

    def look() -> None:
        while not is_over.wait(INTERVAL_SECONDS):
            peak[0] = max(peak[0], memory_of_tree(process))

    observer = threading.Thread(target=look)
    observer.start()
    try:
        yield peak
    finally:
        is_over.set()
        observer.join()


def memory_of_tree(process: int) -> int:
    """Bytes without files that are mapped and memory that is shared."""
    try:
        root = psutil.Process(process)
        tree = [root, *root.children(recursive=True)]
        return sum(known.rss - known.shared for known in (one.memory_info() for one in tree))
    except psutil.Error:
        return 0  # one of them has just ended
