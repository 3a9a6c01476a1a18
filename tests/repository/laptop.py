"""The machine of a reader who follows one of our pages."""

import os
import subprocess
import sys
from pathlib import Path

from tests.repository.snippets import ROOT, Snippet
from tests.support.images import an_image, encoded
from tools.demo.data import make_video


def a_laptop(folder: Path) -> dict[str, str]:
    """A folder as the page has it, with `curate` on the path."""
    (folder / "photos").mkdir()
    for number in range(6):
        (folder / f"photos/{number}.png").write_bytes(encoded(an_image(number), "png"))
    (folder / "photos/copy.png").write_bytes((folder / "photos/0.png").read_bytes())
    (folder / "photos/empty.png").write_bytes(b"")
    make_video(folder / "volumes/raw/clips/walk.mp4")
    (folder / "volumes/curated").mkdir()
    (folder / "examples").symlink_to(ROOT / "examples")
    return curate_on_path(folder)


def curate_on_path(folder: Path) -> dict[str, str]:
    """An environment in which `curate` is found."""
    command = folder / "bin/curate"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m curation_client "$@"\n')
    command.chmod(0o755)
    return {**os.environ, "PATH": f"{command.parent}:{os.environ['PATH']}"}


def said_by(block: Snippet, folder: Path, environment: dict[str, str]) -> str:
    """What a block prints when it is typed there; fails with all it says if it fails."""
    ended = subprocess.run(
        ["bash", "-e", "-c", block.text],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, f"{block}: {ended.stdout}{ended.stderr}"
    return ended.stdout
