"""`curate convert`: what the documented client was told becomes a manifest."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from curation_api import CurationRun, ExitCode
from curation_client.converting import ConvertRequest, convert

SELECTION = {
    "n_samples": 50,
    "strategies": [{"input": {"type": "EMBEDDINGS"}, "strategy": {"type": "DIVERSITY"}}],
}
SCRIPT = f"""
import time
from lightly.api import ApiWorkflowClient

client = ApiWorkflowClient(token="MY_TOKEN", dataset_id=open("nowhere").read())
selection = {SELECTION}
run_id = client.schedule_compute_worker_run(
    worker_config={{"enable_corruptness_check": True, "enable_training": True}},
    lightly_config={{"loader": {{"batch_size": 128}}, "trainer": {{"max_epochs": 10}}}},
    selection_config=selection,
    runs_on=["gpu-large"],
)
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def converted(name: str, text: str, **options: Any) -> tuple[int, list[Any], str]:
    Path(name).write_text(text)
    out, err = io.StringIO(), io.StringIO()
    code = convert(ConvertRequest(Path(name), "farm", **options), out, err)
    return code, list(yaml.safe_load_all(out.getvalue())), err.getvalue()


def test_a_documented_script_becomes_a_manifest_without_being_run() -> None:
    code, (manifest,), complaints = converted("weekly_run.py", SCRIPT)

    assert (code, complaints) == (ExitCode.OK, "")
    assert manifest["metadata"] == {"name": "weekly-run"}
    spec = manifest["spec"]
    assert spec["datasourceRef"] == {"name": "farm"}
    assert spec["workerConfig"] == {"enableCorruptnessCheck": True, "enableTraining": True}
    assert spec["lightlyConfig"] == {"loader": {"batchSize": 128}, "trainer": {"maxEpochs": 10}}
    assert spec["selectionConfig"]["nSamples"] == 50
    assert spec["runsOn"] == ["gpu-large"]
    CurationRun.model_validate(manifest)


def test_a_name_that_kubernetes_takes_is_made_of_that_of_the_file() -> None:
    _, (manifest,), _ = converted("Weekly run (2).py", SCRIPT)

    assert manifest["metadata"] == {"name": "weekly-run--2"}


def test_every_run_of_a_script_gets_a_manifest() -> None:
    call = f"client.schedule_compute_worker_run({{}}, None, {SELECTION}, priority='HIGH')\n"

    _, manifests, _ = converted("two.py", call * 2)

    assert [m["metadata"]["name"] for m in manifests] == ["two-1", "two-2"]
    assert [m["spec"]["priority"] for m in manifests] == ["HIGH", "HIGH"]


def test_configurations_alone_are_enough() -> None:
    _, (from_python,), _ = converted("run.py", f"selection_config = {SELECTION}")
    _, (from_json,), _ = converted("run.json", json.dumps({"selection_config": SELECTION}))

    assert from_python == from_json
    assert from_json["spec"]["selectionConfig"]["nSamples"] == 50


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("a.py", "x = 1", "a.py configures no run"),
        ("a.py", "selection_config = {", "a.py is no valid Python: '{' was never closed"),
        ("a.py", "selection_config = \0", "a.py is no valid Python: source code string cannot"),
        ("a.py", "selection_config = {{}: 5}", "a.py, line 1: selection_config is computed"),
        ("a.py", "selection_config = dict(n_samples=5)", "a.py, line 1: selection_config is comp"),
        ("a.json", "{", "a.json is no valid JSON"),
        ("a.json", "[]", "a.json configures no run"),
        ("a.json", '{"selection_config": {}, "selektion": {}}', "'selektion' is no part of a run"),
        ("a.py", "worker_config = {'enable_trainin': True}", "enable_training"),
    ],
)
def test_what_cannot_be_converted_is_explained(name: str, text: str, complaint: str) -> None:
    code, manifests, complaints = converted(name, text)

    assert (code, manifests) == (ExitCode.INVALID_CONFIG, [])
    assert complaint in complaints


def test_a_file_that_is_not_there_is_named() -> None:
    out, err = io.StringIO(), io.StringIO()

    code = convert(ConvertRequest(Path("nothing.py"), "farm"), out, err)

    assert code == ExitCode.INVALID_CONFIG
    assert "nothing.py" in err.getvalue()
