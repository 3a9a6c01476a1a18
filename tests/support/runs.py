"""Runs of the real worker on folders of this machine, with a network small enough for a test."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet

from curation_api import CurationRun, Datasource, JobConfig, RunReport
from curation_api.job_config import DatasourceIdentity, RunIdentity
from curation_api.states import Stage
from curation_api.translation import job_config
from curation_job.opening import Address, open_derived, open_listed
from curation_job.pipeline import curate
from curation_job.runtime.progress import Progress
from curation_job.runtime.stopping import StopRequest
from curation_job.workspace import Workspace
from tests.support.images import an_image, encoded

SMALL: dict[str, Any] = {
    "model": {"name": "resnet-9", "numFtrs": 8, "outDim": 16},
    "collate": {"inputSize": 16},
    "preTrained": False,
    "loader": {"numWorkers": 2},
}


@dataclass(frozen=True)
class Farm:
    """A folder of volumes with raw files, and the runs on it."""

    volumes: Path
    kind: str = "IMAGES"

    @property
    def raw(self) -> Path:
        """The raw files."""
        return self.volumes / "raw"

    @property
    def derived(self) -> Path:
        """Everything derived."""
        return self.volumes / "derived"

    def make(self) -> "Farm":
        """Create the folders."""
        self.raw.mkdir(parents=True, exist_ok=True)
        self.derived.mkdir(parents=True, exist_ok=True)
        return self

    def write(self, name: str, content: bytes) -> Path:
        """A raw file."""
        path = self.raw / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def write_images(self, count: int, *, start: int = 0, side: int = 24) -> list[str]:
        """So many different images."""
        names = [f"{number:05}.png" for number in range(start, start + count)]
        for number, name in enumerate(names, start=start):
            self.write(name, encoded(an_image(number, width=side, height=side), "png"))
        return names

    def config(
        self,
        uid: str = "run-1",
        *,
        n_samples: int = 5,
        worker: dict[str, Any] | None = None,
        lightly: dict[str, Any] | None = None,
        selection: dict[str, Any] | None = None,
        shards: int = 1,
    ) -> JobConfig:
        """What a worker is told."""
        spec = {
            "datasourceRef": {"name": "farm"},
            "workerConfig": worker or {},
            "lightlyConfig": {**SMALL, **(lightly or {})},
            "selectionConfig": selection
            or {
                "nSamples": n_samples,
                "strategies": [
                    {"input": {"type": "EMBEDDINGS"}, "strategy": {"type": "DIVERSITY"}}
                ],
            },
        }
        run = CurationRun.model_validate({"metadata": {"name": uid}, "spec": spec})
        datasource = Datasource.model_validate(
            {
                "metadata": {"name": "farm"},
                "spec": {
                    "type": self.kind,
                    "input": {"local": {"claimName": "raw"}},
                    "lightly": {"local": {"claimName": "derived"}},
                },
            }
        )
        return job_config(
            run.spec,
            run=RunIdentity(name=uid, namespace="default", uid=uid),
            datasource=DatasourceIdentity(name="farm", uid="farm-uid"),
            datasource_spec=datasource.spec,
            shards=shards,
        )

    def run_folder(self, uid: str = "run-1") -> Path:
        """Where a run leaves its files."""
        return self.derived / ".lightly/runs" / uid

    def lines(self, name: str, uid: str = "run-1") -> list[str]:
        """The lines of a list of a run."""
        return (self.run_folder(uid) / "filenames" / name).read_text().splitlines()

    def manifest(self, uid: str = "run-1") -> dict[str, dict[str, Any]]:
        """What became of each sample."""
        table = pyarrow.parquet.read_table(self.run_folder(uid) / "manifest.parquet")
        return {row["name"]: row for row in table.to_pylist()}

    def report(self, uid: str = "run-1") -> dict[str, Any]:
        """The report of a run."""
        content: dict[str, Any] = json.loads((self.run_folder(uid) / "report.json").read_text())
        return content


@dataclass
class Done:
    """A run in this process, and what it counted."""

    report: RunReport
    counters: dict[str, int] = field(default_factory=dict)


@contextmanager
def workspace(farm: Farm, config: JobConfig, scratch: Path) -> Iterator[Workspace]:
    """A workspace in this process."""
    spec = config.datasource_spec
    raw = Address(spec.input_location, {}, farm.volumes)
    scratch.mkdir(parents=True, exist_ok=True)
    yield Workspace(
        config=config,
        input=open_listed(raw),
        lightly=open_derived(Address(spec.lightly_location, {}, farm.volumes)),
        open_reader=raw.open_reader,
        scratch=scratch,
        progress=Progress(),
        stop=StopRequest(),
    )


def do(
    farm: Farm, config: JobConfig, scratch: Path, *, stage: Stage = Stage.ALL, shard: int = 0
) -> Done:
    """Do a run, or a stage of it, in this process."""
    with workspace(farm, config, scratch) as space:
        report = curate(space, stage, shard=shard)
        return Done(report, dict(space.progress.counters))


def do_by_stages(farm: Farm, config: JobConfig, scratch: Path) -> Done:
    """Do a run as a cluster does: each stage and shard by a worker of its own."""
    do(farm, config, scratch / "prepare", stage=Stage.PREPARE)
    if config.worker_config.enable_training:
        do(farm, config, scratch / "train", stage=Stage.TRAIN)
    for shard in range(config.shards):
        do(farm, config, scratch / f"embed-{shard}", stage=Stage.EMBED, shard=shard)
    return do(farm, config, scratch / "select", stage=Stage.SELECT)


def start_worker(
    farm: Farm,
    config: JobConfig,
    folder: Path,
    *,
    stage: Stage = Stage.ALL,
    prefix: Sequence[str] = (),
) -> subprocess.Popen[str]:
    """The worker as a process of its own; its last words go to last-words.json.

    `prefix` is a command that runs it under limits.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "job.json").write_text(json.dumps(config.complete()))
    return subprocess.Popen(
        [
            *(
                *prefix,
                sys.executable,
                "-m",
                "curation_job",
                "run",
                "--config",
                str(folder / "job.json"),
            ),
            *("--volumes", str(farm.volumes), "--port", "0", "--progress-lines"),
            *("--stage", str(stage)),
            *("--termination-log", str(folder / "last-words.json")),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
