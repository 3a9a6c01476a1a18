"""Shows the progress of a run: a live line on a terminal, a plain line now and then elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

# Without a terminal somebody reads a file afterwards: few lines say enough.
PLAIN_INTERVAL_SECONDS = 10.0

# Leaves room for a sentence in the 80 columns of a small terminal.
BAR_WIDTH = 12

Show = Callable[[dict[str, Any]], None]


@contextmanager
def show_progress(name: str, stream: TextIO) -> Iterator[Show]:
    """Yields what shows one report of progress."""
    if stream.isatty():
        with _live(name, stream) as show:
            yield show
    else:
        yield _plain(name, stream)


def _plain(name: str, stream: TextIO) -> Show:
    last_step, last_time = "", 0.0

    def show(seen: dict[str, Any]) -> None:
        nonlocal last_step, last_time
        now = time.monotonic()
        if seen["step"] != last_step:
            print(f"{name}: {seen['step']}", file=stream, flush=True)
        elif now - last_time >= PLAIN_INTERVAL_SECONDS:
            print(f"{name}: {seen['message']}", file=stream, flush=True)
        else:
            return
        last_step, last_time = seen["step"], now

    return show


@contextmanager
def _live(name: str, stream: TextIO) -> Iterator[Show]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("[bold]{task.fields[name]}"),
        BarColumn(bar_width=BAR_WIDTH),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(file=stream), transient=True) as progress:
        task = progress.add_task("STARTED", total=None, name=name)

        def show(seen: dict[str, Any]) -> None:
            progress.update(
                task,
                description=seen["message"] if seen["total"] else seen["step"],
                total=seen["total"],
                completed=seen["processed"],
            )

        yield show
