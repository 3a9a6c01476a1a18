"""What a run leaves in its folder: in the LIGHTLY bucket, or on this machine after a local run."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from curation_api.names import RUNS
from curation_api.problems import CurationError, InvalidConfigurationError, Reason
from curation_storage import NotFoundError, Readable, open_folder

MANIFEST = "manifest.parquet"
LOG = "log.txt"


class NoResultError(CurationError):
    """The run has not left this file, or not yet."""

    reason = Reason.NOT_FOUND


@dataclass(frozen=True, slots=True)
class RunFiles:
    """The folder of one run."""

    bucket: Readable
    folder: str
    """Below the LIGHTLY location."""
    run: str
    """What the run is called."""

    def read(self, name: str) -> bytes:
        """The content of a file."""
        try:
            return self.bucket.read(self.key(name))
        except NotFoundError as error:
            raise self._missing(name) from error

    @contextmanager
    def on_disk(self, name: str) -> Iterator[Path]:
        """A file as one of this machine, for as long as the block runs."""
        with tempfile.TemporaryDirectory(prefix="curation-") as folder:
            path = Path(folder) / "file"
            try:
                self.bucket.download(self.key(name), path)
            except NotFoundError as error:
                raise self._missing(name) from error
            yield path

    def names(self) -> Iterator[str]:
        """The names of all files, but for those that only the worker reads."""
        for listed in self.bucket.list(f"{self.folder}/"):
            name = listed.name.removeprefix(f"{self.folder}/")
            if not name.startswith("stages/"):
                yield name

    def configuration(self) -> dict[str, Any]:
        """What the run was told, as nested dictionaries."""
        told: dict[str, Any] = yaml.safe_load(self.read("config/config.yaml"))
        return told

    def key(self, name: str) -> str:
        """Where a file lies, below the LIGHTLY location."""
        return f"{self.folder}/{name}"

    def _missing(self, name: str) -> NoResultError:
        return NoResultError(
            f"Run {self.run!r} has left no {name} in {self.bucket.location}{self.folder}/",
            fix="Wait until it is complete, and check that it has succeeded",
        )


def in_folder(folder: Path) -> RunFiles:
    """The folder of a local run, as `curate run --local` names it."""
    path = folder.resolve()
    if not (path / "config/hydra.yaml").is_file():
        raise InvalidConfigurationError(
            f"{folder} is not the folder of a run",
            fix="Name the folder that `curate run --local` printed behind 'All files:'",
        )
    described = yaml.safe_load((path / "config/hydra.yaml").read_text("utf-8"))
    place = path.parents[len(Path(RUNS).parts)]
    return RunFiles(open_folder(place), f"{RUNS}/{path.name}", str(described["run"]["name"]))
