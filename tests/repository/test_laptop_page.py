"""Every command of docs/how-to/run-on-a-laptop.md does what the page says."""

import json
import re
from pathlib import Path

from tests.repository.laptop import a_laptop, said_by
from tests.repository.snippets import snippets

PAGE = "docs/how-to/run-on-a-laptop.md"


def test_its_commands_do_what_it_says(tmp_path: Path) -> None:
    environment = a_laptop(tmp_path)
    said = {}

    for block in [block for block in snippets("sh") if block.page == PAGE]:
        printed = said_by(block, tmp_path, environment)
        said[block.text] = re.sub("[0-9a-f]{8}-[-0-9a-f]{27}", "UID", printed)

    first, _, printed, again, _ = said.values()
    (shown,) = [block.text for block in snippets("") if block.page == PAGE]
    assert first.replace(f"{tmp_path}/", "") == shown
    assert "kind: CurationRun" in printed
    assert "  7 of 7 embeddings known from earlier runs\n" in again
    result = json.loads((tmp_path / "result.json").read_text())
    assert (result["state"], result["result"]["selected"]) == ("Completed", 3)
