"""What the pages show about the chart is true: values, commands of Helm, and every reason."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from curation_api import CurationRun, Datasource
from curation_api.problems import Reason
from tests.repository.snippets import FENCE, ROOT, Snippet, snippets
from tests.support.helm import CHART, Helm, of_kind
from tools.control_plane.cluster import ControlPlane

VALUES = [block for block in snippets("yaml") if block.text.startswith("# values.yaml\n")]

# What only matters with a cluster, and would be no option of `helm template`.
FOR_A_CLUSTER = {"--wait", "--reuse-values", "--reset-then-reuse-values"}


@pytest.mark.parametrize("snippet", VALUES, ids=str)
def test_the_chart_takes_these_values(helm3: Helm, snippet: Snippet) -> None:
    objects = helm3.rendered(yaml.safe_load(snippet.text))

    assert of_kind("Deployment", objects)


def commands_in(page: Path) -> list[list[str]]:
    """The commands of Helm in the blocks of a page."""
    blocks = "\n".join(block["text"] for block in FENCE.finditer(page.read_text(encoding="utf-8")))
    lines = blocks.replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True) for line in lines if line.startswith("helm ")]


PAGES = [CHART / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMANDS = [(page, command) for page in PAGES for command in commands_in(page)]


@pytest.mark.parametrize(
    ("page", "command"), COMMANDS, ids=[f"{page.name}-{i}" for i, (page, _) in enumerate(COMMANDS)]
)
def test_a_command_of_helm_works(helm3: Helm, page: Path, command: list[str]) -> None:
    del page
    _, verb, release, *rest = command
    if verb in {"install", "upgrade"}:
        chart, *options = rest
        kept = [option for option in options if option not in FOR_A_CLUSTER]
        helm3("template", release, str(ROOT / chart), *kept)
    else:
        assert verb in {"uninstall", "rollback"}
        helm3(verb, "--help")


def test_what_notes_say_to_type_next_is_accepted(helm: Helm, cluster: ControlPlane) -> None:
    notes = Helm(helm.program, cluster.kubeconfig)(
        "install", "curation", str(CHART), "--dry-run=client"
    )
    [manifest] = re.findall(r"<<END\n(.*?)\n  END", notes, re.DOTALL)
    documents = list(yaml.safe_load_all("\n".join(line[2:] for line in manifest.splitlines())))

    assert [document["kind"] for document in documents] == ["Datasource", "CurationRun"]
    Datasource.model_validate(documents[0])
    CurationRun.model_validate(documents[1])


def test_every_reason_has_its_place_in_troubleshooting() -> None:
    page = (ROOT / "docs/how-to/troubleshooting.md").read_text(encoding="utf-8")
    told = re.findall(r"`([A-Z]\w+)`", page)

    assert set(Reason) - set(told) == set()


@pytest.mark.parametrize(
    "name", ["runbook.md", "how-to/troubleshooting.md", "how-to/several-teams.md"]
)
@pytest.mark.usefixtures("crds")
def test_what_to_look_at_can_be_looked_at(name: str, control_plane: ControlPlane) -> None:
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    for block in FENCE.finditer(text):
        for line in block["text"].splitlines():
            command, *arguments = shlex.split(line) or [""]
            if command == "kubectl" and arguments[0] == "get":
                control_plane.kubectl(*arguments, "--ignore-not-found")
