"""Whole runs of many small pictures: memory of all processes, and what a second run costs.

    python -m benchmarks.whole_run                        # about half an hour
    python -m benchmarks.whole_run --images 2000 20000

Every run is `curate run --local` as a person would type it. The second one selects something else
from the same pictures. Memory is sampled: what all its processes hold together, pages that several
of them share counted once.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image

MODULE = "benchmarks.whole_run"
SAMPLE_SECONDS = 0.25
SIDE = 64
NETWORKS = {
    "small": {"model": {"name": "resnet-9"}, "collate": {"inputSize": 32}},
    "documented": {"model": {"name": "resnet-18"}, "collate": {"inputSize": 64}},
}


@dataclass(frozen=True)
class Ran:
    """What a run took."""

    seconds: float
    peak_megabytes: float


def main() -> None:
    """Run what was asked for and print a table."""
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description=__doc__.split("\n")[0])
    parser.add_argument("--images", nargs="*", type=int, default=[10_000, 100_000])
    parser.add_argument("--network", choices=NETWORKS, default="small")
    arguments = parser.parse_args()
    print("| pictures | first run, s | peak MB | second run, s | peak MB | times faster |")
    print("|---|---|---|---|---|---|", flush=True)
    for count in arguments.images:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_pictures(folder / "volumes/raw", count)
            (folder / "volumes/curated").mkdir()
            first = run(folder, "first", count // 100, arguments.network)
            second = run(folder, "second", count // 50, arguments.network)
        print(
            f"| {count:,} | {first.seconds:.1f} | {first.peak_megabytes:.0f}"
            f" | {second.seconds:.1f} | {second.peak_megabytes:.0f}"
            f" | {first.seconds / second.seconds:.0f} |",
            flush=True,
        )


def write_pictures(folder: Path, count: int) -> None:
    """So many different pictures, a thousand in each folder."""
    folders = [folder / f"{number:04}" for number in range(-(-count // 1000))]
    with ProcessPoolExecutor() as pool:
        list(pool.map(_write_thousand, folders, [count] * len(folders)))


def _write_thousand(folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    start = int(folder.name) * 1000
    for number in range(start, min(start + 1000, count)):
        coarse = np.random.default_rng(number).integers(0, 256, (8, 8, 3), np.uint8)
        picture = Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        picture.save(folder / f"{number:06}.jpg", quality=90)


def run(folder: Path, name: str, picks: int, network: str) -> Ran:
    """One run, watched from outside."""
    manifests = folder / f"{name}.yaml"
    manifests.write_text("\n---\n".join(map(json.dumps, _manifests(name, picks, network))))
    command = [sys.executable, "-m", "curation_client", "run", "--local", "-f", str(manifests)]
    output = folder / f"{name}.log"
    began = time.monotonic()
    with output.open("wb") as log:
        process = subprocess.Popen(
            [*command, "--volumes", str(folder / "volumes")], stdout=log, stderr=log
        )
    peak = 0
    while process.poll() is None:
        peak = max(peak, _held_by(process.pid))
        time.sleep(SAMPLE_SECONDS)
    if process.returncode:
        raise SystemExit(output.read_text())
    return Ran(time.monotonic() - began, peak / 1e6)


def _held_by(pid: int) -> int:
    """Bytes of a process and all below it, pages that several share counted once."""
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    return sum(map(_share_of, family))


def _share_of(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.NoSuchProcess:
        return 0


def _manifests(name: str, picks: int, network: str) -> list[Any]:
    diversity = {"input": {"type": "EMBEDDINGS"}, "strategy": {"type": "DIVERSITY"}}
    datasource = {
        "type": "IMAGES",
        "input": {"local": {"claimName": "raw"}},
        "lightly": {"local": {"claimName": "curated"}},
    }
    run_spec = {
        "datasourceRef": {"name": "pictures"},
        "workerConfig": {},
        "selectionConfig": {"nSamples": picks, "strategies": [diversity]},
        "lightlyConfig": {"preTrained": False, **NETWORKS[network]},
        "job": {"gpus": 0},
    }
    head = {"apiVersion": "curation.dev/v1alpha1"}
    return [
        {**head, "kind": "Datasource", "metadata": {"name": "pictures"}, "spec": datasource},
        {**head, "kind": "CurationRun", "metadata": {"name": name}, "spec": run_spec},
    ]


if __name__ == "__main__":
    main()
