"""`make matrix`: the tests that depend on the API server, against other versions of Kubernetes.

Not part of every run: the programs of each version take minutes to build, once per machine. They
are made as those of the pinned version are, from the module of Kubernetes itself; which of its
parts belong together is read from that module.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.cache import cache_root
from tools.control_plane.binaries import ensure_binaries
from tools.control_plane.pins import PROGRAMS, build_flags
from tools.locks import file_lock

ROOT = Path(__file__).parents[1]

# The oldest that we support, and the newest; the one between them is pinned for every run.
VERSIONS = ("1.31.0", "1.36.3")

# What an API server of another version may judge differently: CRDs and their rules, policies, Jobs.
TESTS = (
    "tests/curation_api/test_crds.py",
    "tests/curation_api/test_verdicts.py",
    "tests/curation_operator/test_manifests_accepted.py",
    "tests/curation_operator/test_a_run.py",
    "tests/curation_operator/test_rights.py",
    "tests/charts/test_release.py",
    "tests/charts/test_several_teams.py",
)
OF_KUBERNETES = [name for name, program in PROGRAMS.items() if program.module == "kubernetes"]
OTHERS = [name for name in PROGRAMS if name not in OF_KUBERNETES]


def go_mod(version: str, published: str) -> str:
    """A module of ours that pins this version; `published` is the go.mod of Kubernetes itself.

    The parts of Kubernetes require each other at v0.0.0 and must be replaced, every one of them.
    """
    parts = sorted(set(re.findall(r"^\s*(k8s\.io/\S+) => \./staging/", published, re.MULTILINE)))
    of_part = "v0." + version.split(".", 1)[1]
    lines = [
        "module curation.dev/tools/kubernetes",
        "",
        "go 1.24.0",
        "",
        *(f"tool {PROGRAMS[name].package}" for name in OF_KUBERNETES),
        "",
        f"require k8s.io/kubernetes v{version}",
        "",
        *(f"replace {part} => {part} {of_part}" for part in parts),
    ]
    return "\n".join(lines) + "\n"


def programs_of(version: str) -> Path:
    """A folder with the programs of this version, built unless it is there."""
    folder = cache_root() / "control-plane" / f"matrix-{version}"
    lock = folder.with_name(f"{folder.name}.lock")
    with file_lock(lock, when_taken=lambda: print("waiting", flush=True)):
        if not folder.exists():
            with TemporaryDirectory(dir=folder.parent) as beside:
                _build(version, Path(beside))
                Path(beside, "programs").rename(folder)
    return folder


def _build(version: str, beside: Path) -> None:
    module = "k8s.io/kubernetes"
    downloaded = json.loads(_go("mod", "download", "-json", f"{module}@v{version}", folder=beside))
    published = Path(downloaded["GoMod"]).read_text(encoding="utf-8")
    (beside / "go.mod").write_text(go_mod(version, published))
    _go("mod", "tidy", folder=beside)
    for name in OF_KUBERNETES:
        print(f"Building {name} {version} …", flush=True)
        output = f"{beside}/programs/{name}"
        _go("build", *flags_for(version), "-o", output, PROGRAMS[name].package, folder=beside)


def flags_for(version: str) -> list[str]:
    """The flags of every build, with this version for what it calls itself."""
    minor = version.split(".")[1]
    stamped = [re.sub(r"(gitVersion)=\S+", rf"\g<1>=v{version}", flag) for flag in build_flags()]
    return [re.sub(r"(gitMinor)=\d+", rf"\g<1>={minor}", flag) for flag in stamped]


def _go(*arguments: str, folder: Path) -> str:
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
    command = ["go", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def test(version: str, tests: Sequence[str]) -> bool:
    """Whether the tests pass where the control plane is of this version."""
    assets = programs_of(version)
    for name, path in ensure_binaries(*OTHERS).items():
        link = assets / name
        link.unlink(missing_ok=True)
        link.symlink_to(path)
    print(f"Testing on Kubernetes {version}", flush=True)
    environment = {**os.environ, "KUBEBUILDER_ASSETS": str(assets)}
    command = [sys.executable, "-m", "pytest", "-q", *tests]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0


def main() -> int:
    """Test on each version; all of them are tried, whatever one of them says."""
    parser = argparse.ArgumentParser(prog="make matrix", description=main.__doc__)
    parser.add_argument("versions", nargs="*", default=VERSIONS)
    versions = parser.parse_args().versions
    failed = [version for version in versions if not test(version, TESTS)]
    for version in versions:
        print(f"Kubernetes {version}: {'failed' if version in failed else 'passed'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
