"""Waiting for something that other processes bring about."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# A fraction of what starting or reconciling anything takes, and still next to no load.
PAUSE_SECONDS = 0.02


def wait_until(condition: Callable[[], T], *, seconds: float, what: str) -> T:
    """Ask until the answer is true and return it; TimeoutError says what never came true."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {seconds:g} s in vain: {what}")
        time.sleep(PAUSE_SECONDS)
    return answer
