"""What stands for the published weights, which tests do not download."""

import subprocess
import sys
from pathlib import Path

# In a process of its own: most tests that need weights do not need torch themselves.
WEIGHTS = """
import sys, torch
from lightly.models.zoo import ZOO
from curation_api.lightly_config import Model
from curation_job.embedding.networks import untrained
model = Model()
name = ZOO[f"{model.name}/simclr/d{model.num_ftrs}/w{float(model.width)}"].rpartition("/")[2]
torch.save(untrained(model, seed=1).state_dict(), f"{sys.argv[1]}/{name}")
"""


def leave_weights(folder: Path) -> Path:
    """Those of an untrained network, in a file by the name of the published one."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-c", WEIGHTS, str(folder)], check=True)
    [written] = folder.iterdir()
    return written
