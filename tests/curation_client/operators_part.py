"""What operator and workers would do, for tests that are about the client alone."""

from typing import Any

from curation_api import JobConfig
from tools.control_plane.cluster import ControlPlane

START = "2026-01-01T00:00:00Z"


class Cluster:
    """What an operator would do to runs."""

    def __init__(self, control_plane: ControlPlane, namespace: str) -> None:
        self._api = control_plane.api
        self._runs = f"/apis/curation.dev/v1alpha1/namespaces/{namespace}/curationruns"

    def runs(self) -> list[Any]:
        items: list[Any] = self._api.get(self._runs).body["items"]
        return items

    def say(self, id_: str, state: str, step: str | None = None, **status: Any) -> None:
        """Write the status of a run."""
        begun = {} if state in {"Pending", "Queued"} else {"startTime": START}
        said = {**begun, "state": state, "step": step, **status}
        answer = self._api.patch(f"{self._runs}/{self.name_of(id_)}/status", {"status": said})
        assert answer.status == 200, answer.body

    def name_of(self, id_: str) -> str:
        uids = {run["metadata"]["uid"].replace("-", "")[:24]: run for run in self.runs()}
        return str(uids[id_]["metadata"]["name"])

    def delete(self, id_: str) -> None:
        self._api.delete(f"{self._runs}/{self.name_of(id_)}")


def a_job_config(datasource_spec: object, uid: str, run: str) -> JobConfig:
    strategy = {"input": {"type": "RANDOM"}, "strategy": {"type": "WEIGHTS"}}
    return JobConfig.model_validate(
        {
            "run": {"name": run, "namespace": "here", "uid": f"{run}-1234-1234-1234-123456789012"},
            "datasource": {"name": "farm", "uid": uid},
            "datasourceSpec": datasource_spec,
            "workerConfig": {},
            "lightlyConfig": {},
            "selectionConfig": {"nSamples": 5, "strategies": [strategy]},
        }
    )
