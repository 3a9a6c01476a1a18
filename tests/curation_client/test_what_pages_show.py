"""README, notebook and the page on `curate`: all they show is done, with an operator and workers.

A network without trained weights stands for the published one, which tests do not download.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from curation_api.job_options import JobOptions
from tests.curation_client.why.planted_runs import leave_run, selected
from tests.curation_operator.conftest import an_operator, settings_for
from tests.curation_operator.farm import Farm
from tests.repository.laptop import curate_on_path
from tests.repository.snippets import FENCE, ROOT, snippets
from tests.support import notebooks
from tests.support.background import Background
from tests.support.cluster_fixtures import new_namespace
from tests.support.node_fixtures import REAL, SCRIPTED
from tests.support.weights import leave_weights
from tools.control_plane.cluster import ControlPlane
from tools.demo.data import make_pictures
from tools.node.node import Node

PAGE = "docs/how-to/curate.md"
NOTEBOOK = ROOT / "examples/first_selection.ipynb"
REAL_JOBS = JobOptions(gpus=0, cpu="1", memory="2Gi", retries=0)


@dataclass(frozen=True)
class Studio:
    """A namespace with pictures, real workers, and somebody who works there."""

    environment: dict[str, str]
    folder: Path

    def run(self, command: Sequence[str]) -> str:
        ended = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, f"{command}: {ended.stdout}{ended.stderr}"
        return ended.stdout


@pytest.fixture(scope="module")
def studio(
    control_plane: ControlPlane, node: Background[Node], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Studio]:
    """Drawn pictures as the Datasource `farm`."""
    del node  # It has to be there and no more.
    farm = Farm(new_namespace(control_plane), control_plane)
    farm.prepare()
    (farm.folders["pictures"] / "cow.jpg").unlink()
    make_pictures(farm.folders["pictures"], of_a_kind=2)
    leave_weights(farm.folders["results"] / ".lightly/weights")
    farm.create_datasource()
    folder = tmp_path_factory.mktemp("studio")
    environment = {
        **curate_on_path(folder),
        "KUBECONFIG": str(control_plane.kubeconfig),
        "CURATION_NAMESPACE": farm.namespace,
        "CURATION_VOLUMES": str(farm.folders["results"].parent),
    }
    settings = settings_for(
        farm.namespace, worker_image=REAL, job=REAL_JOBS, custom_images_allowed=True
    )
    with an_operator(control_plane.kubeconfig, settings):
        _have_an_earlier_run(farm)
        yield Studio(environment, folder)


def _have_an_earlier_run(farm: Farm) -> None:
    """A run to compare with; its result is made up."""
    run = farm.create_run("farm-12", job={"image": SCRIPTED})
    farm.wait_for_state("Completed", name="farm-12")
    folder = farm.folders["results"] / ".lightly/runs" / run["metadata"]["uid"]
    leave_run(folder, "farm-12", [selected("night/cow-00.jpg", 1)], nSamples=1)


@pytest.fixture(scope="module")
def shown_and_said(studio: Studio) -> list[tuple[str, str]]:
    """What the page on `curate` shows below its commands, and what they print, in its order.

    The commands create the one run that everything here is about: the same request by the same
    name is the same run, from Python as well.
    """
    text = (ROOT / PAGE).read_text("utf-8")
    blocks = [(block["language"], block["text"]) for block in FENCE.finditer(text)]
    return [
        (shown if following == "" else "", studio.run(["bash", "-e", "-c", commands]))
        for (language, commands), (following, shown) in pairwise([*blocks, ("end", "")])
        if language == "sh"
    ]


def test_the_page_on_curate_says_what_happens(
    studio: Studio, shown_and_said: list[tuple[str, str]]
) -> None:
    promised = [(shown, said) for shown, said in shown_and_said if shown and "kubectl" not in shown]

    assert [said for _, said in promised] == [shown for shown, _ in promised]
    assert len((studio.folder / "names.txt").read_text().splitlines()) == 50
    assert sum(path.is_file() for path in (studio.folder / "pictures").rglob("*")) == 50
    assert {path.name for path in (studio.folder / "reports").iterdir()} == {
        "report.pdf",
        "manifest.parquet",
    }


@pytest.mark.usefixtures("shown_and_said")
def test_the_python_of_the_readme_selects_and_explains(studio: Studio) -> None:
    (block,) = [block for block in snippets("python") if block.page == "README.md"]

    said = studio.run([sys.executable, "-c", block.text])

    assert re.match(
        r"snow/moment-later-05\.jpg: (not )?selected.*\n"
        r"(  .*\n)*  Nearest.*: .*\.jpg \(rank \d+\), at distance ",
        said,
    )


@pytest.mark.usefixtures("shown_and_said")
def test_the_terminal_of_the_readme_says_why(studio: Studio) -> None:
    (block,) = [block for block in snippets("") if "$ curate why" in block.text]
    command, shown = block.text.removeprefix("$ ").split("\n", 1)

    assert studio.run(["bash", "-e", "-c", command]) == shown


@pytest.mark.usefixtures("shown_and_said")
def test_the_notebook_shows_pictures_with_reasons(studio: Studio) -> None:
    done = json.loads(studio.run([sys.executable, notebooks.__file__, str(NOTEBOOK)]))

    outputs = [cell["outputs"][0] for cell in done["cells"] if cell["cell_type"] == "code"]
    assert outputs[0]["data"]["text/plain"] == ["Datasource('farm', IMAGES)"]
    assert "".join(outputs[1]["text"]).startswith("datasourceRef:\n  name: farm\n")
    gallery = "".join(outputs[2]["data"]["text/html"])
    assert gallery.count('<img src="data:image/jpeg;base64,') == 12
    assert "<p>… and 38 more</p>" in gallery
    assert "'selected': 50" in outputs[3]["data"]["text/plain"][0]
    assert "left out as an exact duplicate of " in outputs[4]["text"][0]
    assert "selected at rank 50 of 50" in outputs[5]["text"][0]
    if keep := os.environ.get("KEEP_NOTEBOOK"):
        Path(keep).write_text(json.dumps(done, indent=1, ensure_ascii=False) + "\n")
