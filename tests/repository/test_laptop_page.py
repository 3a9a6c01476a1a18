"""Every command of docs/how-to/run-on-a-laptop.md does what the page says."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.repository.snippets import ROOT, snippets
from tests.support.images import an_image, encoded
from tools.demo.data import make_video

PAGE = "docs/how-to/run-on-a-laptop.md"


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


def test_its_commands_do_what_it_says(tmp_path: Path) -> None:
    environment = a_laptop(tmp_path)
    said = {}

    for block in [block for block in snippets("sh") if block.page == PAGE]:
        ended = subprocess.run(
            ["bash", "-e", "-c", block.text],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, f"{block}: {ended.stdout}{ended.stderr}"
        said[block.text] = re.sub("[0-9a-f]{8}-[-0-9a-f]{27}", "UID", ended.stdout)

    first, _, printed, again, _ = said.values()
    (shown,) = [block.text for block in snippets("") if block.page == PAGE]
    assert first.replace(f"{tmp_path}/", "") == shown
    assert "kind: CurationRun" in printed
    assert "  7 of 7 embeddings known from earlier runs\n" in again
    result = json.loads((tmp_path / "result.json").read_text())
    assert (result["state"], result["result"]["selected"]) == ("Completed", 3)
