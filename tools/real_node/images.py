"""Images without a registry: archives of next to nothing, beside folders of this machine.

An environment with torch is 5 GB. Copying it into an image and unpacking it again would take
minutes and show nothing; so the runtime mounts it read-only into every container, together with
this checkout and the machine's own libraries.
"""

import hashlib
import io
import json
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

from tools.control_plane.pins import Target
from tools.node.images import JOB_SOURCES

ROOT = Path(__file__).parents[2]

# Where containers have this checkout: its own place may be one that they have for themselves.
CHECKOUT = Path("/checkout")
PAUSE = "localhost/pause:1"
USER = 65532

# As the containers of Kubernetes' own images have it; everybody else has no name.
PASSWD = f"root:x:0:0::/root:/bin/sh\nworker:x:{USER}:{USER}::/tmp:/bin/sh\n"
GROUP = f"root:x:0:\nworker:x:{USER}:\n"
FILES = {"etc/passwd": PASSWD, "etc/group": GROUP, "etc/nsswitch.conf": "hosts: files dns\n"}
FOLDERS = {"tmp": 0o1777, "proc": 0o755, "sys": 0o755, "dev": 0o755, "run": 0o755, "etc": 0o755}
LINKS = {name: f"usr/{name}" for name in ("bin", "sbin", "lib", "lib64")}


def mounted_folders() -> dict[Path, Path]:
    """The folders of this machine that every container has, and where it has them."""
    packages = [Path(entry) for entry in sys.path if entry.endswith("site-packages")]
    certificates = [path for path in [Path("/etc/ssl/certs")] if path.exists()]
    wanted = {Path("/usr"), Path(sys.base_prefix).resolve(), *packages, *certificates}
    apart = {path for path in wanted if not path.is_relative_to(ROOT)}
    outermost = [path for path in apart if not apart & set(path.parents)]
    return {**{path: path for path in sorted(outermost)}, ROOT: CHECKOUT}


def write_pause_image(archive: Path, program: Path) -> None:
    """What holds the namespaces of a Pod; nothing is mounted there, so it has to have all."""
    files = {"pause": (program.read_bytes(), 0o755)}
    _write_image(archive, PAUSE, {"Entrypoint": ["/pause"], "User": "65535"}, _layer(files))


def write_worker_image(archive: Path, name: str, environment: Mapping[str, str]) -> None:
    """The Python of this checkout's environment, found as `python`."""
    variables = {
        "PATH": f"{CHECKOUT}/.venv/bin:/usr/local/bin:/usr/bin:/bin",
        "PYTHONPATH": ":".join(str(CHECKOUT / source) for source in JOB_SOURCES),
        "PYTHONDONTWRITEBYTECODE": "1",
        **environment,
    }
    # containerd calls by its full name what Kubernetes may call by a short one.
    full_name = name if "/" in name else f"docker.io/library/{name}"
    _write_image(
        archive,
        full_name,
        {"Env": [f"{key}={value}" for key, value in variables.items()], "User": str(USER)},
        _layer({name: (text.encode(), 0o644) for name, text in FILES.items()}),
    )


def _write_image(archive: Path, name: str, config: Mapping[str, object], layer: bytes) -> None:
    digest = hashlib.sha256(layer).hexdigest()
    image = json.dumps(
        {
            "architecture": Target.this_machine().architecture,
            "os": "linux",
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        }
    ).encode()
    manifest = [{"Config": "image.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    with tarfile.open(archive, "w") as tar:
        _add_file(tar, "image.json", image)
        _add_file(tar, "manifest.json", json.dumps(manifest).encode())
        _add_file(tar, "layer.tar", layer)


def _layer(files: Mapping[str, tuple[bytes, int]]) -> bytes:
    """A root file system that has next to nothing but these files, each with its mode."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for name, mode in FOLDERS.items():
            _add(tar, name, tarfile.DIRTYPE, mode=mode)
        for name, target in LINKS.items():
            _add(tar, name, tarfile.SYMTYPE, target=target)
        for name, (data, mode) in files.items():
            _add_file(tar, name, data, mode=mode)
    return content.getvalue()


def _add(
    tar: tarfile.TarFile, name: str, kind: bytes, *, mode: int = 0o777, target: str = ""
) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.linkname = kind, mode, target
    tar.addfile(entry)


def _add_file(tar: tarfile.TarFile, name: str, content: bytes, *, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    tar.addfile(entry, io.BytesIO(content))
