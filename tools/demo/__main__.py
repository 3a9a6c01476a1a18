"""`make demo`: the main job on this machine. No cluster, no GPU, no network."""

import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tools.demo.data import make_pictures, make_video
from tools.demo.findings import findings_in, summary

ROOT = Path(__file__).parents[2]
EXAMPLES = Path("examples/demo")
VOLUMES = Path("volumes/demo")
PICTURES_OF_A_KIND = 12


@dataclass(frozen=True, slots=True)
class DemoRun:
    """A run of the demonstration."""

    manifest: str
    datasource: str
    name: str

    def folder(self, volumes: Path) -> Path:
        """Where it leaves its files: the manifests say so."""
        return volumes / "curated" / self.datasource / ".lightly/runs" / self.name


RUNS = (
    DemoRun("train-and-select.yaml", "farm", "farm-40"),
    DemoRun("select-again.yaml", "farm", "farm-bright"),
    DemoRun("frames.yaml", "clips", "clips-frames"),
)


def main() -> int:
    """Show everything in `volumes/demo`, which is made anew."""
    started = time.monotonic()
    shutil.rmtree(ROOT / VOLUMES, ignore_errors=True)
    exit_code = demo(VOLUMES)
    print(f"\nAll of it took {time.monotonic() - started:.0f} s.")
    return exit_code


def demo(volumes: Path, *, of_a_kind: int = PICTURES_OF_A_KIND) -> int:
    """Draw the data, do the runs of `examples/demo`, and hold what they found against the truth."""
    folder = ROOT / volumes
    planted = make_pictures(folder / "raw/pictures", of_a_kind=of_a_kind)
    make_video(folder / "raw/clips/walk.mp4")
    (folder / "curated").mkdir()
    print(f"Drew {planted.pictures} pictures and a video into {volumes}/raw")
    for run in RUNS:
        exit_code = _curate(run, volumes)
        if exit_code:
            return exit_code
    found = findings_in(RUNS[0].folder(folder))
    print()
    print("\n".join(summary(found, planted)))
    print("\nLook at:")
    for run in RUNS:
        print(f"  {run.folder(volumes)}/report.pdf and plots/")
    return 0 if found.is_what_was(planted) else 1


def _curate(run: DemoRun, volumes: Path) -> int:
    """Type the command that a user would type."""
    files = [EXAMPLES / "farm.yaml", EXAMPLES / run.manifest]
    arguments = ["run", "--local", "--volumes", str(volumes)]
    arguments += [word for path in files for word in ("-f", str(path))]
    print("\n$ curate", *arguments, flush=True)
    command = [sys.executable, "-m", "curation_client", *arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
