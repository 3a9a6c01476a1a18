"""docs/how-to/migrate.md: the script it shows becomes the manifest it shows."""

from pathlib import Path

from tests.repository.laptop import a_laptop, said_by
from tests.repository.snippets import snippets

PAGE = "docs/how-to/migrate.md"


def test_the_script_becomes_the_manifest(tmp_path: Path) -> None:
    environment = a_laptop(tmp_path)
    (script,) = [block.text for block in snippets("python") if block.page == PAGE]
    (manifest,) = [block.text for block in snippets("yaml") if block.page == PAGE]
    (tmp_path / "weekly.py").write_text(script)

    said = [said_by(block, tmp_path, environment) for block in snippets("sh") if block.page == PAGE]

    assert (tmp_path / "weekly.yaml").read_text() == manifest
    assert said == ["", "curationrun/weekly is valid\n"]
