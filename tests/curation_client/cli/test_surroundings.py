"""`curate` among other programs: as a plugin of kubectl, in shells, on terminals."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from curation_client.cli.examining import Examination, Finding, Level, examination_lines
from curation_client.cli.terminal import Terminal
from tests.curation_client.cli.shell import Shell, curate
from tests.curation_operator.farm import Farm
from tests.support.cluster_fixtures import new_namespace
from tools.control_plane.cluster import ControlPlane

MODULE = {
    "kubectl-curation": "curation_client.cli.app:main",
    "kubectl_complete-curation": "curation_client.cli.completing:complete_for_kubectl",
}


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """The commands as an installation puts them on the path."""
    for name, entry in MODULE.items():
        module, function = entry.split(":")
        program = tmp_path / name
        program.write_text(f"#!{sys.executable}\nfrom {module} import {function}\n{function}()\n")
        program.chmod(0o755)
    return tmp_path


def kubectl(barn: Farm, programs: Path, *arguments: str) -> str:
    path = f"{programs}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "KUBECONFIG": str(barn.control_plane.kubeconfig)}
    binary = barn.control_plane._kubectl
    return subprocess.run(
        [binary, *arguments], env=environment, capture_output=True, text=True, check=True
    ).stdout


def test_it_is_a_plugin_of_kubectl(barn: Farm, programs: Path) -> None:
    said = kubectl(barn, programs, "curation", "get", "datasources", "-n", barn.namespace)

    assert said.splitlines()[0].split() == ["NAME", "TYPE", "READY", "SAMPLES", "TAGS", "AGE"]
    assert "\nfarm " in said
    assert kubectl(barn, programs, "curation", "--help").startswith("Usage: kubectl curation ")


def test_kubectl_completes_its_words(barn: Farm, programs: Path) -> None:
    said = kubectl(barn, programs, "__complete", "curation", "de")

    assert said.splitlines() == ["describe", ":4"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_complete_it(shell: str) -> None:
    script = curate("completion", shell).out

    assert "_CURATE_COMPLETE" in script
    assert "curate" in script


def test_a_shell_completes_the_names_of_runs(barn: Farm) -> None:
    barn.create_run("completed-by-a-shell")
    asked = {
        **os.environ,
        "KUBECONFIG": str(barn.control_plane.kubeconfig),
        "CURATION_NAMESPACE": barn.namespace,
        "_CURATE_COMPLETE": "complete_bash",
        "COMP_WORDS": "curate wait completed-by",
        "COMP_CWORD": "2",
    }

    said = subprocess.run(
        [sys.executable, "-m", "curation_client"], env=asked, capture_output=True, text=True,
        check=False,
    ).stdout  # fmt: skip

    assert said.split() == ["completed-by-a-shell"]


class _Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colour_is_for_people_who_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured, plain, file = _Screen(), _Screen(), io.StringIO()

    Terminal(coloured).say(["farm-50: Completed"])
    monkeypatch.setenv("NO_COLOR", "1")
    Terminal(plain).say(["farm-50: Completed", "x" * 200])
    Terminal(file).say(["farm-50: Completed"])

    assert coloured.getvalue() == "farm-50: \x1b[32mCompleted\x1b[0m\n"
    assert plain.getvalue() == f"farm-50: Completed\n{'x' * 200}\n"
    assert file.getvalue() == "farm-50: Completed\n"


def test_the_doctor_says_what_is_in_the_way() -> None:
    found = Examination(
        {
            "This machine": [Finding(Level.FINE, "curation 1.0")],
            "Cluster": [Finding(Level.TROUBLE, "No operator has looked.", "Start it")],
        }
    )

    assert list(examination_lines(found)) == [
        "This machine:",
        "  ok      curation 1.0",
        "Cluster:",
        "  TROUBLE No operator has looked.",
        "          To fix it: Start it.",
        "Something is in the way of a run.",
    ]


def test_the_doctor_finds_a_cluster_well(shell: Shell, barn: Farm) -> None:
    barn.wait_for_datasource("ProbeSucceeded")

    said = shell("doctor")

    assert "  ok      Kubernetes v1." in said.out
    assert "  ok      You may create runs, change runs, read logs\n" in said.out
    assert "  ok      The operator has looked at " in said.out
    assert "Datasource farm:\n  ok      Ready\n  ok      Its results can be opened" in said.out


def test_the_doctor_finds_a_cluster_without_operator(
    control_plane: ControlPlane, crds: None
) -> None:
    del crds
    namespace = new_namespace(control_plane)
    shell = Shell(control_plane.kubeconfig, namespace)
    alone = shell("doctor")
    made = {
        "apiVersion": "curation.dev/v1alpha1", "kind": "Datasource", "metadata": {"name": "farm"},
        "spec": {"type": "IMAGES"},
    }  # fmt: skip
    control_plane.api.post(f"/apis/curation.dev/v1alpha1/namespaces/{namespace}/datasources", made)

    unseen = shell("doctor")

    assert (alone.exit_code, alone.out.splitlines()[-1]) == (0, "All is well.")
    assert unseen.exit_code == 1
    assert "  TROUBLE No operator has looked at any of 1 objects\n" in unseen.out


def test_the_doctor_does_without_a_cluster() -> None:
    said = curate("doctor", "--kubeconfig", "nowhere")

    assert said.exit_code == 0
    assert "Cluster:\n  note    The kubeconfig cannot be used: " in said.out
