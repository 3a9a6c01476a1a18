"""The folders that stand for the volumes of a Pod."""

import base64
import contextlib
from pathlib import Path
from typing import Any

from tools.node.api import GoneError, NodeApi

Paths = dict[str, Path]


class NotThereYetError(Exception):
    """A volume cannot be mounted; a kubelet tries again until it can."""


async def prepare_volumes(pod: Any, folder: Path, api: NodeApi) -> Paths:
    """A folder for each volume of the Pod, by the volume's name."""
    namespace = pod["metadata"]["namespace"]
    paths = {}
    for volume in pod["spec"].get("volumes", []):
        path = folder / "volumes" / volume["name"]
        match volume:
            case {"configMap": {"name": name}}:
                found = await _object(api, f"configmaps/{name}", namespace, f'configmap "{name}"')
                texts = {**found.get("data", {})}
                _write_files(path, {key: text.encode() for key, text in texts.items()})
            case {"secret": {"secretName": name}}:
                found = await _object(api, f"secrets/{name}", namespace, f'secret "{name}"')
                texts = found.get("data", {})
                _write_files(path, {key: base64.b64decode(text) for key, text in texts.items()})
            case {"persistentVolumeClaim": {"claimName": name}}:
                path = await _folder_of_claim(api, namespace, name)
            case {"emptyDir": _}:
                path.mkdir(parents=True, exist_ok=True)
            case _:
                raise NotThereYetError(f"volumes of this kind are not provided here: {volume}")
        paths[volume["name"]] = path
    return paths


async def _object(api: NodeApi, path: str, namespace: str, what: str) -> Any:
    try:
        return await api.get(f"/api/v1/namespaces/{namespace}/{path}")
    except GoneError:
        raise NotThereYetError(f"{what} not found") from None


def _write_files(path: Path, files: dict[str, bytes]) -> None:
    path.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (path / name).write_bytes(content)


async def _folder_of_claim(api: NodeApi, namespace: str, name: str) -> Path:
    claim = await _object(api, f"persistentvolumeclaims/{name}", namespace, f'claim "{name}"')
    volume = await api.get(f"/api/v1/persistentvolumes/{claim['spec']['volumeName']}")
    return Path(volume["spec"]["hostPath"]["path"])


def lay_out(mounts: Paths, root: Path) -> None:
    """A folder with every mount at its place, as a container's file system has it."""
    for mount_path, folder in mounts.items():
        place = root / mount_path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        place.symlink_to(folder)


def translated(text: str, mounts: Paths, root: Path) -> str:
    """The rule of the stand-in: what leads to a mount, or into one, is found below `root`."""
    path = text.rstrip("/")
    leads_there = path.startswith("/") and any(
        mount == path or mount.startswith(f"{path}/") or path.startswith(f"{mount}/")
        for mount in mounts
    )
    return f"{root}{text}" if leads_there else text


STORAGE_CLASS = "folders"
_PROVISIONER = "stand-in.curation.dev/folders"


async def provide_volumes(api: NodeApi, folder: Path) -> None:
    """Give every claim of our storage class a folder, for ever."""
    await api.create(
        "/apis/storage.k8s.io/v1/storageclasses",
        {
            "metadata": {
                "name": STORAGE_CLASS,
                "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
            },
            "provisioner": _PROVISIONER,
            "reclaimPolicy": "Retain",
        },
    )
    async for change, claim in api.watch("/api/v1/persistentvolumeclaims"):
        spec = claim["spec"]
        if change == "DELETED" or spec.get("volumeName"):
            continue
        if spec.get("storageClassName") == STORAGE_CLASS:
            with contextlib.suppress(GoneError):
                await _provide(api, claim, folder)


async def _provide(api: NodeApi, claim: Any, folder: Path) -> None:
    metadata, spec = claim["metadata"], claim["spec"]
    path = folder / metadata["namespace"] / metadata["name"]
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o777)  # Workers in real containers are nobody in particular.
    await api.create(
        "/api/v1/persistentvolumes",
        {
            "metadata": {"name": f"folder-{metadata['uid']}"},
            "spec": {
                "capacity": spec["resources"]["requests"],
                "accessModes": spec["accessModes"],
                "storageClassName": STORAGE_CLASS,
                "persistentVolumeReclaimPolicy": "Retain",
                "hostPath": {"path": str(path)},
                "claimRef": {
                    "apiVersion": "v1",
                    "kind": "PersistentVolumeClaim",
                    "namespace": metadata["namespace"],
                    "name": metadata["name"],
                    "uid": metadata["uid"],
                },
            },
        },
    )
