"""Carries out `curate describe`: everything there is to know about an object, for people."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from curation_api import CurationRunSpec
from curation_api.conditions import Condition
from curation_api.curation_run import CurationRunStatus, StageStatus
from curation_api.datasource import DatasourceStatus, InputRights
from curation_api.selection_config import Strategy
from curation_client.cli.kinds import (
    RUN,
    address,
    age,
    kind_called,
    split_name,
)
from curation_client.cli.listing import table_lines
from curation_client.cli.terminal import Terminal
from curation_client.cluster.api_server import ApiServer, path_of
from curation_client.cluster.errors import ForbiddenException
from curation_client.cluster.objects import StoredDatasource, StoredRun
from curation_client.local.summary import result_lines

EVENTS = "/apis/events.k8s.io/v1"
LABEL_WIDTH = 12


@dataclass(frozen=True, slots=True)
class Happened:
    """An event about an object."""

    at: datetime
    reason: str
    note: str
    is_warning: bool = False
    times: int = 1


def describe(what: Sequence[str], server: ApiServer, terminal: Terminal, now: datetime) -> None:
    """Describe `run NAME`, `run/NAME` or `datasource NAME`; one after the other."""
    first, *names = what
    kind, name = split_name(first)
    wanted = names if kind is None else [name, *names]
    kind = kind or kind_called(first)
    objects = kind.objects_of(server)
    stored = [objects.get(name) for name in wanted] if wanted else list(objects.each())
    for number, one in enumerate(stored):
        lines = describe_run if kind is RUN else describe_datasource
        events = events_about(one.uid, server)
        terminal.say([*([""] if number else []), *lines(one, events, now)])


def events_about(uid: str, server: ApiServer) -> list[Happened]:
    """What was reported about an object, the oldest first; nothing where one may not ask."""
    path = path_of(EVENTS, server.namespace, "events")
    try:
        found = [
            event for event in server.each(path) if event.get("regarding", {}).get("uid") == uid
        ]
    except ForbiddenException:
        return []
    happened = [
        Happened(
            at=datetime.fromisoformat(
                event.get("series", {}).get("lastObservedTime") or event["eventTime"]
            ),
            reason=event.get("reason", ""),
            note=event.get("note", ""),
            is_warning=event.get("type") == "Warning",
            times=event.get("series", {}).get("count", 1),
        )
        for event in found
        if event.get("eventTime")
    ]
    return sorted(happened, key=lambda event: event.at)


def describe_run(run: StoredRun, events: Sequence[Happened], now: datetime) -> Iterator[str]:
    """A run: the answer first, then what was asked for, then how it came about."""
    spec, status = run.spec, run.status
    yield f"{run.name}: {status.state or 'not looked at yet'}"
    yield from _indented(filter(None, [status.message]))
    if status.result is not None:
        yield from result_lines(status.result)
    yield ""
    yield _labelled("Datasource", spec.datasource_ref.name)
    yield _labelled("Namespace", run.namespace)
    yield _labelled("Id", run.id)
    yield from _times(run, now)
    yield from _progress(status)
    yield from _selection(spec)
    yield from _how(spec)
    yield from _section("Stages", _stages(status.stages or (), now))
    yield from _section("Conditions", _conditions(status.conditions or (), now))
    artifacts = [
        [entry.type, f"{entry.size_bytes:,}", entry.key] for entry in status.artifacts or ()
    ]
    yield from _section("Artifacts", _table(["TYPE", "BYTES", "KEY"], artifacts))
    yield from _failure(status)
    yield from _section("Notes", status.notes or ())
    yield from _section("Events", _events(events, now))


def describe_datasource(
    source: StoredDatasource, events: Sequence[Happened], now: datetime
) -> Iterator[str]:
    """A Datasource: whether it can be used, where it lies, and what was selected from it."""
    spec, status = source.spec, source.status
    ready = next((entry for entry in status.conditions or () if entry.type == "Ready"), None)
    word = (
        "not looked at yet"
        if ready is None
        else "Ready"
        if ready.status == "True"
        else ready.reason
    )
    yield f"{source.name}: {word}"
    if ready is not None:
        yield from _indented(filter(None, [ready.message]))
    yield ""
    yield _labelled("Name", spec.display_name or source.name)
    yield _labelled("Type", spec.type)
    yield _labelled("Namespace", source.namespace)
    yield _labelled("Id", source.id)
    yield _labelled("Created", f"{age(source.created_at, now)} ago")
    yield _labelled("Input", address(spec.input) or "not given yet")
    yield _labelled("Lightly", address(spec.lightly) or "the same place")
    if status.samples is not None:
        yield _labelled("Samples", f"{status.samples:,}")
    if spec.shared_with:
        yield _labelled("Shared with", ", ".join(spec.shared_with))
    yield from _section("Rights", _rights(status))
    tags = [[tag.name, f"{tag.samples:,}", tag.run or ""] for tag in status.tags or ()]
    yield from _section("Tags", _table(["NAME", "SAMPLES", "RUN"], tags))
    yield from _section("Conditions", _conditions(status.conditions or (), now))
    yield from _section("Events", _events(events, now))


def _labelled(label: str, value: object) -> str:
    return f"{label + ':':{LABEL_WIDTH}} {value}"


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    """A title and what is below it; nothing where there is nothing."""
    content = list(lines)
    if content:
        yield ""
        yield f"{title}:"
        yield from _indented(content)


def _indented(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from (f"  {line}" for line in text.splitlines())


def _table(header: list[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    return table_lines(header, rows) if rows else iter(())


def _times(run: StoredRun, now: datetime) -> Iterator[str]:
    status = run.status
    yield _labelled("Created", f"{age(run.created_at, now)} ago")
    if status.start_time is not None:
        end = status.completion_time or now
        word = "Took" if status.completion_time else "Works for"
        yield _labelled(word, duration(end - status.start_time))
    if run.spec.attempt > 1:
        yield _labelled("Attempt", run.spec.attempt)


def duration(took: timedelta) -> str:
    """A length of time as people say it."""
    minutes, seconds = divmod(int(took.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _progress(status: CurationRunStatus) -> Iterator[str]:
    if status.state is None or status.state.is_final or status.step is None:
        return
    percent = "" if status.progress is None else f", {status.progress.percent}%"
    yield _labelled("Step", f"{status.step}{percent}")


def _selection(spec: CurationRunSpec) -> Iterator[str]:
    asked = spec.selection_config
    if asked is None:
        yield _labelled("Selects", "as the older keys of workerConfig say")
        return
    if asked.n_samples is not None:
        count = "every sample" if asked.n_samples == -1 else f"{asked.n_samples:,} samples"
    else:
        count = f"{100 * (asked.proportion_samples or 0):g}% of the samples"
    yield _labelled("Selects", f"{count} by {', '.join(map(rule_in_words, asked.strategies))}")


def rule_in_words(rule: Strategy) -> str:
    """A strategy as `manifest.parquet` calls it."""
    strength = rule.strategy.strength
    words = f"{rule.strategy.type} of {rule.input.type}"
    return words if strength is None else f"{words} (strength {strength:g})"


def _how(spec: CurationRunSpec) -> Iterator[str]:
    wishes = [f"priority {spec.priority}"] if spec.priority != "MID" else []
    wishes += [f"queue {spec.job.queue_name}"] if spec.job.queue_name else []
    wishes += ["trains first"] if spec.worker_config.enable_training else []
    wishes += [f"on nodes for {', '.join(spec.runs_on)}"] if spec.runs_on else []
    if wishes:
        yield _labelled("Runs", ", ".join(wishes))


def _stages(stages: Sequence[StageStatus], now: datetime) -> Iterator[str]:
    rows = []
    for stage in stages:
        took = ""
        if stage.start_time is not None:
            took = duration((stage.completion_time or now) - stage.start_time)
        shards = f"{stage.shards.succeeded} of {stage.shards.total}" if stage.shards else ""
        job = stage.job.name if stage.job else ""
        rows.append([stage.name, stage.state, str(stage.attempt), took, shards, job])
    return _table(["NAME", "STATE", "ATTEMPT", "TOOK", "SHARDS", "JOB"], rows)


def _conditions(conditions: Sequence[Condition], now: datetime) -> Iterator[str]:
    rows = [
        [entry.type, entry.status, age(entry.last_transition_time, now), entry.reason]
        for entry in conditions
    ]
    return _table(["TYPE", "STATUS", "SINCE", "REASON"], rows)


def _failure(status: CurationRunStatus) -> Iterator[str]:
    failure = status.last_failure
    if failure is None or failure.message == status.message:
        return
    where = f" in {failure.stage}" if failure.stage else ""
    where += f", shard {failure.index}" if failure.index is not None else ""
    where += f", Pod {failure.pod}" if failure.pod else ""
    yield from _section("Last failure", [f"{failure.reason}{where}", f"{failure.message}"])


def _rights(status: DatasourceStatus) -> Iterator[str]:
    for place, rights in (("input", status.input), ("lightly", status.lightly)):
        if rights is not None:
            yield f"{place + ':':9}{', '.join(_granted(rights))}"
            yield from (f"  {right}: {why}" for right, why in (rights.errors or {}).items())


def _granted(rights: InputRights) -> Iterator[str]:
    names = {"can_list": "list", "can_read": "read", "can_write": "write"}
    names["can_overwrite"] = "overwrite"
    for field, right in names.items():
        granted = getattr(rights, field, None)
        if granted is not None:
            yield right if granted else f"NOT {right}"


def _events(events: Sequence[Happened], now: datetime) -> Iterator[str]:
    rows = []
    for event in events:
        times = f" (x{event.times})" if event.times > 1 else ""
        kind = "Warning" if event.is_warning else "Normal"
        rows.append([age(event.at, now), kind, event.reason, f"{event.note}{times}"])
    return _table(["AGE", "TYPE", "REASON", "NOTE"], rows)
