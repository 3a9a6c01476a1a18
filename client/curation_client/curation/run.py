"""A run: followed, controlled, and what came of it."""

import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

from curation_api import CurationRunSpec, CurationRunStatus, ExitCode, Reason
from curation_api.problems import CurationError
from curation_api.states import RunState
from curation_client.cluster import control
from curation_client.cluster.logs import followed_log_lines, log_lines
from curation_client.cluster.objects import StoredRun
from curation_client.cluster.run_files import files_of
from curation_client.curation.pictures import Pictures
from curation_client.curation.results import Results
from curation_client.curation.samples import Samples
from curation_client.local.display import show_progress
from curation_client.why.comparing import Difference
from curation_client.why.explaining import Explanation
from curation_client.workflow.current import Current


class RunFailedError(CurationError):
    """The run that was waited for has not succeeded."""


class Run:
    """One selection. What it shows is as of the last look; `refresh` and `wait` look again."""

    def __init__(self, cluster: Current, stored: StoredRun) -> None:
        self._cluster, self._stored = cluster, stored

    def __repr__(self) -> str:
        """Its name and state."""
        return f"Run({self.name!r}, {self.state or 'new'})"

    @property
    def name(self) -> str:
        """Its name in the cluster."""
        return self._stored.name

    @property
    def state(self) -> RunState | None:
        """Pending, Queued, Running, Suspended, Completed, Failed, Crashed or Aborted."""
        return self.status.state

    @property
    def spec(self) -> CurationRunSpec:
        """What was asked for."""
        return self._stored.spec

    @property
    def status(self) -> CurationRunStatus:
        """How it is doing, and what came of it: step, progress, result, artifacts."""
        return self._stored.status

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen."""
        return control.has_ended(self._stored)

    @property
    def has_succeeded(self) -> bool:
        """Whether it is complete."""
        return self.state is RunState.COMPLETED

    def refresh(self) -> "Run":
        """Look again."""
        self._stored = self._cluster.runs.get(self.name)
        return self

    def watch(self, *, timeout_seconds: float | None = None) -> Iterator["Run"]:
        """The run at once, on each change, and at its end."""
        for stored in control.until_it_ends(self._cluster.runs, self.name, timeout_seconds):
            self._stored = stored
            yield self

    def wait(self, *, timeout_seconds: float | None = None, show: bool = False) -> "Run":
        """Wait until it is complete; `RunFailedError` when it ends otherwise.

        With `show`, its progress is written to stderr.
        """
        if show:
            with show_progress(self.name, sys.stderr) as shown:
                for _ in self.watch(timeout_seconds=timeout_seconds):
                    shown(control.progress_of(self._stored))
        else:
            for _ in self.watch(timeout_seconds=timeout_seconds):
                pass
        self.must_have_succeeded()
        return self

    def must_have_succeeded(self) -> None:
        """`RunFailedError` where it is anything but complete."""
        if self.has_succeeded:
            return
        failure = self.status.last_failure
        code = None if failure is None else failure.exit_code
        raise RunFailedError(
            f"Run {self.name!r} is {self.state}: {self.status.message}",
            reason=Reason.FAILED,
            exit_code=ExitCode(code) if code in set(ExitCode) else ExitCode.UNEXPECTED,
        )

    def cancel(self) -> "Run":
        """End it for good. What it has written stays."""
        return self._changed(control.cancel(self._cluster.runs, self.name))

    def suspend(self) -> "Run":
        """Pause it; what is done stays done."""
        return self._changed(control.suspend(self._cluster.runs, self.name))

    def resume(self) -> "Run":
        """Let it go on."""
        return self._changed(control.resume(self._cluster.runs, self.name))

    def retry(self) -> "Run":
        """Try again, from the first part that has not succeeded."""
        return self._changed(control.retry(self._cluster.runs, self.name))

    def _changed(self, stored: StoredRun) -> "Run":
        self._stored = stored
        return self

    def logs(self, *, follow: bool = False) -> Iterator[str]:
        """What its workers say; with `follow`, until it ends."""
        lines = followed_log_lines if follow else log_lines
        return map(str, lines(self._cluster.server, self._stored))

    @property
    def results(self) -> Results:
        """What it has left in the bucket, which is opened from here."""
        cluster = self._cluster
        datasource = cluster.datasources.get(self.spec.datasource_ref.name)
        files = files_of(self._stored, cluster.server, cluster.places)
        pictures = Pictures(
            files.bucket,
            lambda: cluster.places.open_input(datasource),
            datasource.spec.lightly_location.thumbnail_suffix or "",
        )
        return Results(files, pictures)

    @property
    def samples(self) -> Samples:
        """Every sample of its input, and what became of it."""
        return self.results.samples

    @property
    def selected(self) -> Samples:
        """The samples it selected, by rank."""
        return self.results.selected

    def why(self, sample: str) -> Explanation:
        """Why it selected this sample, or why not and what would have kept it."""
        return self.results.why(sample)

    def diff(self, other: "Run") -> Difference:
        """What differs between this run and a later one."""
        return self.results.diff(other.results)

    def download(self, folder: str | Path) -> list[Path]:
        """Everything it has left, below a folder: report, plots, lists, tables."""
        return self.results.download(folder)

    def _repr_html_(self) -> str:
        """For notebooks: how it stands, and what it selected where that can be opened from here."""
        title = f"<p><b>{escape(self.name)}</b>: {escape(self.state or 'new')}"
        message = f"<br>{escape(self.status.message or '')}</p>"
        return title + message + (self._gallery() if self.has_succeeded else "")

    def _gallery(self) -> str:
        try:
            return self.selected._repr_html_()
        except CurationError as error:
            return f"<p>{escape(str(error))}</p>"
