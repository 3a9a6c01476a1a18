"""The Pod of a worker or a probe: as little privilege as possible, and all it needs mounted.

Every path and address that the worker uses comes to it as an argument or in its environment.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from curation_api import DatasourceSpec
from curation_api.job_options import JobOptions, Volume
from curation_api.names import (
    INPUT_SECRETS_VARIABLE,
    LIGHTLY_SECRETS_VARIABLE,
    POD_IP_VARIABLE,
    TERMINATION_LOG_VARIABLE,
    VOLUMES_VARIABLE,
    WORKER_LABEL_PREFIX,
    WORKER_PORT,
)
from curation_operator.planning.plan import Manifest

WORKER_CONTAINER = "worker"
CONFIG_FOLDER = "/etc/curation"
SECRETS_FOLDER = "/var/run/secrets/curation.dev"
VOLUMES_FOLDER = "/volumes"
TEMPORARY_FOLDER = "/tmp"  # noqa: S108  a folder of its own in every Pod
TERMINATION_LOG = "/dev/termination-log"

# A user that no image gives rights to.
NOBODY = 65532

# Time to save what is done; the kubelet waits so long between SIGTERM and SIGKILL.
GRACE_SECONDS = 60

# Shared memory counts as memory: a quarter leaves room for the work itself.
SHARE_OF_SHARED_MEMORY = 4
SMALLEST_SHARED_MEMORY_MIB, LARGEST_SHARED_MEMORY_MIB = 1024, 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PodRequest:
    """What differs between the Pods we ask for."""

    arguments: tuple[str, ...]
    config_map: str
    image: str
    options: JobOptions
    datasource: DatasourceSpec
    labels: dict[str, str]
    gpu_resource: str
    worker_labels: tuple[str, ...] = ()
    avoided_node: str | None = None
    priority_class: str | None = None


def pod_template(request: PodRequest) -> Manifest:
    """The Pod template of a Job; it passes the Pod Security level `restricted`."""
    options = request.options
    return {
        "metadata": _present(
            labels={**(options.pod_labels or {}), **request.labels},
            annotations=options.pod_annotations,
        ),
        "spec": _present(
            restartPolicy="Never",
            automountServiceAccountToken=False,
            enableServiceLinks=False,
            terminationGracePeriodSeconds=GRACE_SECONDS,
            serviceAccountName=options.service_account_name
            or request.datasource.service_account_name,
            securityContext={
                "runAsNonRoot": True,
                "runAsUser": NOBODY,
                "runAsGroup": NOBODY,
                "fsGroup": NOBODY,
                "fsGroupChangePolicy": "OnRootMismatch",
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            imagePullSecrets=[{"name": name} for name in options.image_pull_secrets or []],
            nodeSelector=options.node_selector,
            tolerations=[entry.manifest() for entry in options.tolerations or []],
            affinity=_affinity(request),
            topologySpreadConstraints=[
                {"labelSelector": {"matchLabels": request.labels}, **entry.manifest()}
                for entry in options.topology_spread_constraints or []
            ],
            priorityClassName=options.priority_class_name or request.priority_class,
            runtimeClassName=options.runtime_class_name,
            containers=[_worker(request)],
            volumes=[volume for volume, _ in _mounted(request)],
        ),
    }


def _worker(request: PodRequest) -> Manifest:
    return {
        "name": WORKER_CONTAINER,
        "image": request.image,
        "command": ["python", "-m", "curation_job"],
        "args": list(request.arguments),
        "env": _environment(request),
        "ports": [{"name": "progress", "containerPort": WORKER_PORT}],
        "resources": _resources(request.options, request.gpu_resource),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "terminationMessagePath": TERMINATION_LOG,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [mount for _, mount in _mounted(request)],
    }


def _environment(request: PodRequest) -> list[Manifest]:
    ours: dict[str, Manifest] = {
        TERMINATION_LOG_VARIABLE: {"value": TERMINATION_LOG},
        INPUT_SECRETS_VARIABLE: {"value": f"{SECRETS_FOLDER}/input"},
        LIGHTLY_SECRETS_VARIABLE: {"value": f"{SECRETS_FOLDER}/lightly"},
        VOLUMES_VARIABLE: {"value": VOLUMES_FOLDER},
        POD_IP_VARIABLE: {"valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        # The root file system is read-only; libraries that keep caches look at these.
        "HOME": {"value": TEMPORARY_FOLDER},
        "TMPDIR": {"value": TEMPORARY_FOLDER},
    }
    of_user = {entry.name: {"value": entry.value} for entry in request.options.env or []}
    return [{"name": name, **value} for name, value in {**of_user, **ours}.items()]


def _resources(options: JobOptions, gpu_resource: str) -> Manifest:
    """Memory and GPUs are kept for the worker alone; processors it may share when others sleep."""
    memory: Manifest = {"memory": options.memory} if options.memory else {}
    gpus: Manifest = {gpu_resource: options.gpus} if options.gpus else {}
    cpu: Manifest = {"cpu": options.cpu} if options.cpu else {}
    return {"requests": {**cpu, **memory, **gpus}, "limits": {**memory, **gpus}}


def _mounted(request: PodRequest) -> Iterator[tuple[Manifest, Manifest]]:
    """Each volume with where it is mounted."""
    yield _read_only("config", {"configMap": {"name": request.config_map}}, CONFIG_FOLDER)
    yield _writable("tmp", {"emptyDir": {}}, TEMPORARY_FOLDER)
    shared = {"emptyDir": {"medium": "Memory", "sizeLimit": _shared_memory(request.options)}}
    yield _writable("shm", shared, "/dev/shm")  # noqa: S108  where processes share memory
    datasource = request.datasource
    for role, location in (
        ("input", datasource.input_location),
        ("lightly", datasource.lightly_location),
    ):
        if location.credentials is not None:
            secret = {"secret": {"secretName": location.credentials.secret_ref.name}}
            yield _read_only(f"secret-{role}", secret, f"{SECRETS_FOLDER}/{role}")
    for claim, is_read_only in _claims(datasource).items():
        source = {"persistentVolumeClaim": {"claimName": claim}}
        mounted = _read_only if is_read_only else _writable
        yield mounted(f"claim-{claim}"[:50].rstrip("-."), source, f"{VOLUMES_FOLDER}/{claim}")
    for volume in request.options.volumes or []:
        yield _of_user(volume)


def _claims(datasource: DatasourceSpec) -> dict[str, bool]:
    """The claims that hold a bucket, and whether nothing is ever written there."""
    claims: dict[str, bool] = {}
    if (raw := datasource.input_location.local) is not None:
        claims[raw.claim_name] = True
    if (derived := datasource.lightly_location.local) is not None:
        claims[derived.claim_name] = False
    return claims


def _read_only(name: str, source: Manifest, path: str) -> tuple[Manifest, Manifest]:
    volume, mount = _writable(name, source, path)
    return volume, {**mount, "readOnly": True}


def _writable(name: str, source: Manifest, path: str) -> tuple[Manifest, Manifest]:
    # The prefix keeps our names apart from those that users choose.
    name = f"curation-{name.replace('.', '-')}"
    return {"name": name, **source}, {"name": name, "mountPath": path}


def _of_user(volume: Volume) -> tuple[Manifest, Manifest]:
    said = volume.manifest()
    kinds = ("persistentVolumeClaim", "configMap", "emptyDir")
    source: Manifest = {kind: said[kind] for kind in kinds if kind in said}
    mount = _present(
        name=volume.name,
        mountPath=volume.mount_path,
        subPath=volume.sub_path,
        readOnly=volume.read_only,
    )
    return {"name": volume.name, **source}, mount


def _shared_memory(options: JobOptions) -> int | str:
    if options.shm_size is not None:
        return options.shm_size
    mebibytes = in_mebibytes(options.memory or "1Gi") / SHARE_OF_SHARED_MEMORY
    return f"{max(SMALLEST_SHARED_MEMORY_MIB, min(LARGEST_SHARED_MEMORY_MIB, int(mebibytes)))}Mi"


_UNITS = {
    "": 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60,
}  # fmt: skip


def in_mebibytes(amount: int | str) -> float:
    """An amount as Kubernetes writes it: 16Gi, 2e9, 500M."""
    text = str(amount).lstrip("+")
    number = text.rstrip("kKmMGTPEi")
    unit = text[len(number) :]
    return float(number) * _UNITS[unit] / 2**20


def _affinity(request: PodRequest) -> Manifest | None:
    """What the user asks for, and on top of it what `runsOn` and a broken GPU ask for."""
    affinity: Manifest = request.options.affinity.manifest() if request.options.affinity else {}
    labels = [
        {"key": f"{WORKER_LABEL_PREFIX}{label}", "operator": "Exists"}
        for label in request.worker_labels
    ]
    fields = [
        {"key": "metadata.name", "operator": "NotIn", "values": [node]}
        for node in (request.avoided_node,)
        if node
    ]
    if not labels and not fields:
        return affinity or None
    node_affinity = affinity.get("nodeAffinity", {})
    key = "requiredDuringSchedulingIgnoredDuringExecution"
    # The terms of a selector are alternatives: what must hold in any case goes into each of them.
    terms = node_affinity.get(key, {}).get("nodeSelectorTerms", [{}])
    required = [
        _present(
            matchExpressions=[*term.get("matchExpressions", []), *labels],
            matchFields=[*term.get("matchFields", []), *fields],
        )
        for term in terms
    ]
    return {**affinity, "nodeAffinity": {**node_affinity, key: {"nodeSelectorTerms": required}}}


def _present(**fields: object) -> Manifest:
    """Only what is there: an empty list or object says no more than none."""
    return {key: value for key, value in fields.items() if value not in (None, [], {}, ())}
