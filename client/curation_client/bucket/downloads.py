"""The files of samples to a local folder: several at a time, byte for byte, and resumable."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from curation_api.fields import has_dot_parts
from curation_client.bucket.files import SampleFiles
from curation_client.bucket.samples import Sample
from curation_storage import Readable, StorageError

Step = Callable[[], None]


def download_samples(
    samples: Sequence[Sample],
    files: SampleFiles,
    folder: Path,
    *,
    max_workers: int,
    verbose: bool,
) -> list[str]:
    """Write each sample's file below the folder; the names of those that failed come back.

    What is there already in the right size is left alone, so that a download that was cut off goes
    on. A file that fails is warned of once, at the end, and does not keep others waiting.
    """
    failures: list[tuple[int, StorageError | OSError]] = []
    workers = max(1, min(len(samples), max_workers))
    with _progress(len(samples), shown=verbose) as step, ThreadPoolExecutor(workers) as pool:
        begun = [pool.submit(_download, sample, files, folder) for sample in samples]
        for place, download in enumerate(begun):
            if (error := _failure(download)) is not None:
                failures.append((place, error))
            step()
    if failures:
        place, error = failures[0]
        warnings.warn(
            f"{len(failures)} of {len(samples)} files could not be downloaded; the first one is"
            f" number {place}, {samples[place].name!r}: {error}",
            UserWarning,
            stacklevel=4,
        )
    return [samples[place].name for place, _ in failures]


def _failure(download: "Future[None]") -> StorageError | OSError | None:
    try:
        download.result()
    except (StorageError, OSError) as error:
        return error
    return None


def _download(sample: Sample, files: SampleFiles, folder: Path) -> None:
    bucket, name = files.of(sample)
    path = folder / safe_path(sample.name)
    if path.exists():
        listed = bucket.look_up(name)
        if listed is not None and listed.size == path.stat().st_size:
            return
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    try:
        bucket.download(name, unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def download_to(bucket: Readable, key: str, path: Path) -> None:
    """Write a file of the bucket to a path of this machine, with the folders that it takes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bucket.download(key, path)


def safe_path(name: str) -> Path:
    """The name as a path that stays in its folder."""
    if name.startswith("/") or has_dot_parts(name):
        raise PermissionError(f"{name!r} leads out of the folder")
    return Path(name)


@contextmanager
def _progress(total: int, *, shown: bool) -> Iterator[Step]:
    if not shown or not total:
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Downloading", total=total)
        yield lambda: progress.advance(task)
