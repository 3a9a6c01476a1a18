"""Carries out `curate doctor`: what is installed, what is reachable, what a run would lack."""

import platform
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from curation_api import CurationError
from curation_api.names import API_VERSION
from curation_client.cli.kinds import condition
from curation_client.cluster.api_server import ApiServer
from curation_client.cluster.errors import ApiException, NotConnectedError, NotFoundException
from curation_client.cluster.identity import username
from curation_client.cluster.objects import StoredDatasource, datasources_of, runs_of
from curation_client.cluster.places import Places

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
GPU = "nvidia.com/gpu"

# What people do, and the right it takes: verb, group, resource.
RIGHTS = {
    "create runs": ("create", "curation.dev", "curationruns"),
    "change runs": ("patch", "curation.dev", "curationruns"),
    "read logs": ("get", "", "pods/log"),
}


class Level(StrEnum):
    """How a finding is to be taken."""

    FINE = "ok"
    NOTE = "note"
    """Something optional that is not there."""
    TROUBLE = "TROUBLE"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    level: Level
    text: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything that was looked at, by what it is about."""

    sections: dict[str, list[Finding]] = field(default_factory=dict)

    @property
    def is_well(self) -> bool:
        """Whether nothing is in the way of a run."""
        findings = (finding for section in self.sections.values() for finding in section)
        return all(finding.level is not Level.TROUBLE for finding in findings)

    def lines(self) -> Iterator[str]:
        """For people."""
        for title, findings in self.sections.items():
            yield f"{title}:"
            for finding in findings:
                yield f"  {finding.level:8}{finding.text}"
                if finding.fix:
                    yield f"          To fix it: {finding.fix}."


def examine(server: ApiServer) -> Examination:
    """Look at this machine, at the cluster, and at each Datasource."""
    sections = {"This machine": list(_machine())}
    try:
        cluster = list(_cluster(server))
        sections["Cluster"] = cluster
        if all(finding.level is not Level.TROUBLE for finding in cluster):
            for datasource in datasources_of(server).each():
                title = f"Datasource {datasource.name}"
                sections[title] = list(_datasource(datasource, Places(server)))
    except NotConnectedError as error:
        problem = error.problem
        sections["Cluster"] = [Finding(Level.NOTE, problem.message, problem.fix)]
    except ApiException as error:
        problem = error.problem
        sections["Cluster"] = [Finding(Level.TROUBLE, problem.message, problem.fix)]
    return Examination(sections)


def _machine() -> Iterator[Finding]:
    try:
        ours = version("curation")
    except PackageNotFoundError:
        ours = "(from a checkout)"
    python = f"Python {platform.python_version()} on {platform.system()}"
    yield Finding(Level.FINE, f"curation {ours}, {python}")
    if missing := _missing("curation_job", "torch", "torchvision"):
        yield Finding(
            Level.NOTE,
            f"curate run --local does not work: {missing} is not installed",
            "Install curation with its extra `job`, or choose in a cluster",
        )
    else:
        yield Finding(Level.FINE, "The worker is installed: curate run --local works")
    if missing := _missing("pyarrow"):
        yield Finding(
            Level.NOTE,
            f"curate why, diff and export do not work: {missing} is not installed",
            "Install curation with its extra `client`",
        )
    if shutil.which("nvidia-smi") is None:
        yield Finding(Level.NOTE, "There is no NVIDIA driver: local runs work on processors")


def _missing(*modules: str) -> str | None:
    return next((module for module in modules if find_spec(module) is None), None)


def _cluster(server: ApiServer) -> Iterator[Finding]:
    kubernetes = server.get("/version").get("gitVersion", "of an unknown version")
    who = username(server) or "somebody"
    yield Finding(
        Level.FINE,
        f"Kubernetes {kubernetes} answers; you are {who}, in namespace {server.namespace}",
    )
    try:
        server.get(f"/apis/{API_VERSION}")
    except NotFoundException:
        yield Finding(
            Level.TROUBLE,
            f"This cluster knows no {API_VERSION}",
            "Install Curation, or use the context of a cluster that has it",
        )
        return
    yield Finding(Level.FINE, f"Curation is installed: {API_VERSION}")
    yield _rights(server)
    yield _operator(server)
    yield _gpus(server)


def _rights(server: ApiServer) -> Finding:
    refused = [what for what, right in RIGHTS.items() if not _may(server, *right)]
    if not refused:
        return Finding(Level.FINE, f"You may {', '.join(RIGHTS)}")
    return Finding(
        Level.TROUBLE,
        f"You may not {', '.join(refused)}",
        "Ask whoever runs the cluster for these rights, as a Role and a RoleBinding",
    )


def _may(server: ApiServer, verb: str, group: str, resource: str) -> bool:
    plural, _, part = resource.partition("/")
    asked = {"namespace": server.namespace, "verb": verb, "group": group, "resource": plural}
    if part:
        asked["subresource"] = part
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": asked},
    }
    return bool(server.post(REVIEWS, body)["status"]["allowed"])


def _operator(server: ApiServer) -> Finding:
    """An operator leaves its mark on whatever it has looked at."""
    seen = [
        *(one.status.observed_generation is not None for one in datasources_of(server).each()),
        *(one.status.observed_generation is not None for one in runs_of(server).each()),
    ]
    if not seen:
        return Finding(
            Level.NOTE, "Nothing is there yet by which to tell whether an operator works"
        )
    if any(seen):
        return Finding(Level.FINE, f"The operator has looked at {sum(seen)} of {len(seen)} objects")
    return Finding(
        Level.TROUBLE,
        f"No operator has looked at any of {len(seen)} objects",
        "Check that the operator runs and serves this namespace",
    )


def _gpus(server: ApiServer) -> Finding:
    try:
        nodes = [node["status"].get("allocatable", {}) for node in server.each("/api/v1/nodes")]
    except ApiException:
        return Finding(Level.NOTE, "You may not list nodes, so GPUs are not counted")
    gpus = sum(int(node.get(GPU, 0)) for node in nodes)
    if gpus:
        return Finding(Level.FINE, f"{gpus} GPUs on {len(nodes)} nodes")
    return Finding(
        Level.NOTE, f"None of {len(nodes)} nodes has a GPU: ask for job.gpus: 0 in your runs"
    )


def _datasource(datasource: StoredDatasource, places: Places) -> Iterator[Finding]:
    ready = condition(datasource.status.conditions, "Ready")
    if ready is not None and ready.status == "True":
        yield Finding(Level.FINE, "Ready")
    else:
        message = "nobody has looked at it yet" if ready is None else ready.message
        yield Finding(Level.TROUBLE, f"Not ready: {message}")
    try:
        places.open_lightly(datasource).exists_as_folder()
    except CurationError as error:
        problem = error.problem
        yield Finding(
            Level.NOTE, f"Its results cannot be opened from here: {problem.message}", problem.fix
        )
    else:
        yield Finding(Level.FINE, "Its results can be opened from here")


def examination_lines(examination: Examination) -> Iterable[str]:
    """What was found, and whether that is enough."""
    yield from examination.lines()
    yield "All is well." if examination.is_well else "Something is in the way of a run."
