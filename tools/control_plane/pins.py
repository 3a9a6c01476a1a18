"""What a build of Kubernetes is made from: programs, pinned modules, flags."""

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
    tags: str = ""
    """What the build leaves out or takes in, as `go build -tags` has it."""
    needs_c: bool = False
    """Whether parts of it are written in C."""


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

_CONTAINERD = "github.com/containerd/containerd/v2/cmd"
_PLUGINS = "github.com/containernetworking/plugins/plugins"

# Without the stores and services that no node of ours has.
_LEAN = "no_btrfs,no_zfs,no_devmapper,no_aufs,no_tracing,no_systemd"

# What a node adds to them; only Linux can run it.
NODE_PROGRAMS = {
    program.name: program
    for program in (
        Program("kubelet", "kubernetes", "k8s.io/kubernetes/cmd/kubelet"),
        Program("kube-proxy", "kubernetes", "k8s.io/kubernetes/cmd/kube-proxy"),
        Program("containerd", "containerd", f"{_CONTAINERD}/containerd", tags=_LEAN),
        Program(
            "containerd-shim-runc-v2",
            "containerd",
            f"{_CONTAINERD}/containerd-shim-runc-v2",
            tags=_LEAN,
        ),
        Program("ctr", "containerd", f"{_CONTAINERD}/ctr", tags=_LEAN),
        Program("runc", "runc", "github.com/opencontainers/runc", tags="seccomp", needs_c=True),
        Program("bridge", "cni", f"{_PLUGINS}/main/bridge"),
        Program("loopback", "cni", f"{_PLUGINS}/main/loopback"),
        Program("host-local", "cni", f"{_PLUGINS}/ipam/host-local"),
        Program("pause", "pause", "."),
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
    containerd = pinned_version(
        "containerd", "github.com/containerd/containerd/v2", modules=modules
    )
    runc = pinned_version("runc", "github.com/opencontainers/runc", modules=modules)
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
        "github.com/containerd/containerd/v2/version.Version": containerd,
        "main.version": runc.removeprefix("v"),
    }
    linker = " ".join(["-s -w", *(f"-X {variable}={value}" for variable, value in stamps.items())])
    return ("-trimpath", "-buildvcs=false", "-ldflags", linker)


def build_digest(target: Target, *, modules: Path = MODULES) -> str:
    """The same for two builds exactly when nothing that shapes a program differs."""
    programs = (*PROGRAMS.values(), *NODE_PROGRAMS.values())
    shaping = (*build_flags(modules), *target, *(str(program) for program in programs))
    digest = hashlib.sha256("\0".join(shaping).encode())
    for file in sorted([*modules.glob("*/go.*"), *modules.glob("**/*.go")]):
        digest.update(f"\0{file.relative_to(modules)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]
