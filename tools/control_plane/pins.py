"""What a build of the control plane is made from: programs, pinned modules, flags."""

import hashlib
import os
import re
from pathlib import Path
from typing import NamedTuple, Self

MODULES = Path(__file__).with_name("modules")


class Program(NamedTuple):
    """A command, the folder under `modules/` that pins its source, and its Go package."""

    name: str
    module: str
    package: str


# kube-apiserver comes before its siblings: it compiles nearly everything they share.
PROGRAMS = {
    program.name: program
    for program in (
        Program("etcd", "etcd", "go.etcd.io/etcd/server/v3"),
        Program("kube-apiserver", "kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver"),
        Program(
            "kube-controller-manager", "kubernetes", "k8s.io/kubernetes/cmd/kube-controller-manager"
        ),
        Program("kube-scheduler", "kubernetes", "k8s.io/kubernetes/cmd/kube-scheduler"),
        Program("kubectl", "kubernetes", "k8s.io/kubernetes/cmd/kubectl"),
        # Both share one set of pins, so that what they have in common is compiled once.
        Program("helm", "helm", "helm.sh/helm/v3/cmd/helm"),
        Program("helm4", "helm", "helm.sh/helm/v4/cmd/helm"),
        Program("gitops-health", "helm", "curation.dev/tools/helm/health"),
    )
}


class Target(NamedTuple):
    """The machine that a program is built for, in Go's words."""

    system: str
    architecture: str

    @classmethod
    def this_machine(cls) -> Self:
        """Tell it without asking Go, which a machine with a full cache need not have."""
        host = os.uname()
        architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(host.machine, host.machine)
        return cls(host.sysname.lower(), architecture)


def pinned_version(module: str, dependency: str, *, modules: Path = MODULES) -> str:
    """The version that the go.mod of this module requires, such as v1.35.4."""
    requirement = rf"^(?:require)?\s*{re.escape(dependency)} (v\S+)"
    found = re.search(requirement, (modules / module / "go.mod").read_text(), re.MULTILINE)
    if found is None:
        raise LookupError(f"modules/{module}/go.mod does not require {dependency}")
    return found[1]


def build_flags(modules: Path = MODULES) -> tuple[str, ...]:
    """Flags of `go build`: small, reproducible, and the pinned version is what is reported."""
    kubernetes = pinned_version("kubernetes", "k8s.io/kubernetes", modules=modules)
    helm = pinned_version("helm", "helm.sh/helm/v3", modules=modules)
    major, minor, _ = kubernetes.removeprefix("v").split(".", 2)
    # The linker passes over variables that a program does not have, so one line serves them all.
    stamps = {
        "k8s.io/component-base/version.gitVersion": kubernetes,
        "k8s.io/component-base/version.gitMajor": major,
        "k8s.io/component-base/version.gitMinor": minor,
        "helm.sh/helm/v3/internal/version.version": helm,
        # `helm template` without a cluster believes in Kubernetes 1.20 unless it is told.
        "helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor": major,
        "helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor": minor,
    }
    linker = " ".join(["-s -w", *(f"-X {variable}={value}" for variable, value in stamps.items())])
    return ("-trimpath", "-buildvcs=false", "-ldflags", linker)


def build_digest(target: Target, *, modules: Path = MODULES) -> str:
    """The same for two builds exactly when nothing that shapes a program differs."""
    digest = hashlib.sha256("\0".join((*build_flags(modules), *target)).encode())
    for file in sorted([*modules.glob("*/go.*"), *modules.glob("*/*/*.go")]):
        digest.update(f"\0{file.relative_to(modules)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]
