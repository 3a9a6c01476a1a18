"""The files that a run leaves in the LIGHTLY bucket, to a local path."""

from pathlib import Path

from curation_api.problems import CurationError, Reason
from curation_api.states import ArtifactType
from curation_client.bucket.downloads import download_to, safe_path
from curation_client.bucket.files import LONGEST_URL_SECONDS
from curation_client.models import DockerRunData
from curation_client.workflow.current import Current
from curation_storage import Readable

# Written by every worker that gets as far, also where the run failed and lists no artifacts.
ALWAYS_WRITTEN = {ArtifactType.LOG: "log.txt", ArtifactType.MEMLOG: "memlog.txt"}


class ArtifactNotExist(CurationError):  # noqa: N818  the documented name
    """The run has not left such a file, or not yet."""

    reason = Reason.NOT_FOUND


class Artifacts:
    """The files of runs."""

    def __init__(self, current: Current) -> None:
        self._current = current

    def download_all(self, run: DockerRunData, folder: Path, *, timeout: int) -> None:
        """Every artifact below the folder by its file name; nothing where there are none."""
        if run.artifacts is None:
            return
        bucket = self._bucket(run, timeout)
        for artifact in run.artifacts:
            download_to(bucket, artifact.key, folder / safe_path(artifact.file_name))

    def download(self, run: DockerRunData, kind: str, path: Path, *, timeout: int) -> None:
        """One artifact; `ArtifactNotExist` when the run has not left such a file."""
        bucket = self._bucket(run, timeout)
        download_to(bucket, self._key(run, kind, bucket), path)

    def read_url(self, run: DockerRunData, kind: str) -> str:
        """An address at which anybody can read the artifact for a week."""
        bucket = self._bucket(run)
        return bucket.read_url(self._key(run, kind, bucket), seconds=LONGEST_URL_SECONDS)

    def _key(self, run: DockerRunData, kind: str, bucket: Readable) -> str:
        listed = (artifact.key for artifact in run.artifacts or [] if artifact.type == kind)
        if (key := next(listed, None)) is not None:
            return key
        if kind in ALWAYS_WRITTEN:
            key = f"{self._folder(run)}/{ALWAYS_WRITTEN[ArtifactType(kind)]}"
            if bucket.exists(key):
                return key
        raise ArtifactNotExist(
            f"Run {run.id} is {run.state} and has left no {kind}",
            fix="Wait until the run has ended, and check that its configuration asks for it",
        )

    def _folder(self, run: DockerRunData) -> str:
        stored = self._current.runs.get_by_id(run.id)
        return stored.spec.worker_config.folder_of(stored.uid)

    def _bucket(self, run: DockerRunData, timeout: int | None = None) -> Readable:
        dataset_id = run.dataset_id or self._current.dataset_id
        datasource = self._current.datasources.get_by_id(dataset_id)
        return self._current.places.open_lightly(datasource, silence_seconds=timeout)
