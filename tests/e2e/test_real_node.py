"""The real node of tests and `make dev NODE=real`: what it can do, and that nothing of it stays."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support.cluster_fixtures import new_namespace
from tools.control_plane.errors import ControlPlaneError
from tools.real_node.dns import answer, name_in
from tools.real_node.enclosure import hierarchies
from tools.real_node.machine import NoNodeHereError, need_node_machine
from tools.real_node.node import RealNode
from tools.real_node.start import running_cluster
from tools.waiting import wait_until

ROOT = Path(__file__).parents[2]
IMAGE = "python:test"
PATIENCE_SECONDS = 60

HOLD_A_CLUSTER = f"""
import pathlib, sys, time
from tools.control_plane.binaries import ensure_binaries
from tools.control_plane.cluster import KubectlError
from tools.control_plane.pins import NODE_PROGRAMS, PROGRAMS
from tools.real_node.start import running_cluster

programs = ensure_binaries(*PROGRAMS, *NODE_PROGRAMS)
with running_cluster(pathlib.Path(sys.argv[1]), programs) as node:
    node.add_image("{IMAGE}", {{}})
    node.cluster.kubectl("run", "sleeper", "--image={IMAGE}", "--", "sleep", "7359")
    try:
        node.cluster.kubectl("wait", "pod/sleeper", "--for=condition=Ready", "--timeout=60s")
    except KubectlError:
        print(node.cluster.kubectl("describe", "pods,nodes"), file=sys.stderr)
        raise
    print("ready", flush=True)
    time.sleep(600)
"""

ASK_AROUND = """
import os, pathlib, socket, urllib.request
print(os.getuid())
print(urllib.request.urlopen("http://greeter", timeout=10).status)
print(socket.gethostbyname("kubernetes.default"))
try:
    socket.gethostbyname("nobody.default.svc.cluster.local")
except socket.gaierror:
    print("nobody")
try:
    pathlib.Path("/usr/mine").touch()
except OSError:
    print("read-only")
"""

RESTRICTED = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


@pytest.fixture
def namespace(real_node: RealNode) -> str:
    """A namespace that takes no Pod with more rights than it needs."""
    name = new_namespace(real_node.cluster)
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    real_node.cluster.api.patch(f"/api/v1/namespaces/{name}", {"metadata": {"labels": labels}})
    return name


def a_pod(name: str, *command: str, **container: Any) -> dict[str, Any]:
    main = {
        "name": "main",
        "image": IMAGE,
        "command": list(command),
        "securityContext": RESTRICTED,
        "resources": {"requests": {"cpu": "500m"}},
        **container,
    }
    return {
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"restartPolicy": "Never", "containers": [main]},
    }


def test_a_pod_without_rights_runs_and_finds_services_by_name(
    real_node: RealNode, namespace: str
) -> None:
    cluster, core = real_node.cluster, f"/api/v1/namespaces/{namespace}"
    real_node.add_image(IMAGE, {})
    server = ("python", "-m", "http.server", "8000", "--directory", "/etc")
    probe = {"tcpSocket": {"port": 8000}, "periodSeconds": 1}
    cluster.api.post(f"{core}/pods", a_pod("greeter", *server, readinessProbe=probe))
    ports = [{"port": 80, "targetPort": 8000}]
    service = {
        "metadata": {"name": "greeter"},
        "spec": {"selector": {"app": "greeter"}, "ports": ports},
    }
    cluster.api.post(f"{core}/services", service)
    in_namespace = f"--namespace={namespace}"
    cluster.kubectl("wait", "pod/greeter", "--for=condition=Ready", "--timeout=60s", in_namespace)

    cluster.api.post(f"{core}/pods", a_pod("guest", "python", "-c", ASK_AROUND))
    ended = "--for=jsonpath={.status.phase}=Succeeded"
    cluster.kubectl("wait", "pod/guest", ended, "--timeout=60s", in_namespace)

    said = cluster.kubectl("logs", "guest", in_namespace).splitlines()
    assert said == ["65532", "200", "10.96.0.1", "nobody", "read-only"]


def test_the_node_promises_gpus(real_node: RealNode) -> None:
    node = real_node.cluster.api.get(f"/api/v1/nodes/{real_node.name}").body

    assert node["status"]["allocatable"]["nvidia.com/gpu"] == "4"


@pytest.mark.usefixtures("node_programs")
def test_a_killed_starter_leaves_nothing_of_its_cluster(short_path: Path) -> None:
    folder = short_path / "data"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_A_CLUSTER, folder],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == "ready\n"
        assert processes_that_name("sleep 7359")
        name = control_group_of(folder)
        assert name in control_groups()

        starter.kill()

    wait_until(
        lambda: not processes_that_name(str(folder)),
        seconds=PATIENCE_SECONDS,
        what="all processes of the cluster are gone",
    )
    assert processes_that_name("sleep 7359") == []
    assert not folder.exists()
    assert name not in control_groups()
    assert str(folder) not in Path("/proc/self/mountinfo").read_text()


def test_a_folder_whose_sockets_could_not_be_opened_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 20)

    with (
        pytest.raises(
            ControlPlaneError, match=r"deep is too long a path for the sockets of a node"
        ),
        running_cluster(folder, {}),
    ):
        pass


def processes_that_name(text: str) -> list[str]:
    """The command lines of this machine, containers included, in which this stands."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # It has just ended.
            found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return [line for line in found if text in line]


def control_group_of(folder: Path) -> str:
    """What the cluster in this folder is called there; others may run beside it."""
    [line] = processes_that_name(f"enclosure.py {folder} ")
    return line.split(f"enclosure.py {folder} ")[1].split()[0]


def control_groups() -> set[str]:
    return {path.name for hierarchy in hierarchies() for path in hierarchy.glob("curation-*")}


def test_a_machine_without_the_means_is_told_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(NoNodeHereError, match=r"nft .*apt-get install .*nftables|only root"):
        need_node_machine()


def test_dns_answers_in_the_form_of_its_question() -> None:
    question = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x02ns\x00\x00\x01\x00\x01"

    name, end = name_in(question)
    said = answer(question[:2], question[12 : end + 4], 1, "10.96.0.9")

    assert name == "a.ns"
    assert said[:2] == b"\x12\x34"
    assert said.endswith(b"\x00\x04\x0a\x60\x00\x09")
