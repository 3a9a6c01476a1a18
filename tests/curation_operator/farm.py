"""A namespace as a user sees it: volumes, a Datasource, runs, and what becomes of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from curation_api.names import API_VERSION
from tools.control_plane.cluster import Cluster
from tools.node.volumes import STORAGE_CLASS
from tools.waiting import wait_until

# What takes a second on a quiet machine, on one that is busy with other things.
PATIENCE_SECONDS = 30

SELECTION = {
    "nSamples": 5,
    "strategies": [{"input": {"type": "EMBEDDINGS"}, "strategy": {"type": "DIVERSITY"}}],
}


def ours(kind: str, name: str, spec: Any) -> Any:
    """A Datasource or a run, as a user would write it."""
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}


def a_secret(name: str, content: dict[str, str]) -> Any:
    return {
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": content,
    }  # fmt: skip


class Farm:
    """Everything a test does in its namespace, and sees there."""

    def __init__(self, namespace: str, control_plane: Cluster) -> None:
        self.namespace, self.control_plane = namespace, control_plane
        self.api = control_plane.api
        self._ours = f"/apis/{API_VERSION}/namespaces/{namespace}"
        self._jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
        self._leases = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._core = f"/api/v1/namespaces/{namespace}"
        self.folders: dict[str, Path] = {}

    def be_strict(self) -> None:
        """From now on Pods must pass the strictest level of security there is."""
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        self.api.patch(f"/api/v1/namespaces/{self.namespace}", {"metadata": {"labels": labels}})

    def prepare(self) -> None:
        """Two volumes, one of them with pictures; Pods must pass the strictest level there is."""
        self.be_strict()
        for name in ("pictures", "results"):
            spec = {
                "accessModes": ["ReadWriteMany"],
                "resources": {"requests": {"storage": "1Gi"}},
                "storageClassName": STORAGE_CLASS,
            }
            claim = {"metadata": {"name": name}, "spec": spec}
            self._create(f"{self._core}/persistentvolumeclaims", claim)
        for name in ("pictures", "results"):
            self.folders[name] = Path(self._folder_of(name))
        (self.folders["pictures"] / "cow.jpg").write_text("moo")

    def _folder_of(self, claim: str) -> str:
        def bound() -> str | None:
            found = self.api.get(f"{self._core}/persistentvolumeclaims/{claim}").body
            return str(found["spec"]["volumeName"]) if found["status"]["phase"] == "Bound" else None

        name = wait_until(bound, seconds=PATIENCE_SECONDS, what=f"claim {claim} is bound")
        volume = self.api.get(f"/api/v1/persistentvolumes/{name}").body
        return str(volume["spec"]["hostPath"]["path"])

    # -- what a user does ------------------------------------------------------------------------

    def create_datasource(self, name: str = "farm", **spec: Any) -> Any:
        usual = {
            "type": "IMAGES",
            "input": {"local": {"claimName": "pictures"}},
            "lightly": {"local": {"claimName": "results"}},
        }
        return self._create_ours("Datasource", "datasources", name, {**usual, **spec})

    def create_secret(self, name: str, content: dict[str, str]) -> None:
        self._create(f"{self._core}/secrets", a_secret(name, content))

    def create_run(self, name: str = "first", script: Any = None, **spec: Any) -> Any:
        """A run whose workers do what the script says."""
        job = dict(spec.pop("job", {}))
        if script is not None:
            job["env"] = [{"name": "SCRIPT", "value": json.dumps(script)}]
        usual = {"datasourceRef": {"name": "farm"}, "selectionConfig": SELECTION, "job": job}
        return self._create_ours("CurationRun", "curationruns", name, {**usual, **spec})

    def _create_ours(self, kind: str, plural: str, name: str, spec: Any) -> Any:
        return self._create(f"{self._ours}/{plural}", ours(kind, name, spec))

    def _create(self, path: str, body: Any) -> Any:
        answer = self.api.post(path, body)
        assert answer.status == 201, answer.body
        return answer.body

    def change_run(self, name: str = "first", **spec: Any) -> None:
        answer = self.api.patch(f"{self._ours}/curationruns/{name}", {"spec": spec})
        assert answer.status == 200, answer.body

    def take_job_name(self, run: str) -> Any:
        """Somebody else's Job by the name that the run's first Job would have."""
        uid = self.run(run)["metadata"]["uid"]
        pod = {"restartPolicy": "Never", "containers": [{"name": "x", "image": "x"}]}
        spec = {"suspend": True, "template": {"spec": pod}}
        metadata = {"name": f"{run}-{uid[:8]}-run-a1"}
        return self._create(self._jobs, {"metadata": metadata, "spec": spec})

    def annotate(self, kind: str, name: str, **annotations: str | None) -> None:
        marks = {f"curation.dev/{key}": value for key, value in annotations.items()}
        body = {"metadata": {"annotations": marks}}
        assert self.api.patch(f"{self._ours}/{kind}/{name}", body).status == 200

    def change_datasource(self, name: str = "farm", **spec: Any) -> None:
        answer = self.api.patch(f"{self._ours}/datasources/{name}", {"spec": spec})
        assert answer.status == 200, answer.body

    def change_lease(self, name: str, **spec: Any) -> None:
        answer = self.api.patch(f"{self._leases}/{name}", {"spec": spec})
        assert answer.status == 200, answer.body

    def delete(self, kind: str, name: str) -> None:
        assert self.api.delete(f"{self._ours}/{kind}/{name}").status == 200

    def delete_job(self, of: str) -> None:
        [job] = self.jobs(of=of)
        path = f"{self._jobs}/{job['metadata']['name']}"
        self.control_plane.kubectl("delete", "--raw", f"{path}?propagationPolicy=Background")

    def delete_pod(self, pod: str) -> None:
        assert self.api.delete(f"{self._core}/pods/{pod}").status == 200

    def evict(self, pod: str) -> None:
        """Ask a Pod to leave its node, as a drain does."""
        body = {"metadata": {"name": pod}}
        answer = self.api.post(f"{self._core}/pods/{pod}/eviction", body)
        assert answer.status == 201, answer.body

    def open_gate(self, name: str = "gate") -> None:
        """Let workers go on that wait for this file."""
        (self.folders["results"] / name).touch()

    def files(self) -> set[str]:
        """Everything in both volumes, as names relative to them."""
        return {
            str(path.relative_to(folder))
            for folder in self.folders.values()
            for path in folder.rglob("*")
            if path.is_file()
        }

    # -- what a user sees ------------------------------------------------------------------------

    def run(self, name: str = "first") -> Any:
        return self.api.get(f"{self._ours}/curationruns/{name}").body

    def datasource(self, name: str = "farm") -> Any:
        return self.api.get(f"{self._ours}/datasources/{name}").body

    def objects_of_users(self) -> list[Any]:
        """Every run and Datasource of the namespace."""
        lists = (self.api.get(f"{self._ours}/{kind}") for kind in ("curationruns", "datasources"))
        return [item for listed in lists for item in listed.body["items"]]

    def lease(self, name: str) -> Any:
        return self.api.get(f"{self._leases}/{name}").body

    def jobs(self, *, of: str = "", labels: str = "") -> list[Any]:
        """All Jobs, or those of a run or of a stage, or those with these labels."""
        jobs = self.api.get(f"{self._jobs}?labelSelector={labels}").body["items"]
        return [job for job in jobs if of in job["metadata"]["name"]]

    def pods(self, *, of: str = "") -> list[Any]:
        pods = self.api.get(f"{self._core}/pods").body["items"]
        return [pod for pod in pods if of in pod["metadata"]["name"]]

    def wait_for_pod(self, *, of: str = "") -> Any:
        """The Pod of a run that is at work."""

        def at_work() -> Any:
            running = [pod for pod in self.pods(of=of) if pod["status"]["phase"] == "Running"]
            return running[0] if running else None

        return self.wait(at_work, f"a Pod of {of} is at work")

    def events(self, about: str = "first") -> list[Any]:
        events = self.api.get(f"/apis/events.k8s.io/v1/namespaces/{self.namespace}/events").body
        return [event for event in events["items"] if event["regarding"]["name"] == about]

    def journal(self) -> list[Any]:
        """What the scripted workers have noted, in order."""
        path = self.folders["results"] / "journal.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def wait_for_run(
        self,
        holds: Callable[[Any], Any],
        what: str,
        name: str = "first",
        *,
        seconds: float = PATIENCE_SECONDS,
    ) -> Any:
        """Wait until something holds for the run's status, and return the status."""
        seen: dict[str, Any] = {}

        def status_holds() -> Any:
            seen.update(status=self.run(name).get("status", {}))
            return holds(seen["status"])

        try:
            self.wait(status_holds, what, seconds=seconds)
        except TimeoutError as error:
            raise AssertionError(f"{error}; it is {json.dumps(seen['status'], indent=1)}") from None
        return seen["status"]

    def wait_for_state(
        self, *states: str, name: str = "first", seconds: float = PATIENCE_SECONDS
    ) -> Any:
        return self.wait_for_run(
            lambda status: status.get("state") in states,
            f"{name} is {' or '.join(states)}",
            name,
            seconds=seconds,
        )

    def wait_for_reason(
        self, reason: str, name: str = "first", *, seconds: float = PATIENCE_SECONDS
    ) -> Any:
        return self.wait_for_run(
            lambda status: condition(status, "Ready").get("reason") == reason,
            f"{name} is not Ready because of {reason}",
            name,
            seconds=seconds,
        )

    def wait_for_datasource(
        self, reason: str, name: str = "farm", *, seconds: float = PATIENCE_SECONDS
    ) -> Any:
        def said() -> Any:
            status = self.datasource(name).get("status", {})
            return status if condition(status, "Ready").get("reason") == reason else None

        return self.wait(said, f"Datasource {name} is {reason}", seconds=seconds)

    def wait(
        self, holds: Callable[[], Any], what: str, *, seconds: float = PATIENCE_SECONDS
    ) -> Any:
        return wait_until(holds, seconds=seconds, what=what)


def condition(status: Any, kind: str) -> Any:
    """A condition of a status, or nothing."""
    return next((entry for entry in status.get("conditions", []) if entry["type"] == kind), {})


def written_by_the_operator(item: Any) -> set[str]:
    """The parts of an object that are the operator's, as the API server keeps account of it."""
    entries = item["metadata"]["managedFields"]
    return {
        part
        for entry in entries
        if "operator" in entry["manager"] or "kopf" in entry["manager"]
        for part in entry["fieldsV1"]
    }
