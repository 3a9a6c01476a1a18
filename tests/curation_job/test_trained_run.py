"""A run that trains its network first: what it leaves, and what it is good for."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from tests.support.runs import Farm, do
from tools.demo.data import make_pictures

TRAINING: dict[str, Any] = {
    "model": {"name": "resnet-9", "numFtrs": 32},
    "collate": {"inputSize": 24, "cjProb": 0.0},
    "loader": {"batchSize": 64, "numWorkers": 2},
    "trainer": {"maxEpochs": 5},
    "optimizer": {"lr": 0.05},
    "criterion": {"temperature": 0.2},
}


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Farm:
    """Scenes of six kinds, each kind in a folder; a run that trained, and one that did not."""
    folder = tmp_path_factory.mktemp("trained")
    farm = Farm(folder / "volumes").make()
    make_pictures(farm.raw, of_a_kind=6)
    trained = farm.config("trained", worker={"enableTraining": True}, lightly=TRAINING)
    do(farm, trained, folder / "trained")
    do(farm, farm.config("untrained", lightly=TRAINING), folder / "untrained")
    return farm


def separation(farm: Farm, uid: str) -> float:
    """How much nearer samples are to their own kind than to the next one, -1 to 1."""
    with (farm.run_folder(uid) / "data/normalized_embeddings.csv").open() as file:
        rows = list(csv.DictReader(file))
    embeddings_ND = np.array([[float(row[f"embedding_{d}"]) for d in range(32)] for row in rows])
    return float(silhouette_score(embeddings_ND, [Path(row["filenames"]).parent for row in rows]))


def test_training_tells_the_kinds_of_pictures_apart_better(farm: Farm) -> None:
    assert separation(farm, "trained") > separation(farm, "untrained") + 0.1


@pytest.mark.covers("R115")
def test_it_leaves_its_checkpoint_and_the_loss_of_each_epoch(farm: Farm) -> None:
    losses = farm.report("trained")["trainingLosses"]

    assert len(losses) == 5
    assert losses[-1] < losses[0] - 0.5
    assert (farm.run_folder("trained") / "lightly_epoch_4.ckpt").exists()
    assert (farm.run_folder("trained") / "plots/training_loss.png").exists()
    assert not list(farm.run_folder("untrained").glob("*.ckpt"))


def test_a_later_run_goes_on_from_its_checkpoint_without_another_look(
    farm: Farm, tmp_path: Path
) -> None:
    later = farm.config("later", worker={"checkpointRunId": "trained"}, lightly=TRAINING)

    done = do(farm, later, tmp_path / "scratch")

    assert done.counters.get("decoded", 0) == 0
    assert separation(farm, "later") == separation(farm, "trained")
