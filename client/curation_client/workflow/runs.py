"""Runs: each is a CurationRun, which plays the scheduled run and the run, with one id for both."""

import hashlib
import json
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from typing import Any

from curation_api.names import OWNER_ANNOTATION
from curation_api.problems import InvalidConfigurationError, Reason
from curation_client.cluster.errors import ConflictException, NotFoundException
from curation_client.cluster.following import follow
from curation_client.cluster.objects import StoredRun, chooses_from, id_of
from curation_client.models import (
    DockerRunArtifactData,
    DockerRunData,
    DockerRunScheduledData,
    DockerRunScheduledPriority,
    DockerRunScheduledState,
)
from curation_client.workflow.checks import check_files
from curation_client.workflow.configurations import run_spec
from curation_client.workflow.current import Current, milliseconds
from curation_client.workflow.states import (
    ComputeWorkerRunInfo,
    changes_of,
    info_of,
    scheduled_state_of,
    state_of,
)

# What is left of the Datasource's name in that of a run, which may have 36 characters.
STEM_LENGTH = 20

UNFINISHED = frozenset({DockerRunScheduledState.OPEN, DockerRunScheduledState.LOCKED})


class MissingDatasourceError(InvalidConfigurationError):
    """A run of a dataset that does not say where its files lie."""

    reason = Reason.LOCATION_MISSING


class Runs:
    """The runs of the namespace."""

    def __init__(self, current: Current) -> None:
        self._current = current

    def schedule(
        self,
        *,
        worker_config: Any = None,
        lightly_config: Any = None,
        selection_config: Any = None,
        priority: str,
        runs_on: Sequence[str] | None = None,
    ) -> str:
        """Ask for a run of the current dataset; its id comes back at once."""
        datasource = self._current.dataset()
        spec = run_spec(
            datasource.name,
            worker_config=worker_config,
            lightly_config=lightly_config,
            selection_config=selection_config,
            priority=priority,
            runs_on=runs_on,
        )
        if datasource.spec.what_is_missing:
            raise MissingDatasourceError(
                datasource.spec.what_is_missing,
                fix="Call set_s3_config(…) or its like with purpose INPUT and with purpose LIGHTLY",
            )
        check_files(spec, datasource, self._current.places)
        name, manifest = run_name(datasource.name), spec.manifest()
        if (other := spec.worker_config.checkpoint_run_id) is not None:
            manifest["workerConfig"]["checkpointRunId"] = self._folder_of(other)
        created = self._current.runs.create(name, manifest, annotations=self._current.owned())
        return created.id

    def _folder_of(self, run_id: str) -> str:
        """Where a run leaves its files: workers know runs by that, and not by ids of clients."""
        run = self._current.runs.find_by_id(run_id)
        return run_id if run is None else run.spec.worker_config.run_directory or run.uid

    def check(self, *, worker_config: Any, lightly_config: Any, selection_config: Any) -> str:
        """A digest of a configuration that is valid."""
        spec = run_spec(
            "any",
            worker_config=worker_config,
            lightly_config=lightly_config,
            selection_config=selection_config,
            priority=DockerRunScheduledPriority.MID,
            runs_on=None,
        )
        text = json.dumps(spec.manifest(), sort_keys=True)
        return id_of(hashlib.sha256(text.encode()).hexdigest())

    def info(self, id_: str) -> ComputeWorkerRunInfo:
        """How the run is doing."""
        return info_of(self._current.runs.find_by_id(id_), id_)

    def infos(self, id_: str) -> Iterator[ComputeWorkerRunInfo]:
        """How the run is doing: at once, on each change, and the end state last."""
        run = self._current.runs.find_by_id(id_)
        if run is None:
            yield info_of(None, id_)
            return
        yield from changes_of(info_of(seen, id_) for seen in follow(self._current.runs, run))

    def each(self, dataset_id: str | None = None) -> Iterator[DockerRunData]:
        """The runs that have begun, of one dataset or of all."""
        for run in self._stored(dataset_id):
            if has_begun(run):
                yield self._record(run)

    def sorted(self, dataset_id: str | None = None) -> list[DockerRunData]:
        """The runs that have begun, the oldest first."""
        return sorted(self.each(dataset_id), key=lambda run: (run.created_at, run.id))

    def get(self, id_: str) -> DockerRunData:
        """The run of this id; an `ApiException` (404) when it is not there or has not begun."""
        run = self._current.runs.get_by_id(id_)
        if not has_begun(run):
            raise NotFoundException(
                f"Run {run.name!r} ({id_}) has not begun yet",
                status=404,
                fix="Wait for it with compute_worker_run_info_generator(…)",
                reason=Reason.NOT_STARTED,
            )
        return self._record(run)

    def scheduled(self, state: str | None) -> list[DockerRunScheduledData]:
        """What was asked for in the current dataset and is in this state, or has not ended."""
        wanted = UNFINISHED if state is None else {DockerRunScheduledState(state)}
        dataset_id = self._current.dataset_id
        return [
            DockerRunScheduledData(
                id=run.id,
                config_id=run.id,
                priority=run.spec.priority,
                state=scheduled_state_of(run),
                created_at=milliseconds(run.created_at),
                last_modified_at=milliseconds(run.modified_at),
                dataset_id=dataset_id,
                runs_on=list(run.spec.runs_on or []),
                owner=run.owner,
            )
            for run in self._stored(dataset_id)
            if scheduled_state_of(run) in wanted
        ]

    def cancel(self, id_: str) -> None:
        """End a run that has not begun; an `ApiException` (409) when it has."""
        run = self._current.runs.get_by_id(id_)
        if scheduled_state_of(run) is not DockerRunScheduledState.OPEN:
            raise ConflictException(
                f"Run {run.name!r} ({id_}) is {state_of(run)} and can no longer be cancelled",
                status=409,
                fix="End it with abort_compute_worker_run(…)",
                reason=Reason.CONFLICT,
            )
        self._current.runs.change(run.name, {"spec": {"cancel": True}})

    def abort(self, id_: str) -> None:
        """End a run, wherever it stands. What it has written stays."""
        run = self._current.runs.get_by_id(id_)
        self._current.runs.change(run.name, {"spec": {"cancel": True}})

    def _stored(self, dataset_id: str | None) -> Iterator[StoredRun]:
        if dataset_id is None:
            return self._current.runs.each()
        datasource = self._current.datasources.get_by_id(dataset_id)
        selector = chooses_from(datasource.name)
        return self._current.runs.each(fieldSelector=selector)

    def _record(self, run: StoredRun) -> DockerRunData:
        datasource = self._current.datasources.find(run.spec.datasource_ref.name)
        plan = run.status.plan
        return DockerRunData(
            id=run.id,
            user_id=run.annotations.get(OWNER_ANNOTATION, ""),
            docker_version=(plan.operator_version if plan else None) or "",
            state=str(state_of(run)),
            created_at=milliseconds(run.created_at),
            last_modified_at=milliseconds(run.modified_at),
            dataset_id=None if datasource is None else datasource.id,
            config_id=run.id,
            scheduled_id=run.id,
            message=run.status.message,
            artifacts=_artifacts(run),
        )


def _artifacts(run: StoredRun) -> list[DockerRunArtifactData] | None:
    if run.status.artifacts is None:
        return None
    return [
        DockerRunArtifactData(
            id=id_of(f"{number:024x}"),
            type=artifact.type,
            file_name=artifact.key.rpartition("/")[2],
            key=artifact.key,
            created_at=(
                milliseconds(run.status.completion_time) if run.status.completion_time else None
            ),
        )
        for number, artifact in enumerate(run.status.artifacts, start=1)
    ]


def has_begun(run: StoredRun) -> bool:
    """Whether a worker has taken it up, or it ended without one."""
    state = scheduled_state_of(run)
    return state in {DockerRunScheduledState.LOCKED, DockerRunScheduledState.DONE}


def run_name(datasource: str) -> str:
    """A name that no other run has, and that says what it is a run of.

    Clusters know the age of a run in whole seconds, and of two of the same age the operator takes
    the first by name: so later names sort behind earlier ones.
    """
    stem = re.sub(r"[^a-z0-9-]", "-", datasource)[:STEM_LENGTH].strip("-")
    milliseconds_now = time.time_ns() // 1_000_000
    return f"{stem}-{milliseconds_now:011x}{secrets.token_hex(2)}"
