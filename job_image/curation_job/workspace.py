"""Everything the stages of one run work with."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch

from curation_api import JobConfig
from curation_api.datasource import DatasourceType
from curation_api.states import Stage
from curation_job.buckets import InputBucket, LightlyBucket
from curation_job.embedding.embedder import EmbedSettings, best_settings
from curation_job.embedding.networks import is_torchvision, torchvision_sides
from curation_job.embedding.weights import WEIGHT_FOLDERS, Places
from curation_job.given_embeddings import GivenEmbeddings, read_given
from curation_job.looking.images import LookSettings
from curation_job.looking.worker import SourceReader
from curation_job.records import Unusable
from curation_job.runtime.progress import Progress
from curation_job.runtime.stopping import StopRequest
from curation_job.stage_files import StageFiles

# Decoding more images at once than this is faster than any network we know embeds them.
MOST_PROCESSES = 32


@dataclass(frozen=True)
class Workspace:
    """One run on one machine."""

    config: JobConfig
    input: InputBucket
    lightly: LightlyBucket
    open_reader: Callable[[], SourceReader]
    """Opens the raw files in a worker process; survives pickling."""
    scratch: Path
    """A local folder for what does not fit into memory."""
    progress: Progress
    stop: StopRequest

    @property
    def is_video(self) -> bool:
        """Whether every frame is a sample."""
        return self.config.datasource_spec.type is DatasourceType.VIDEOS

    @cached_property
    def processes(self) -> int:
        """How many processes look at files."""
        processors = len(os.sched_getaffinity(0))
        asked = self.config.lightly_config.loader.num_workers
        wanted = processors if asked < 0 else max(1, asked)
        limit = self.config.worker_config.num_processes
        return max(1, min(wanted, MOST_PROCESSES, limit if limit > 0 else wanted))

    def files(self, stage: Stage) -> StageFiles:
        """The files of a stage in the LIGHTLY bucket."""
        return StageFiles(self.lightly, self.config.run.uid, stage, self.scratch)

    @cached_property
    def given(self) -> GivenEmbeddings | None:
        """The embeddings that the user brings; None where a network makes them."""
        return read_given(self.config, self.lightly)

    @property
    def run_folder(self) -> str:
        """Where the run's outputs lie."""
        return self.config.worker_config.folder_of(self.config.run.uid)

    @cached_property
    def output_folder(self) -> Path:
        """The local folder that becomes the run's folder."""
        folder = self.scratch / "out"
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def thumbnail_suffix(self) -> str:
        """Where thumbnails of selected samples go; empty for none."""
        return self.config.datasource_spec.lightly_location.thumbnail_suffix or ""

    @cached_property
    def reader(self) -> SourceReader:
        """The raw files, for the few that are needed once more."""
        return self.open_reader()

    def read_input(self, name: str) -> bytes:
        """One raw file, whole."""
        ((_, content),) = self.reader.read_many(iter([name]))
        if isinstance(content, Unusable):
            raise content
        return content

    @cached_property
    def sides(self) -> tuple[int, int | None]:
        """The square that the network sees, and the shorter side of what it is cut from."""
        model = self.config.lightly_config.model
        if is_torchvision(model):
            return torchvision_sides(model)
        return self.config.lightly_config.collate.input_size, None

    def look_settings(self) -> LookSettings:
        """How images are looked at."""
        side, shorter_side = self.sides
        return LookSettings(
            side_pixels=side,
            shorter_side_pixels=shorter_side,
            check=self.config.worker_config.enable_corruptness_check,
            exact=self.config.worker_config.exact_embeddings,
        )

    def embed_settings(self, samples: int) -> EmbedSettings:
        """How the network is run here."""
        return best_settings(
            self.sides[0],
            samples=samples,
            exact=self.config.worker_config.exact_embeddings,
            use_gpu=self.config.gpus > 0,
        )

    def places(self) -> Places:
        """Where weights may lie."""
        mounted = [Path(volume) for volume in self.config.weight_folders]
        return Places(self.lightly.read, self.scratch, (*WEIGHT_FOLDERS, *mounted))

    def limit_threads(self) -> None:
        """Keep to the threads that the configuration allows."""
        threads = self.config.worker_config.num_threads
        if threads > 0:
            torch.set_num_threads(threads)
