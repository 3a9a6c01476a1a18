"""The port on a real API server."""

from collections.abc import AsyncIterator
from typing import Any

from curation_api.names import API_VERSION, JOB_UID_LABEL, STATUS_FIELD_MANAGER
from curation_api.problems import Reason
from curation_api.states import RunState
from curation_operator.kube.api_server import (
    MERGE_PATCH,
    METADATA_ONLY,
    SERVER_SIDE_APPLY,
    ApiServer,
    Call,
)
from curation_operator.kube.errors import AlreadyThereError, NotThereError, RefusedError
from curation_operator.kube.port import Raw
from curation_operator.planning.keys import DatasourceKey, RunKey
from curation_operator.planning.plan import Manifest

OURS = f"/apis/{API_VERSION}"
BATCH = "/apis/batch/v1"
CORE = "/api/v1"
EVENTS = "/apis/events.k8s.io/v1"
KUEUE = "/apis/kueue.x-k8s.io/v1beta1"

# A namespace with thousands of objects is read in pieces, so that memory stays small.
PAGE = "500"

_UNFINISHED = ",".join(f"status.state!={state}" for state in RunState if state.is_final)


class KubernetesClient:
    """The few calls the operator makes, as requests."""

    def __init__(self, ask: ApiServer) -> None:
        self._ask = ask

    async def run(self, key: RunKey) -> Raw | None:
        """A CurationRun, as it is now."""
        return await self._get("curationruns", f"{OURS}/namespaces/{key.namespace}", key.name)

    async def datasource(self, key: DatasourceKey) -> Raw | None:
        """A Datasource, as it is now."""
        return await self._get("datasources", f"{OURS}/namespaces/{key.namespace}", key.name)

    def every_run(self, namespace: str | None) -> AsyncIterator[Raw]:
        """All runs, few of them in memory at a time."""
        return self._each("curationruns", _in(OURS, namespace))

    def every_datasource(self, namespace: str | None) -> AsyncIterator[Raw]:
        """All Datasources, few of them in memory at a time."""
        return self._each("datasources", _in(OURS, namespace))

    async def unfinished_runs(self, namespace: str, datasource: str) -> list[Raw]:
        """The runs of one Datasource that have not ended."""
        fields = f"spec.datasourceRef.name={datasource},{_UNFINISHED}"
        return await self._list("curationruns", _in(OURS, namespace), fieldSelector=fields)

    async def jobs(self, namespace: str | None, selector: str) -> list[Raw]:
        """The Jobs with these labels."""
        return await self._list("jobs", _in(BATCH, namespace), labelSelector=selector)

    async def owners_of_jobs(self, namespace: str, selector: str) -> set[str]:
        """The UIDs of whom the Jobs with these labels belong to."""
        query = (("labelSelector", selector),)
        path = f"{BATCH}/namespaces/{namespace}/jobs"
        listed = await self._ask(Call("list", "jobs", path, query, accept=METADATA_ONLY))
        return {
            owner["uid"]
            for job in listed["items"] or []  # this form says null for none
            for owner in job["metadata"].get("ownerReferences", [])
        }

    async def pods(self, namespace: str, selector: str) -> list[Raw]:
        """The Pods with these labels."""
        return await self._list("pods", _in(CORE, namespace), labelSelector=selector)

    async def config_map(self, namespace: str, name: str) -> Raw | None:
        """A ConfigMap of ours."""
        return await self._get("configmaps", f"{CORE}/namespaces/{namespace}", name)

    async def remarks(self, namespace: str, about_uid: str) -> list[Raw]:
        """The events about an object."""
        fields = f"involvedObject.uid={about_uid}"
        return await self._list("events", _in(CORE, namespace), fieldSelector=fields)

    async def workloads(self, namespace: str, job_uid: str) -> list[Raw]:
        """What Kueue keeps about a Job; nothing where Kueue is not installed."""
        selector = f"{JOB_UID_LABEL}={job_uid}"
        try:
            return await self._list("workloads", _in(KUEUE, namespace), labelSelector=selector)
        except NotThereError:
            return []

    async def try_job(self, manifest: Manifest) -> None:
        """Whether the API server would take this Job: it raises if not."""
        try:
            await self._ask(_creation("jobs", BATCH, manifest, ("dryRun", "All")))
        except AlreadyThereError:
            return

    async def create_job(self, manifest: Manifest) -> None:
        """Create the Job; one of ours by the same name already there is success."""
        await self._create_or_adopt("jobs", BATCH, manifest)

    async def create_config_map(self, manifest: Manifest) -> None:
        """Create the ConfigMap; one of ours by the same name already there is success."""
        await self._create_or_adopt("configmaps", CORE, manifest)

    async def patch_job(self, namespace: str, name: str, patch: Manifest) -> None:
        """Change a Job; a UID in the patch makes sure that it is still that one."""
        path = f"{BATCH}/namespaces/{namespace}/jobs/{name}"
        await self._ask(Call("patch", "jobs", path, body=patch, content_type=MERGE_PATCH))

    async def delete_job(self, namespace: str, name: str, uid: str) -> None:
        """Remove the Job when its Pods are gone. One that is gone already is success."""
        path = f"{BATCH}/namespaces/{namespace}/jobs/{name}"
        options = {"propagationPolicy": "Foreground", "preconditions": {"uid": uid}}
        try:
            await self._ask(Call("delete", "jobs", path, body=options))
        except NotThereError:
            return

    async def write_run_status(
        self, key: RunKey, status: Manifest, *, resource_version: str
    ) -> str:
        """The status as a whole, as ours, unless the run changed since it was read."""
        return await self._write_status(
            "CurationRun", "curationruns", key, status, resource_version
        )

    async def write_datasource_status(
        self, key: DatasourceKey, status: Manifest, *, resource_version: str
    ) -> str:
        """The status as a whole, as ours, unless the object changed since it was read."""
        return await self._write_status("Datasource", "datasources", key, status, resource_version)

    async def tell(self, event: Manifest) -> str:
        """Create an event; its name comes back."""
        created = await self._ask(_creation("events", EVENTS, event))
        return str(created["metadata"]["name"])

    async def tell_again(self, namespace: str, name: str, series: Manifest) -> None:
        """Say of an event that it happened again."""
        path = f"{EVENTS}/namespaces/{namespace}/events/{name}"
        patch = {"series": series}
        await self._ask(Call("patch", "events", path, body=patch, content_type=MERGE_PATCH))

    async def _get(self, resource: str, where: str, name: str) -> Raw | None:
        try:
            found: Raw = await self._ask(Call("get", resource, f"{where}/{resource}/{name}"))
        except NotThereError:
            return None
        return found

    async def _list(self, resource: str, where: str, **selectors: str) -> list[Raw]:
        return [found async for found in self._each(resource, where, **selectors)]

    async def _each(self, resource: str, where: str, **selectors: str) -> AsyncIterator[Raw]:
        after = ""
        while True:
            query = [*selectors.items(), ("limit", PAGE)]
            query += [("continue", after)] if after else []
            page = await self._ask(Call("list", resource, f"{where}/{resource}", query))
            for found in page["items"]:
                yield found
            after = page["metadata"].get("continue", "")
            if not after:
                return

    async def _create_or_adopt(self, resource: str, where: str, manifest: Manifest) -> None:
        try:
            await self._ask(_creation(resource, where, manifest))
        except AlreadyThereError:
            metadata = manifest["metadata"]
            there = await self._get(
                resource, f"{where}/namespaces/{metadata['namespace']}", metadata["name"]
            )
            # Gone again in between: the next look creates it.
            if there is not None and _controller(there) != _controller(manifest):
                raise RefusedError(
                    409,
                    f"{manifest['kind']} {metadata['name']} in namespace {metadata['namespace']}"
                    " belongs to somebody else. To fix it: delete it, or give the run another name",
                    why=Reason.NAME_CONFLICT,
                ) from None

    async def _write_status(
        self,
        kind: str,
        resource: str,
        key: RunKey | DatasourceKey,
        status: Manifest,
        resource_version: str,
    ) -> str:
        # Not the UID: of a custom resource's status the API server takes one that is not its own.
        metadata = {
            "name": key.name,
            "namespace": key.namespace,
            "resourceVersion": resource_version,
        }
        path = f"{OURS}/namespaces/{key.namespace}/{resource}/{key.name}/status"
        body = {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "status": status}
        query = (("fieldManager", STATUS_FIELD_MANAGER), ("force", "true"))
        call = Call("patch", f"{resource}/status", path, query, body, SERVER_SIDE_APPLY)
        written = await self._ask(call)
        return str(written["metadata"]["resourceVersion"])


def _in(where: str, namespace: str | None) -> str:
    return where if namespace is None else f"{where}/namespaces/{namespace}"


def _creation(resource: str, where: str, manifest: Manifest, *query: tuple[str, str]) -> Call:
    path = f"{where}/namespaces/{manifest['metadata']['namespace']}/{resource}"
    manager = ("fieldManager", STATUS_FIELD_MANAGER)
    return Call("create", resource, path, (*query, manager), manifest)


def _controller(manifest: Any) -> str | None:
    owners = manifest["metadata"].get("ownerReferences", [])
    return next((owner["uid"] for owner in owners if owner.get("controller")), None)
