"""Registered workers: names for nodes with certain labels, kept in one ConfigMap.

In a cluster nobody registers a worker: nodes carry labels, and the scheduler knows them. Scripts
that register one find it again.
"""

import hashlib
import json
import re
import time
from typing import Any

from curation_api.names import CLIENT_FIELD_MANAGER
from curation_api.problems import InvalidConfigurationError, Reason
from curation_client.cluster.api_server import path_of
from curation_client.cluster.errors import AlreadyExistsException, NotFoundException
from curation_client.cluster.objects import id_of
from curation_client.models import DockerWorkerRegistryEntryData
from curation_client.workflow.current import Current

CONFIG_MAP = "curation-workers"
_NAME = re.compile(r"^[a-zA-Z0-9][a-zA-Z0-9 _-]{2,}$")


class Workers:
    """The registered workers of the namespace."""

    def __init__(self, current: Current) -> None:
        self._current = current

    def register(self, name: str, labels: list[str] | None) -> str:
        """Note a worker; its id comes back, the same for the same name."""
        if not _NAME.fullmatch(name):
            raise InvalidConfigurationError(
                f"{name!r} cannot be the name of a worker",
                fix="Use at least three letters, digits, spaces, '_' and '-'",
            )
        id_ = id_of(hashlib.sha256(name.encode()).hexdigest())
        known = self._entries().get(id_, {})
        entry = {"name": name, "labels": labels or [], "createdAt": int(time.time() * 1000)}
        self._write({id_: json.dumps({**entry, **known, "labels": labels or []})})
        return id_

    def all(self) -> list[DockerWorkerRegistryEntryData]:
        """Every registered worker, the oldest first."""
        working = any(True for _ in self._running())
        records = [
            DockerWorkerRegistryEntryData(
                id=id_,
                user_id=self._current.user or "",
                name=entry["name"],
                state="BUSY" if working else "IDLE",
                created_at=entry["createdAt"],
                last_modified_at=entry["createdAt"],
                labels=entry["labels"],
            )
            for id_, entry in self._entries().items()
        ]
        return sorted(records, key=lambda record: record.created_at)

    def delete(self, id_: str) -> None:
        """Forget a worker; an `ApiException` (404) when there is none of this id."""
        if id_ not in self._entries():
            raise NotFoundException(
                f"There is no worker with the id {id_!r}", status=404, reason=Reason.NOT_FOUND
            )
        self._write({id_: None})

    def _running(self) -> Any:
        return self._current.runs.each(fieldSelector="status.state=Running")

    def _entries(self) -> dict[str, Any]:
        found = self._current.server.find(self._path(CONFIG_MAP)) or {}
        return {id_: json.loads(text) for id_, text in (found.get("data") or {}).items()}

    def _write(self, data: dict[str, str | None]) -> None:
        server, by_us = self._current.server, {"fieldManager": CLIENT_FIELD_MANAGER}
        try:
            server.patch(self._path(CONFIG_MAP), {"data": data}, **by_us)
        except NotFoundException:
            body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": CONFIG_MAP}}
            try:
                server.post(self._path(), {**body, "data": data}, **by_us)
            except AlreadyExistsException:  # Somebody was faster.
                server.patch(self._path(CONFIG_MAP), {"data": data}, **by_us)

    def _path(self, name: str = "") -> str:
        return path_of("/api/v1", self._current.server.namespace, "configmaps", name)
