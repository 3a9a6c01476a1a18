"""The same function as a plain kopf operator: one handler to create, one to update, one timer.

What most operators in Python look like: kopf keeps its state in annotations and finalizers of the
objects, and each object has a timer. `benchmarks.operator_load` runs it beside ours.
"""

from typing import Any

import kopf
import kubernetes

RUNS = ("curation.dev", "v1alpha1", "curationruns")
FINAL = {"Completed", "Failed", "Crashed", "Aborted"}
TIMER_SECONDS = 15


def is_at_work(status: kopf.Status, **_: Any) -> bool:
    """Whether it has not ended."""
    return status.get("state") not in FINAL


@kopf.on.startup()
def start(settings: kopf.OperatorSettings, **_: Any) -> None:
    """As a deployment would set it."""
    kubernetes.config.load_kube_config()  # type: ignore[no-untyped-call]
    settings.posting.enabled = False
    settings.scanning.disabled = True


@kopf.on.create(*RUNS, when=is_at_work)
def created(name: str, namespace: Any, uid: str, body: kopf.Body, **_: Any) -> None:
    """Start the Job of a run."""
    container = {
        "name": "worker",
        "image": "x",
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}},
    }
    labels = {"curation.dev/run": name}
    job: Any = {
        "metadata": {"name": f"{name}-{uid[:8]}", "labels": labels},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}},
    }
    kopf.append_owner_reference(job, owner=body)
    kubernetes.client.BatchV1Api().create_namespaced_job(namespace, job)


@kopf.on.update(*RUNS, when=is_at_work)
def updated(spec: kopf.Spec, patch: kopf.Patch, **_: Any) -> None:
    """Stop when told to."""
    if spec.get("cancel"):
        patch.status["state"] = "Aborted"


@kopf.timer(*RUNS, interval=TIMER_SECONDS, when=is_at_work)
def look(name: str, namespace: Any, uid: str, patch: kopf.Patch, **_: Any) -> None:
    """Follow the Job."""
    jobs = kubernetes.client.BatchV1Api()
    try:
        job: Any = jobs.read_namespaced_job(f"{name}-{uid[:8]}", namespace)
    except kubernetes.client.ApiException:
        return
    patch.status["state"] = "Running" if job.status.active else "Pending"
