"""What a run has left: the same for a run of a cluster and for one of this machine."""

import json
from pathlib import Path
from typing import Any

from curation_client.bucket.downloads import download_to, safe_path
from curation_client.bucket.run_files import RunFiles, in_folder
from curation_client.curation.pictures import Pictures
from curation_client.curation.samples import Samples
from curation_client.why.comparing import Difference, compare
from curation_client.why.explaining import Explanation, explain
from curation_client.why.manifest import read_table


class Results:
    """The folder of a run."""

    def __init__(self, files: RunFiles, pictures: Pictures) -> None:
        self.files, self._pictures = files, pictures

    @classmethod
    def in_folder(cls, folder: str | Path) -> "Results":
        """Those of a local run, by the folder that `curate run --local` has printed."""
        files = in_folder(Path(folder))
        return cls(files, Pictures(files.bucket))

    def __repr__(self) -> str:
        """Whose they are."""
        return f"Results({self.files.run!r})"

    @property
    def samples(self) -> Samples:
        """Every sample of the input, and what became of it."""
        return Samples(read_table(self.files), self._pictures)

    @property
    def selected(self) -> Samples:
        """The selected samples, by rank."""
        return self.samples.selected

    @property
    def configuration(self) -> dict[str, Any]:
        """What the run was told, every default written out."""
        return self.files.configuration()

    @property
    def report(self) -> dict[str, Any]:
        """`report.json`."""
        report: dict[str, Any] = json.loads(self.files.read("report.json"))
        return report

    def why(self, sample: str) -> Explanation:
        """Why this sample was selected, or why not and what would have kept it."""
        return explain(self.files, sample)

    def diff(self, other: "Results") -> Difference:
        """What differs between this run and a later one."""
        return compare(self.files, other.files)

    def download(self, folder: str | Path) -> list[Path]:
        """Every file, below a folder of this machine."""
        written = []
        for name in self.files.names():
            path = Path(folder) / safe_path(name)
            download_to(self.files.bucket, self.files.key(name), path)
            written.append(path)
        return written

    def _repr_html_(self) -> str:
        return self.selected._repr_html_()
