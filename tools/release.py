"""`make release`: builds the images as they are shipped, and tests the chart with them.

Not part of every run: the worker's image is some gigabytes. A registry is not needed: unless
`--base` names another, images stand on Debian with its own Python, which debootstrap makes.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.images import wanted

ROOT = Path(__file__).parents[1]
BASE = "localhost/curation-base:bookworm"
TEST = "tests/e2e/test_the_release.py"

# The names that the test knows, and what they are here.
SCRIPTED, TESTED = "curation-job:scripted", "curation-job:real"
NOT_NEEDED = (
    "usr/share/doc",
    "usr/share/locale",
    "usr/share/man",
    "var/cache",
    "var/lib/apt/lists",
)

# What there is to trust on this machine is trusted while building; nothing of it stays.
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def archive_of(image: str, folder: Path) -> Path:
    """Where an image lies that a node is to take."""
    return folder / f"{image.replace(':', '-')}.tar"


class Builder:
    """Buildah, as it works in a container too: without new namespaces."""

    def __init__(self, folder: Path) -> None:
        configuration = folder / "containers.conf"
        # Limits that only a mightier machine could grant are not asked for.
        configuration.write_text('[containers]\ndefault_ulimits = ["nofile=1024:4096"]\n')
        self._environment = {
            **os.environ,
            "BUILDAH_ISOLATION": "chroot",
            "CONTAINERS_CONF": str(configuration),
        }

    def __call__(self, *arguments: str | Path) -> str:
        """What buildah answers."""
        return _output("buildah", *arguments, environment=self._environment)

    def build(self, image: str, base: str) -> None:
        """One of our images, by the command that everybody has."""
        given = [f"--build-arg=BASE={base}"]
        if CERTIFICATES.exists():
            given.append(f"--volume={CERTIFICATES}:{CERTIFICATES}:ro")
        asked = ["--builder=buildah", f"--only={image}", *given]
        command = [sys.executable, "-m", "tools.images", *asked]
        if subprocess.run(command, cwd=ROOT, env=self._environment, check=False).returncode != 0:
            raise SystemExit(1)  # It has said why.

    def make_base(self, folder: Path) -> None:
        """Debian with its Python, and no more."""
        packages = "python3,python3-pip,ca-certificates"
        system = folder / "system"
        _output("debootstrap", "--variant=minbase", f"--include={packages}", "bookworm", system)
        for name in NOT_NEEDED:
            shutil.rmtree(system / name)
        container = self("from", "scratch").strip()
        self("copy", "--quiet", container, system, "/")
        self("commit", "--quiet", "--rm", container, BASE)

    def make_scripted_worker(self, base: str) -> None:
        """A worker that does what a test says, on the base of the true one."""
        container = self("from", base).strip()
        self("copy", "--quiet", container, ROOT / "tests/support/scripted_worker", "/scripted")
        python = 'command -v python || ln -s "$(command -v python3)" /usr/local/bin/python'
        self("run", container, "--", "sh", "-c", python)
        self("config", "--env=PYTHONPATH=/scripted", "--user=65532:65532", container)
        self("commit", "--quiet", "--rm", container, f"localhost/{SCRIPTED}")

    def write(self, image: str, name: str, folder: Path) -> None:
        """An archive of an image, in which it has the name that a node looks for."""
        place = f"docker-archive:{archive_of(name, folder)}:docker.io/library/{name}"
        self("push", "--quiet", "--disable-compression", f"localhost/{image}", place)


def main() -> int:
    """Build the images, and install the chart with them on a node that has nothing else."""
    parser = argparse.ArgumentParser(prog="make release", description=main.__doc__)
    parser.add_argument("--base", help="an image with Python 3.11 or newer and pip")
    base = parser.parse_args().base
    needed = ("buildah",) if base else ("buildah", "debootstrap")
    if missing := [name for name in needed if shutil.which(name) is None]:
        print(f"To fix it: apt-get install {' '.join(missing)}", file=sys.stderr)
        return 1
    operator, job = (wanted("0.1.0")[name].tag for name in ("operator", "job"))
    with TemporaryDirectory() as beside:
        folder = Path(beside)
        builder = Builder(folder)
        if base is None:
            print("making a base", flush=True)
            builder.make_base(folder)
        for name in ("operator", "job"):
            builder.build(name, base or BASE)
        builder.make_scripted_worker(base or BASE)
        for image, name in ((operator, operator), (job, TESTED), (SCRIPTED, SCRIPTED)):
            builder.write(image, name, folder)
        command = [sys.executable, "-m", "pytest", "-q", TEST, f"--images={folder}"]
        return subprocess.run(command, cwd=ROOT, check=False).returncode


def _output(*command: str | Path, environment: Mapping[str, str] | None = None) -> str:
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if ran.returncode != 0:
        raise SystemExit(f"`{' '.join(map(str, command))}` said: {ran.stderr.strip()}")
    return ran.stdout


if __name__ == "__main__":
    sys.exit(main())
