"""The stand-in for a node leaves nothing behind, however it ends."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

# What a node does with a Pod, and then dies of.
NODE = """
import os, signal, subprocess
from tools.node.reaper import reaping

with reaping() as reaper:
    pod = subprocess.Popen(["sh", "-c", "sleep 600 & wait"], start_new_session=True)
    reaper.watch(pod.pid)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_node_that_is_killed_takes_the_children_of_its_pods_along() -> None:
    with subprocess.Popen([sys.executable, "-c", NODE], cwd=ROOT, stdout=subprocess.PIPE) as node:
        # All of them hold the other end of this pipe: it is closed when the last one is gone.
        said, _ = node.communicate(timeout=20)

    assert (said, node.returncode) == (b"", -9)
