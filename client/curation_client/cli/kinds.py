"""What the command knows about the two kinds: how they are called, and what a table shows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from curation_api.conditions import Condition
from curation_api.datasource import Location
from curation_api.names import GROUP
from curation_api.problems import InvalidConfigurationError
from curation_api.spelling import guess
from curation_client.cluster.api_server import ApiServer
from curation_client.cluster.objects import (
    Objects,
    StoredDatasource,
    StoredRun,
    datasources_of,
    runs_of,
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    title: str
    of: Callable[[Any, datetime], object]
    is_wide: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """One of our kinds."""

    name: str
    """As a remark calls it."""
    resource: str
    """As `-o name` calls it."""
    words: tuple[str, ...]
    """As it may be called on the command line."""
    objects_of: Callable[[ApiServer], Objects[Any, Any]]
    columns: tuple[Column, ...]

    def header(self, *, wide: bool) -> list[str]:
        """The titles of the columns."""
        return [column.title for column in self._shown(wide=wide)]

    def row(self, stored: Any, now: datetime, *, wide: bool) -> list[str]:
        """What a table shows of an object."""
        values = (column.of(stored, now) for column in self._shown(wide=wide))
        return ["" if value is None else str(value) for value in values]

    def _shown(self, *, wide: bool) -> Iterator[Column]:
        return (column for column in self.columns if wide or not column.is_wide)


def condition(conditions: Sequence[Condition] | None, kind: str) -> Condition | None:
    """One of the conditions, if it is there."""
    return next((entry for entry in conditions or () if entry.type == kind), None)


def age(then: datetime, now: datetime) -> str:
    """How long ago, as kubectl shows it: 45s, 12m, 3h, 9d."""
    seconds = max(0, int((now - then).total_seconds()))
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def address(location: Location | None) -> str | None:
    """A place, as people write it."""
    if location is None:
        return None
    if location.local is not None:
        return f"claim {location.local.claim_name}/{location.local.path}"
    if location.azure is not None:
        return f"{location.azure.account_name}: {location.azure.container_name}"
    provider = location.s3 or location.s3_delegated_access or location.gcs
    return None if provider is None else provider.resource_path


def _ready(stored: Any) -> Condition | None:
    return condition(stored.status.conditions, "Ready")


def _percent(run: StoredRun) -> str | None:
    progress = run.status.progress
    return None if progress is None else f"{progress.percent}%"


def _selected(run: StoredRun) -> int | None:
    return None if run.status.result is None else run.status.result.selected


def _reason(stored: Any) -> str | None:
    ready = _ready(stored)
    return None if ready is None else ready.reason


def _readiness(datasource: StoredDatasource) -> str | None:
    ready = _ready(datasource)
    return None if ready is None else str(ready.status)


RUN = Kind(
    "CurationRun",
    f"curationrun.{GROUP}",
    ("run", "runs", "crun", "curationrun", "curationruns"),
    runs_of,
    (
        Column("NAME", lambda run, _: run.name),
        Column("DATASOURCE", lambda run, _: run.spec.datasource_ref.name),
        Column("STATE", lambda run, _: run.status.state),
        Column("STEP", lambda run, _: run.status.step),
        Column("PROGRESS", lambda run, _: _percent(run)),
        Column("SELECTED", lambda run, _: _selected(run)),
        Column("AGE", lambda run, now: age(run.created_at, now)),
        Column("REASON", lambda run, _: _reason(run), is_wide=True),
        Column("QUEUE", lambda run, _: run.spec.job.queue_name, is_wide=True),
        Column("MESSAGE", lambda run, _: run.status.message, is_wide=True),
    ),
)
DATASOURCE = Kind(
    "Datasource",
    f"datasource.{GROUP}",
    ("datasource", "datasources", "dsrc"),
    datasources_of,
    (
        Column("NAME", lambda source, _: source.name),
        Column("TYPE", lambda source, _: source.spec.type),
        Column("READY", lambda source, _: _readiness(source)),
        Column("SAMPLES", lambda source, _: source.status.samples),
        Column("TAGS", lambda source, _: source.status.tag_count),
        Column("AGE", lambda source, now: age(source.created_at, now)),
        Column("REASON", lambda source, _: _reason(source), is_wide=True),
        Column("INPUT", lambda source, _: address(source.spec.input), is_wide=True),
        Column("LIGHTLY", lambda s, _: address(s.spec.lightly or s.spec.input), is_wide=True),
    ),
)
KINDS = (RUN, DATASOURCE)


def kind_called(word: str) -> Kind:
    """The kind that is meant."""
    plain = word.lower().removesuffix(f".{GROUP}")
    for kind in KINDS:
        if plain in kind.words:
            return kind
    words = [name for kind in KINDS for name in kind.words]
    raise InvalidConfigurationError(
        f"There is no kind {word!r}{guess(word, words)}",
        fix="Ask for runs or for datasources",
    )


def split_name(word: str) -> tuple[Kind | None, str]:
    """The kind, where it is said, and the name: `farm-50`, `run/farm-50`, what `-o name` prints."""
    kind, slash, name = word.partition("/")
    return (kind_called(kind), name) if slash else (None, word)


def run_name(word: str) -> str:
    """The name of the run that is meant."""
    kind, name = split_name(word)
    if kind not in {None, RUN}:
        raise InvalidConfigurationError(f"{word} is no run", fix="Name a run")
    return name
