"""A run from bucket to bucket, as a Pod does it: what comes of it, and that no secret does."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from curation_api import ExitCode
from tests.support.images import an_image, encoded
from tests.support.planted import leaks, planted_place, running_echo
from tests.support.runs import Farm
from tests.support.servers.session import Servers
from tests.support.storage_places import StoragePlace, a_place


def run_worker(
    raw: StoragePlace, derived: StoragePlace, folder: Path, worker: dict[str, Any] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run to the end; the last words are in `folder / "last-words"`."""
    config = Farm(folder).config(n_samples=3, worker=worker).complete()
    config["datasourceSpec"] |= {"input": raw.location, "lightly": derived.location}
    (folder / "job.json").write_text(json.dumps(config))
    for role, place in {"input": raw, "lightly": derived}.items():
        (folder / role).mkdir()
        for key, value in place.secret.items():
            (folder / role / key).write_text(value)
    command = (sys.executable, "-m", "curation_job", "run", "--config", folder / "job.json")
    return subprocess.run(
        [
            *command, "--port=0", f"--volumes={raw.volumes}", f"--input-secrets={folder}/input",
            f"--lightly-secrets={folder}/lightly", f"--termination-log={folder}/last-words",
        ],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip


@pytest.mark.covers("R2", "R7", "R9", "R19", "C17")
def test_a_run_reads_from_one_provider_and_writes_to_another(
    servers: Servers, tmp_path: Path
) -> None:
    raw, derived = a_place("s3", servers, tmp_path), a_place("azure", servers, tmp_path)
    for number in range(8):
        raw.put(f"{number}.png", encoded(an_image(number, width=24, height=24), "png"))

    finished = run_worker(raw, derived, tmp_path)

    assert finished.returncode == ExitCode.OK, finished.stderr
    words = (tmp_path / "last-words").read_text()
    assert json.loads(words)["result"]["selected"] == 3
    assert raw.names() == [f"{number}.png" for number in range(8)]
    left = derived.open_lightly()
    contents = [left.read(file.name).decode("latin-1") for file in left.list()]
    assert contents
    said = "\n".join([finished.stdout, finished.stderr, words, *contents])
    assert leaks(said, raw) + leaks(said, derived) == []


@pytest.mark.covers("R19", "C17")
def test_a_run_that_fails_says_no_secret(servers: Servers, tmp_path: Path) -> None:
    with running_echo() as echo:
        place = planted_place(echo, "gcs", servers, tmp_path)
        finished = run_worker(place, place, tmp_path)

    words = (tmp_path / "last-words").read_text()
    assert finished.returncode == ExitCode.ACCESS_DENIED
    assert "To fix it" in finished.stderr
    assert leaks(finished.stdout + finished.stderr + words, place) == []
