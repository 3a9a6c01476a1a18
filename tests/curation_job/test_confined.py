"""The worker in the narrowest container: what it needs is what the operator's Pods give it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.container import MEMORY_BYTES, USER, confined, what_is_missing
from tests.support.memory import peak_memory_of
from tests.support.runs import Farm

pytestmark = pytest.mark.skipif(
    bool(what_is_missing()), reason=f"no walls to be had here: {what_is_missing()}"
)


def test_the_walls_are_there(tmp_path: Path) -> None:
    question = """
        id -u; nproc; grep CapEff /proc/self/status | cut -f2
        cut -s -d: -f1 /proc/self/net/dev
        for place in / /etc /root /usr /var/tmp /tmp; do
            touch $place/probe 2>/dev/null && echo $place
        done; true
    """

    said = subprocess.run(
        [*confined(tmp_path), "sh", "-c", question], capture_output=True, text=True, check=True
    ).stdout

    user, processors, capabilities, *rest = said.split()
    assert (user, processors, int(capabilities, 16)) == (str(USER), "1", 0)
    assert rest == ["lo", "/tmp"]  # noqa: S108


@pytest.mark.covers("R198")
def test_a_run_needs_one_processor_4_gb_one_folder_and_nothing_else(tmp_path: Path) -> None:
    farm = Farm(tmp_path / "volumes").make()
    farm.write_images(40)
    config = farm.config(
        worker={"enableTraining": True},
        lightly={"trainer": {"maxEpochs": 1}, "loader": {"batchSize": 16, "numWorkers": -1}},
    )
    (tmp_path / "job.json").write_text(json.dumps(config.complete()))

    with (
        subprocess.Popen(
            [
                *(*confined(tmp_path), sys.executable, "-m", "curation_job", "run"),
                *("--config", "/tmp/job.json", "--volumes", "/tmp/volumes"),  # noqa: S108
                *("--termination-log", "/tmp/last-words.json"),  # noqa: S108
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as worker,
        peak_memory_of(worker.pid) as peak,
    ):
        _, said = worker.communicate()

    assert worker.returncode == 0, said
    assert "Traceback" not in said
    assert "Warning" not in said
    assert json.loads((tmp_path / "last-words.json").read_text())["result"]["selected"] == 5
    assert peak[0] < MEMORY_BYTES
