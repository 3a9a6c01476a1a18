"""What kopf tells us: something has changed. What follows is decided from a fresh look.

Handlers are `async` because kopf runs all others in threads, and the queue is not for threads.
"""

from typing import Any

import kopf

from curation_api.names import GROUP, MANAGED_BY, MANAGED_BY_LABEL, VERSION
from curation_operator.planning.keys import DatasourceKey, RunKey
from curation_operator.planning.tidying import is_settled

CURATION_RUNS = (GROUP, VERSION, "curationruns")
DATASOURCES = (GROUP, VERSION, "datasources")
JOBS = ("batch", "v1", "jobs")

# A stream that stalls is noticed by the one timeout or the other.
SERVER_TIMEOUT_SECONDS, CLIENT_TIMEOUT_SECONDS = 300, 330

# Objects are listed in pieces: ten thousand of them at once would be most of our memory.
PAGE = 500


def may_need_work(body: kopf.Body, **_: Any) -> bool:
    """Whether a run has not ended, or has been changed since. Restarts stay cheap by that."""
    status, generation = body.status, body.metadata["generation"]
    return not is_settled(status.get("state"), status.get("observedGeneration"), generation)


def is_gone(type: str | None, **_: Any) -> bool:  # noqa: A002  kopf's name for it
    """Whether this is the last we hear of an object."""
    return type == "DELETED"


def is_not_written_down(body: kopf.Body, **_: Any) -> bool:
    """Whether a Job still matters: one that expires has been dealt with."""
    return "ttlSecondsAfterFinished" not in body.spec


@kopf.on.event(*CURATION_RUNS, when=may_need_work)
async def run_changed(body: kopf.Body, memo: kopf.Memo, **_: Any) -> None:
    """Somebody touched a CurationRun: look at it soon, and at a new one before all others."""
    memo.inbox.run_changed(
        RunKey(*_place(body)),
        body.spec["datasourceRef"]["name"],
        body.metadata["resourceVersion"],
        is_new="state" not in body.status,
    )


@kopf.on.event(*CURATION_RUNS, when=is_gone)
async def run_gone(body: kopf.Body, memo: kopf.Memo, **_: Any) -> None:
    """A CurationRun was deleted: it is forgotten, and whoever waited for it may be next."""
    memo.inbox.run_gone(RunKey(*_place(body)), body.spec["datasourceRef"]["name"])


@kopf.on.event(*DATASOURCES)
async def datasource_changed(body: kopf.Body, memo: kopf.Memo, **_: Any) -> None:
    """Somebody touched a Datasource: look at it soon."""
    memo.inbox.datasource_changed(DatasourceKey(*_place(body)), body.metadata["resourceVersion"])


@kopf.on.event(*JOBS, when=is_not_written_down)
async def job_changed(body: kopf.Body, memo: kopf.Memo, **_: Any) -> None:
    """A Job of ours has news for whom it belongs to."""
    namespace, _name = _place(body)
    for owner in body.metadata.get("ownerReferences", []):
        key = RunKey if owner["kind"] == "CurationRun" else DatasourceKey
        memo.inbox.add(key(namespace, owner["name"]))


def _place(body: kopf.Body) -> tuple[str, str]:
    return str(body.metadata.namespace), str(body.metadata.name)


@kopf.on.login()
async def log_in(memo: kopf.Memo, **_: Any) -> kopf.ConnectionInfo:
    """The same server and the same identity as ours."""
    connection: kopf.ConnectionInfo = await memo.log_in()
    return connection


class NothingKept(kopf.DiffBaseStorage):
    """Kopf compares no states of an object for us, and need not copy it for that at each event."""

    def build(self, **_: Any) -> Any:
        """What would be compared."""
        return {}

    def fetch(self, **_: Any) -> None:
        """What it would be compared with."""

    def store(self, **_: Any) -> None:
        """What would be written to the object."""


def kopf_settings() -> kopf.OperatorSettings:
    """Kopf as an event source and nothing else."""
    settings = kopf.OperatorSettings()
    settings.peering.standalone = True
    settings.scanning.disabled = True
    settings.posting.enabled = False
    settings.watching.server_timeout = SERVER_TIMEOUT_SECONDS
    settings.watching.client_timeout = CLIENT_TIMEOUT_SECONDS
    settings.watching.connect_timeout = 15
    settings.watching.reconnect_backoff = 1.0
    settings.watching.chunk_size = PAGE
    settings.watching.label_selectors["batch/v1", "jobs"] = f"{MANAGED_BY_LABEL}={MANAGED_BY}"
    settings.networking.request_timeout = 60
    settings.networking.connect_timeout = 10
    settings.networking.error_backoffs = (1, 2, 3, 5, 8)
    settings.queueing.idle_timeout = 2.0
    settings.process.ultimate_exiting_timeout = None  # We end with it, and need no SIGKILL for it.
    # Never written, since no handler of ours needs them; named so that they could not collide.
    settings.persistence.finalizer = f"{GROUP}/unused"
    settings.persistence.diffbase_storage = NothingKept()
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=f"op.{GROUP}")
    return settings
