"""`log.txt` and `memlog.txt`: what the worker said and how much memory it took."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil

MEMORY_INTERVAL_SECONDS = 2.0
OUR_PACKAGES = ("curation_job", "curation_storage")
_FORMAT = "%(asctime)s %(levelname)s %(message)s"


@contextmanager
def logging_to(path: Path) -> Iterator[None]:
    """Write everything that is logged to this file as well, from debug on."""
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setLevel(logging.DEBUG)
    handler.setFormatter(logging.Formatter(_FORMAT))
    loggers = {name: logging.getLogger(name) for name in OUR_PACKAGES}
    before = {name: logger.level for name, logger in loggers.items()}
    for logger in loggers.values():
        logger.setLevel(logging.DEBUG)
        logger.addHandler(handler)
    try:
        yield
    finally:
        for name, logger in loggers.items():
            logger.removeHandler(handler)
            logger.setLevel(before[name])
        handler.close()


@contextmanager
def memory_logged_to(
    path: Path, *, interval_seconds: float = MEMORY_INTERVAL_SECONDS
) -> Iterator[None]:
    """Write the memory of this process and of its children to a file every few seconds."""
    done = threading.Event()
    thread = threading.Thread(target=_log_memory, args=(path, done, interval_seconds), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _log_memory(path: Path, done: threading.Event, interval_seconds: float) -> None:
    started, peak = time.monotonic(), 0
    with path.open("w", encoding="utf-8", buffering=1) as file:
        print("time seconds process_mb children_mb peak_mb available_mb", file=file)
        while True:
            own, children = memory_of_tree()
            peak = max(peak, own + children)
            available = psutil.virtual_memory().available
            numbers = " ".join(f"{value / 2**20:.0f}" for value in (own, children, peak, available))
            now = datetime.now(UTC).isoformat(timespec="seconds")
            print(f"{now} {time.monotonic() - started:.1f} {numbers}", file=file)
            if done.wait(interval_seconds):
                return


def memory_of_tree() -> tuple[int, int]:
    """Bytes that this process takes, and those that its children take on top of what they share."""
    process = psutil.Process()
    children = 0
    for child in process.children(recursive=True):
        with suppress(psutil.Error):
            children += child.memory_info().rss - child.memory_info().shared
    return process.memory_info().rss, children
