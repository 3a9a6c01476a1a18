"""What our pages show is true: manifests are accepted, verbs exist, links lead somewhere."""

import re
from pathlib import Path

import pytest
import yaml

from curation_api import CurationRun, Datasource
from tests.repository.snippets import ROOT, Snippet, pages, snippets
from tools.control_plane.cluster import ControlPlane

# What a block may be written in; a new language needs a test that says what must be true of it.
TESTED = {"", "json", "python", "sh", "yaml"}
VERB = re.compile(r"^([a-z0-9]+):.*## ", re.MULTILINE)
# What is for the chart is rendered by tests/charts/test_pages.py.
MANIFESTS = [block for block in snippets("yaml") if not block.text.startswith("# values.yaml\n")]
LINK = re.compile(r"\]\((?!https?://)([^)#]+)(?:#[^)]*)?\)")


def test_every_block_is_in_a_language_that_is_tested() -> None:
    untested = [str(block) for block in snippets() if block.language not in TESTED]

    assert untested == []


@pytest.mark.parametrize("snippet", MANIFESTS, ids=str)
def test_the_models_accept_a_manifest(snippet: Snippet) -> None:
    for document in yaml.safe_load_all(snippet.text):
        if document["kind"] in {"CurationRun", "Datasource"}:
            model = CurationRun if document["kind"] == "CurationRun" else Datasource
            model.model_validate(document)


@pytest.mark.usefixtures("crds")
@pytest.mark.parametrize("snippet", MANIFESTS, ids=str)
def test_the_api_server_accepts_a_manifest(
    snippet: Snippet, control_plane: ControlPlane, namespace: str
) -> None:
    control_plane.kubectl(
        "apply", "--dry-run=server", f"--namespace={namespace}", "-f", "-", input=snippet.text
    )


@pytest.mark.parametrize("snippet", snippets("sh"), ids=str)
def test_verbs_and_files_in_a_shell_block_exist(snippet: Snippet) -> None:
    verbs = set(VERB.findall((ROOT / "Makefile").read_text()))

    assert set(re.findall(r"^make ([a-z0-9]+)", snippet.text, re.MULTILINE)) <= verbs
    made = set(re.findall(r"> (\S+)", "".join(block.text for block in snippets("sh"))))
    for path in re.findall(r"-f (\S+)", snippet.text):
        assert path in made or (ROOT / path).exists(), path


@pytest.mark.usefixtures("crds")
@pytest.mark.parametrize("snippet", snippets("sh"), ids=str)
def test_kubectl_commands_work(
    snippet: Snippet, control_plane: ControlPlane, namespace: str
) -> None:
    for line in snippet.text.splitlines():
        command, *arguments = line.split("#")[0].split() or [""]
        if command == "kubectl":
            control_plane.kubectl(*arguments, f"--namespace={namespace}")


@pytest.mark.parametrize("page", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    broken = [
        target
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]

    assert broken == []
