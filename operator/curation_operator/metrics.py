"""What Prometheus is told: how the operator works, and how its runs do."""

from collections import Counter as Tally
from collections.abc import Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from curation_api import CurationRunStatus, DatasourceStatus
from curation_api.conditions import ConditionStatus
from curation_api.curation_run import StageStatus
from curation_api.problems import Reason
from curation_api.states import RunState
from curation_operator.planning.keys import DatasourceKey, Key, RunKey
from curation_operator.planning.seen import DatasourceSeen, RunSeen, ready_in
from curation_operator.settings import OperatorSettings

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
MINUTES = tuple(60 * minutes for minutes in (1, 2, 5, 10, 30, 60, 120, 360, 720, 1440))


class Metrics:
    """Every metric of the operator, in a registry of its own."""

    def __init__(self, settings: OperatorSettings) -> None:
        self.registry = CollectorRegistry()
        self._states: dict[RunKey, RunState] = {}
        self._at_work: set[RunKey] = set()
        self._ready: dict[DatasourceKey, tuple[str, bool]] = {}
        self.registry.register(_Objects(self._states, self._ready))
        self._define_those_of_the_operator(settings.version)
        self._define_those_of_runs()

    def _define_those_of_the_operator(self, version: str) -> None:
        build = self._gauge("curation_operator_build_info", "The operator's version", "version")
        build.labels(version).set(1)
        self.leader = self._gauge("curation_operator_leader", "1 while this replica works")
        self.loop_lag = self._gauge(
            "curation_operator_event_loop_lag_seconds",
            "How late the event loop is",
        )
        self.last_event = self._gauge(
            "curation_operator_watch_last_event_timestamp_seconds",
            "When a watch last delivered something",
            "resource",
        )
        self._looks = self._counter(
            "curation_operator_reconcile_total", "Looks at objects", "kind", "result"
        )
        self._look_seconds = self._histogram(
            "curation_operator_reconcile_duration_seconds",
            "How long a look takes",
            "kind",
            buckets=SECONDS,
        )
        self._latency = self._histogram(
            "curation_operator_workqueue_latency_seconds",
            "How long a key waits after it is due",
            "kind",
            buckets=SECONDS,
        )
        self._retries = self._counter(
            "curation_operator_workqueue_retries_total", "Looks that failed", "kind"
        )
        self._requests = self._counter(
            "curation_operator_api_requests_total",
            "Requests to the API server",
            "verb",
            "resource",
            "code",
        )
        self._request_seconds = self._histogram(
            "curation_operator_api_request_duration_seconds",
            "How long the API server takes",
            "verb",
            "resource",
            buckets=SECONDS,
        )
        self.missed = self._counter(
            "curation_operator_resync_missed_total", "Changes that no event told of"
        )
        self._written = self._counter(
            "curation_operator_status_writes_total", "Statuses that were written", "kind"
        )

    def _define_those_of_runs(self) -> None:
        self._finished = self._counter(
            "curation_run_finished_total", "Runs that ended", "namespace", "outcome", "reason"
        )
        self._duration = self._histogram(
            "curation_run_duration_seconds",
            "How long runs worked",
            "outcome",
            buckets=MINUTES,
        )
        self._stage_duration = self._histogram(
            "curation_run_stage_duration_seconds",
            "How long stages took",
            "stage",
            "outcome",
            buckets=MINUTES,
        )
        self._start_latency = self._histogram(
            "curation_run_start_latency_seconds",
            "From the creation of a run to its first worker",
            buckets=(*SECONDS, *MINUTES),
        )
        self._disruptions = self._counter(
            "curation_run_disruptions_total", "Workers that were taken away", "stage"
        )
        self._failures = self._counter(
            "curation_run_pod_failures_total", "Workers that failed", "stage", "reason"
        )
        self._gpu_seconds = self._counter(
            "curation_run_gpu_seconds_total", "Time that GPUs were held", "namespace", "stage"
        )

    def _gauge(self, name: str, words: str, *labels: str) -> Gauge:
        return Gauge(name, words, labels, registry=self.registry)

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(name, words, labels, registry=self.registry)

    def _histogram(
        self, name: str, words: str, *labels: str, buckets: tuple[float, ...]
    ) -> Histogram:
        return Histogram(name, words, labels, registry=self.registry, buckets=buckets)

    # -- the operator itself ---------------------------------------------------------------------

    def taken(self, key: Key, waited_seconds: float) -> None:
        """A key is being worked on, so long after it was due."""
        self._latency.labels(_kind(key)).observe(waited_seconds)

    def retried(self, key: Key) -> None:
        """A key failed and will come again."""
        self._retries.labels(_kind(key)).inc()

    def looked(self, key: Key, result: str, seconds: float) -> None:
        """A look has ended."""
        self._looks.labels(_kind(key), result).inc()
        self._look_seconds.labels(_kind(key)).observe(seconds)

    def called(self, verb: str, resource: str, status: int, seconds: float) -> None:
        """A request has been answered; status 0 when it was not."""
        self._requests.labels(verb, resource, str(status)).inc()
        self._request_seconds.labels(verb, resource).observe(seconds)

    def heard_of(self, key: Key) -> None:
        """A watch has delivered an event about this object."""
        self.last_event.labels(_kind(key)).set_to_current_time()

    def status_was_written(self, kind: str) -> None:
        """A status has been written."""
        self._written.labels(kind).inc()

    # -- runs and Datasources --------------------------------------------------------------------

    def run_was_seen(self, seen: RunSeen, after: CurationRunStatus) -> None:
        """Count what has changed about a run since its status was written last."""
        before = seen.status
        if after.state is not None:
            self._keep_state(seen.key, after.state)
        if before.start_time is None and after.start_time is not None:
            waited = after.start_time - seen.created_at
            self._start_latency.observe(max(0.0, waited.total_seconds()))
        known = {(stage.name, stage.attempt): stage for stage in before.stages or []}
        for stage in after.stages or []:
            self._stage_was_seen(seen, known.get((stage.name, stage.attempt)), stage)
        if after.state is not before.state and after.state is not None and after.state.is_final:
            self._run_ended(seen, after)

    def _run_ended(self, seen: RunSeen, after: CurationRunStatus) -> None:
        outcome = str(after.state)
        ready = ready_in(after)
        reason = ready.reason if ready else ""
        self._finished.labels(seen.key.namespace, outcome, reason).inc()
        self._duration.labels(outcome).observe(after.active_seconds or 0)

    def _stage_was_seen(self, seen: RunSeen, was: StageStatus | None, stage: StageStatus) -> None:
        taken = (stage.disruptions or 0) - ((was.disruptions or 0) if was else 0)
        self._disruptions.labels(stage.name).inc(max(0, taken))
        failed = (stage.retries or 0) - ((was.retries or 0) if was else 0)
        if failed > 0:
            failure = seen.status.last_failure
            reason = failure.reason if failure else Reason.UNEXPECTED
            self._failures.labels(stage.name, reason).inc(failed)
        if (was is None or was.state is not stage.state) and stage.state.is_final:
            seconds = _between(stage.start_time, stage.completion_time)
            self._stage_duration.labels(stage.name, stage.state).observe(seconds)
            workers = stage.shards.total if stage.shards else 1
            gpus = (seen.options.gpus or 0) * min(workers, seen.shards)
            self._gpu_seconds.labels(seen.key.namespace, stage.name).inc(seconds * gpus)

    def run_was_listed(self, key: RunKey, state: RunState | None) -> None:
        """A run was met in a list."""
        self._keep_state(key, state or RunState.PENDING)

    def _keep_state(self, key: RunKey, state: RunState) -> None:
        self._states[key] = state
        (self._at_work.add if state is RunState.RUNNING else self._at_work.discard)(key)

    def run_is_gone(self, key: RunKey) -> None:
        """A run was deleted."""
        self._states.pop(key, None)
        self._at_work.discard(key)

    def runs_at_work(self) -> int:
        """How many runs have Pods."""
        return len(self._at_work)

    def datasource_was_seen(self, seen: DatasourceSeen, after: DatasourceStatus) -> None:
        """Whether a Datasource can be used."""
        ready = ready_in(after)
        is_ready = ready is not None and ready.status is ConditionStatus.TRUE
        self._ready[seen.key] = (seen.spec.type, is_ready)

    def datasource_is_gone(self, key: DatasourceKey) -> None:
        """A Datasource was deleted."""
        self._ready.pop(key, None)


class _Objects(Collector):
    """Gauges about objects, counted when they are asked for; what is gone is no longer told."""

    def __init__(
        self, states: dict[RunKey, RunState], ready: dict[DatasourceKey, tuple[str, bool]]
    ) -> None:
        self._states, self._ready = states, ready

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges as they are now."""
        runs = GaugeMetricFamily("curation_runs", "Runs by state", labels=["namespace", "state"])
        tally = Tally((key.namespace, state) for key, state in self._states.items())
        for (namespace, state), number in tally.items():
            runs.add_metric([namespace, state], number)
        yield runs
        ready = GaugeMetricFamily(
            "curation_datasource_ready",
            "1 where rights suffice",
            labels=["namespace", "name", "type"],
        )
        for key, (kind, is_ready) in self._ready.items():
            ready.add_metric([key.namespace, key.name, kind], is_ready)
        yield ready


def _kind(key: Key) -> str:
    return {"RunKey": "CurationRun", "DatasourceKey": "Datasource"}.get(type(key).__name__, "Line")


def _between(start: datetime | None, end: datetime | None) -> float:
    return max(0.0, (end - start).total_seconds()) if start and end else 0.0
