"""Datasources and CurationRuns in the cluster: read, made, changed, and found by id or name."""

import logging
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from curation_api import (
    CurationRunSpec,
    CurationRunStatus,
    DatasourceSpec,
    DatasourceStatus,
    Reason,
)
from curation_api.model import ApiModel
from curation_api.names import (
    API_VERSION,
    CLIENT_FIELD_MANAGER,
    ID_LABEL,
    OWNER_ANNOTATION,
    REQUEST_ANNOTATION,
)
from curation_client.cluster.api_server import ApiServer, Raw, path_of
from curation_client.cluster.errors import (
    AlreadyExistsException,
    ForbiddenException,
    NotFoundException,
)

logger = logging.getLogger(__name__)

OURS = f"/apis/{API_VERSION}"
_BY_US = {"fieldManager": CLIENT_FIELD_MANAGER}

# As many hex digits as ids of the documented client have; a UID has 32.
ID_DIGITS = 24

Spec = TypeVar("Spec", bound=ApiModel)
Status = TypeVar("Status", bound=ApiModel)


def chooses_from(datasource: str) -> str:
    """The field selector of the runs of a Datasource."""
    return f"spec.datasourceRef.name={datasource}"


def id_of(uid: str) -> str:
    """The id by which Python code knows an object. Given an id, it comes back as it is."""
    return uid.replace("-", "").lower()[:ID_DIGITS]


@dataclass(frozen=True)
class Stored(Generic[Spec, Status]):
    """An object as it is in the cluster."""

    namespace: str
    name: str
    uid: str
    created_at: datetime
    modified_at: datetime
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    resource_version: str
    is_being_deleted: bool
    spec: Spec
    status: Status

    @property
    def id(self) -> str:
        """Its id for Python code."""
        return id_of(self.uid)

    @property
    def owner(self) -> str | None:
        """Who made it, where that is known."""
        return self.annotations.get(OWNER_ANNOTATION)


StoredDatasource = Stored[DatasourceSpec, DatasourceStatus]
StoredRun = Stored[CurationRunSpec, CurationRunStatus]


class Objects(Generic[Spec, Status]):
    """The objects of one of our kinds in the namespace that is meant."""

    def __init__(
        self, server: ApiServer, kind: str, plural: str, spec: type[Spec], status: type[Status]
    ) -> None:
        self._server, self._kind, self._plural = server, kind, plural
        self._spec, self._status = spec, status

    @property
    def namespace(self) -> str:
        """Where they lie."""
        return self._server.namespace

    def get(self, name: str) -> Stored[Spec, Status]:
        """The object of this name; `NotFoundException` when there is none."""
        return self.read(self.get_raw(name))

    def get_raw(self, name: str) -> Raw:
        """The same, as the API server gives it."""
        found = self._server.find(self._path(name))
        if found is None:
            raise NotFoundException(
                f"There is no {self._kind} {name!r} in namespace {self.namespace}",
                status=404,
                fix=f"Check the name: kubectl get {self._plural} --namespace {self.namespace}",
                reason=Reason.NOT_FOUND,
            )
        return found

    def find(self, name: str) -> Stored[Spec, Status] | None:
        """The object of this name; None when there is none."""
        raw = self._server.find(self._path(name))
        return None if raw is None else self.read(raw)

    def each(self, **selectors: str) -> Iterator[Stored[Spec, Status]]:
        """All objects, or those that match `fieldSelector` or `labelSelector`."""
        return map(self.read, self.each_raw(**selectors))

    def each_raw(self, **selectors: str) -> Iterator[Raw]:
        """The same, as the API server gives them."""
        try:
            yield from self._server.each(self._path(), **selectors)
        except NotFoundException as error:
            raise NotFoundException(
                f"This cluster knows no {self._plural} of {API_VERSION}",
                status=404,
                fix="Install Curation, or use the kubeconfig context of a cluster that has it",
                reason=Reason.NOT_FOUND,
            ) from error

    def find_by_id(self, id_: str) -> Stored[Spec, Status] | None:
        """The object of this id, whoever made it; None when there is none.

        The label is only an index: what it says is compared with the UID, and an object that has
        none is found by going through all.
        """
        wanted = id_of(id_)
        if len(wanted) < ID_DIGITS or not wanted.isalnum():
            return None
        labelled = self.each(labelSelector=f"{ID_LABEL}={wanted}")
        found = next((one for one in labelled if one.id == wanted), None)
        return found or next((one for one in self.each() if one.id == wanted), None)

    def get_by_id(self, id_: str) -> Stored[Spec, Status]:
        """The object of this id; `NotFoundException` when there is none."""
        found = self.find_by_id(id_)
        if found is None:
            raise NotFoundException(
                f"There is no {self._kind} with the id {id_!r} in namespace {self.namespace}",
                status=404,
                fix="Check the id, and that the namespace is the right one",
                reason=Reason.NOT_FOUND,
            )
        return found

    def create(
        self, name: str, spec: Mapping[str, Any], *, annotations: Mapping[str, str] | None = None
    ) -> Stored[Spec, Status]:
        """Make an object, once, even when the answer to the request is lost.

        `AlreadyExistsException` when somebody else has made one of this name.
        """
        request = secrets.token_hex(8)
        body = {
            "apiVersion": API_VERSION,
            "kind": self._kind,
            "metadata": {
                "name": name,
                "annotations": {**(annotations or {}), REQUEST_ANNOTATION: request},
            },
            "spec": dict(spec),
        }
        try:
            created = self.read(self._server.post(self._path(), body, **_BY_US))
        except AlreadyExistsException:
            there = self.find(name)
            if there is None or there.annotations.get(REQUEST_ANNOTATION) != request:
                raise
            created = there
        return self._labelled(created)

    def _labelled(self, created: Stored[Spec, Status]) -> Stored[Spec, Status]:
        """With its id as a label. Without it the object is only slower to find."""
        try:
            return self.change(created.name, {"metadata": {"labels": {ID_LABEL: created.id}}})
        except (ForbiddenException, NotFoundException) as error:
            logger.debug("%s %s has no label: %s", self._kind, created.name, error)
            return created

    def change(self, name: str, patch: Raw) -> Stored[Spec, Status]:
        """Merge something into the object; null removes."""
        return self.read(self._server.patch(self._path(name), patch, **_BY_US))

    def delete(self, stored: Stored[Spec, Status]) -> None:
        """Remove this object and what it owns, but not a later one of the same name."""
        options = {"propagationPolicy": "Background", "preconditions": {"uid": stored.uid}}
        self._server.delete(self._path(stored.name), options)

    def watch(self, name: str, resource_version: str) -> Iterator[Raw]:
        """What happens to the object from then on: `type` and `object`, raw."""
        return self._server.watch(
            self._path(), fieldSelector=f"metadata.name={name}", resourceVersion=resource_version
        )

    def read(self, raw: Raw) -> Stored[Spec, Status]:
        """An object as the API server gives it."""
        metadata = raw["metadata"]
        created_at = datetime.fromisoformat(metadata["creationTimestamp"])
        changes = (entry.get("time") for entry in metadata.get("managedFields", []))
        return Stored(
            namespace=metadata["namespace"],
            name=metadata["name"],
            uid=metadata["uid"],
            created_at=created_at,
            modified_at=max((datetime.fromisoformat(t) for t in changes if t), default=created_at),
            labels=metadata.get("labels", {}),
            annotations=metadata.get("annotations", {}),
            resource_version=metadata["resourceVersion"],
            is_being_deleted="deletionTimestamp" in metadata,
            spec=self._spec.stored(raw["spec"]),
            status=self._status.stored(raw.get("status") or {}),
        )

    def _path(self, name: str = "") -> str:
        return path_of(OURS, self.namespace, self._plural, name)


Datasources = Objects[DatasourceSpec, DatasourceStatus]
Runs = Objects[CurationRunSpec, CurationRunStatus]


def datasources_of(server: ApiServer) -> Datasources:
    """The Datasources of the namespace."""
    return Objects(server, "Datasource", "datasources", DatasourceSpec, DatasourceStatus)


def runs_of(server: ApiServer) -> Runs:
    """The CurationRuns of the namespace."""
    return Objects(server, "CurationRun", "curationruns", CurationRunSpec, CurationRunStatus)
