"""What the workers of a run say, of all its Pods, also while they come and go."""

import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from curation_api.names import RUN_UID_LABEL, STAGE_LABEL
from curation_api.states import Stage
from curation_client.cluster.api_server import ApiServer, Raw, path_of
from curation_client.cluster.control import has_ended
from curation_client.cluster.errors import ApiException, NotFoundException, RefusedException
from curation_client.cluster.objects import StoredRun, runs_of

CORE = "/api/v1"
SHARD_LABEL = "batch.kubernetes.io/job-completion-index"

# How soon a Pod is seen that was started meanwhile.
LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line, and which part of the run says it; empty where the run has only one."""

    part: str
    text: str

    def __str__(self) -> str:
        """As one reads it in the logs of several."""
        return f"{self.part}: {self.text}" if self.part else self.text


def log_lines(
    server: ApiServer, run: StoredRun, *, stage: str | None = None, tail: int | None = None
) -> Iterator[LogLine]:
    """What has been said, Pod after Pod."""
    for pod in _pods(server, run, stage):
        yield from _said_by(server, pod, {} if tail is None else {"tailLines": str(tail)})


def followed_log_lines(
    server: ApiServer, run: StoredRun, *, stage: str | None = None
) -> Iterator[LogLine]:
    """What has been said and is said, as it comes, until the run ends."""
    said: queue.SimpleQueue[LogLine] = queue.SimpleQueue()
    threads: dict[str, threading.Thread] = {}
    while True:
        is_over = has_ended(runs_of(server).get(run.name))
        for pod in _pods(server, run, stage):
            uid = pod["metadata"]["uid"]
            if uid not in threads and pod["status"].get("phase") != "Pending":
                threads[uid] = threading.Thread(
                    target=_pass_on, args=(server, pod, said), daemon=True
                )
                threads[uid].start()
        yield from _until(said, time.monotonic() + LOOK_SECONDS)
        if is_over and not any(thread.is_alive() for thread in threads.values()):
            yield from _until(said, time.monotonic())
            return


def _until(said: "queue.SimpleQueue[LogLine]", deadline: float) -> Iterator[LogLine]:
    while True:
        try:
            yield said.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return


def _pods(server: ApiServer, run: StoredRun, stage: str | None) -> list[Raw]:
    """The Pods of a run, the oldest first."""
    selector = f"{RUN_UID_LABEL}={run.uid}" + (f",{STAGE_LABEL}={stage}" if stage else "")
    pods = server.each(path_of(CORE, run.namespace, "pods"), labelSelector=selector)
    return sorted(pods, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))


def _said_by(server: ApiServer, pod: Raw, query: dict[str, str]) -> Iterator[LogLine]:
    """The log of a Pod; nothing where it has not started, or is gone already."""
    metadata = pod["metadata"]
    path = f"{path_of(CORE, metadata['namespace'], 'pods', metadata['name'])}/log"
    try:
        for line in server.lines(path, **query):
            yield LogLine(_part(metadata["labels"]), line)
    except (NotFoundException, RefusedException):
        return


def _pass_on(server: ApiServer, pod: Raw, said: "queue.SimpleQueue[LogLine]") -> None:
    try:
        for line in _said_by(server, pod, {"follow": "true"}):
            said.put(line)
    except ApiException as error:
        said.put(LogLine(_part(pod["metadata"]["labels"]), f"(cut off: {error})"))


def _part(labels: dict[str, str]) -> str:
    stage, shard = labels.get(STAGE_LABEL, ""), labels.get(SHARD_LABEL)
    if stage == Stage.ALL:
        return ""
    return stage if shard is None or stage != Stage.EMBED else f"{stage}/{shard}"
