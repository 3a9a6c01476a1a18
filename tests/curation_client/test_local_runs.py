"""`curate run --local` with the real worker, on folders of a few images."""

import json
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml

from curation_api import CurationRun, Datasource, ExitCode
from curation_client.local.command import uid_of
from curation_client.local.quick import QuickRequest, quick_manifests
from tests.curation_client.local_runs import (
    DATASOURCE,
    RUN,
    curate,
    curate_folder,
    write_manifests,
)
from tests.support.images import an_image, encoded


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Six images, a copy of one of them, and an empty file."""
    folder = tmp_path / "volumes/raw"
    folder.mkdir(parents=True)
    (tmp_path / "volumes/derived").mkdir()
    for number in range(6):
        (folder / f"{number}.png").write_bytes(encoded(an_image(number), "png"))
    (folder / "copy.png").write_bytes((folder / "0.png").read_bytes())
    (folder / "empty.png").write_bytes(b"")
    return folder


def test_manifests_in_a_selection_out_and_the_same_again_is_the_same_run(
    photos: Path, tmp_path: Path
) -> None:
    manifests, volumes = write_manifests(tmp_path, DATASOURCE, RUN), photos.parent

    first = curate(manifests=manifests, volumes=volumes)
    again = curate(manifests=manifests, volumes=volumes, output_format="json")

    (folder,) = (volumes / "derived/.lightly/runs").iterdir()
    assert first.exit_code == ExitCode.OK
    assert first.out == (
        "farm-3: Completed\n"
        "  8 samples in the input\n"
        "  1 of them cannot be used: 1 zero bytes\n"
        "  1 left out as exact duplicates\n"
        "  3 selected, published as tag 'initial-tag'\n"
        f"  Report: {folder}/report.pdf\n"
        f"  All files: {folder}\n"
    )
    assert first.err.splitlines()[:2] == ["farm-3: INITIALIZING", "farm-3: LOADING_DATASET"]
    said = json.loads(again.out)
    assert list(said) == ["state", "uid", "runDirectory", "result"]
    assert (said["state"], said["uid"], said["runDirectory"]) == (
        "Completed",
        str(uuid.UUID(folder.name)),
        str(folder),
    )
    assert said["result"]["selected"] == 3
    assert again.err == "farm-3: INITIALIZING\n"


def test_a_folder_needs_no_manifests_but_can_have_them(photos: Path, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"n_samples": 3, "untrained": True, "name": "quick"}
    output = tmp_path / "curated"
    printed = curate_folder(photos, output, dry_run=True, **asked).out
    made_by_printing = output.exists()

    by_options = curate_folder(photos, output, dry_run=False, **asked)

    datasource, run = yaml.safe_load_all(printed)
    for location in ("input", "lightly"):
        claim = datasource["spec"][location]["local"]["claimName"]
        target = {"input": photos, "lightly": output}[location]
        assert f"#   ln -s {target} volumes/{claim}\n" in printed
        (photos.parent / claim).symlink_to(target)
    Datasource.model_validate(datasource)
    CurationRun.model_validate(run)
    by_manifests = curate(manifests=write_manifests(tmp_path, printed), volumes=photos.parent)
    assert not made_by_printing
    assert by_options.exit_code == ExitCode.OK
    assert by_manifests.out == by_options.out
    assert by_manifests.err == "quick: INITIALIZING\n"


def test_the_same_folders_name_and_options_are_the_same_run_and_no_others_are(
    tmp_path: Path,
) -> None:
    def uid(folder: str = "a", **asked: Any) -> str:
        (tmp_path / folder).mkdir(exist_ok=True)
        quick = QuickRequest(tmp_path / folder, tmp_path / "out", **{"n_samples": 3, **asked})
        manifests = quick_manifests(quick)
        return uid_of(manifests.runs[0], manifests.datasource_of(manifests.runs[0]))

    uids = [uid(), uid(name="other"), uid(n_samples=4), uid(folder="b"), uid(train_epochs=2)]

    assert uid() == uids[0]
    assert len(set(uids)) == len(uids)


@pytest.mark.covers("R155")
def test_without_weights_it_names_the_ways_out_and_starts_no_further_run(
    photos: Path, tmp_path: Path
) -> None:
    no_weights = RUN.replace("preTrained: false", "seed: 2")
    manifests = write_manifests(tmp_path, DATASOURCE, no_weights, RUN.replace("farm-3", "never"))

    ended = curate(manifests=manifests, volumes=photos.parent)

    assert ended.exit_code == ExitCode.MODEL_MISSING
    assert ended.out.startswith("farm-3: Failed (ModelMissing)\n")
    for way_out in ("workerConfig.checkpoint", "enableTraining: true", "preTrained: false"):
        assert way_out in ended.out
    assert "never" not in ended.out + ended.err


@pytest.mark.covers("R157")
def test_who_stops_the_command_stops_the_worker_which_saves_what_is_done(
    photos: Path, tmp_path: Path
) -> None:
    run = RUN.replace("loader: {numWorkers: 1}", "trainer: {maxEpochs: 5000}").replace(
        "  lightlyConfig:", "  workerConfig: {enableTraining: true}\n  lightlyConfig:"
    )
    (manifests,) = write_manifests(tmp_path, DATASOURCE, run)
    command = [sys.executable, "-m", "curation_client", "run", "--local", "-f", str(manifests)]
    with subprocess.Popen(
        [*command, "--volumes", str(photos.parent)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "TRAINING" in line:
                break
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)

    assert process.returncode == ExitCode.CHECKPOINTED
    assert out.startswith("farm-3: Aborted (Stopped)\n  The run was told to stop.")
