"""`curate tags` and `curate export`, on the samples that a test says were selected."""

import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from curation_api import ExitCode
from tests.curation_client.cli.shell import Ended, Shell
from tests.curation_operator.farm import Farm

NAMES = ["cow.jpg", "hen.jpg", "pig.jpg"]


@pytest.fixture(scope="module")
def tagged(barn: Farm) -> str:
    """A Datasource of which three samples were selected, two of them by its first run."""
    place = {"local": {"claimName": "results", "path": "tagged"}}
    barn.create_datasource("tagged", lightly=place)
    derived = barn.folders["results"] / "tagged/.lightly"
    (derived / "samples").mkdir(parents=True)
    (derived / "tags").mkdir()
    columns = pa.table({"name": NAMES, "source": NAMES})
    pyarrow.parquet.write_table(columns, derived / "samples/part-00000000.parquet")
    tag = {"id": "a" * 24, "name": "initial-tag", "bitMaskData": "0x3", "totSize": 3,
           "createdAt": 0, "prevTagId": None, "runId": "b" * 24}  # fmt: skip
    (derived / f"tags/{tag['id']}.json").write_text(json.dumps(tag))
    for name in NAMES:
        (barn.folders["pictures"] / name).write_text(name)
    return "tagged"


def test_tags_are_made_combined_renamed_and_removed(
    shell: Shell, tagged: str, tmp_path: Path
) -> None:
    names = tmp_path / "names.txt"
    names.write_text("hen.jpg\npig.jpg\n")

    made = shell("tags", "create", tagged, "night", "-f", str(names))
    both = shell("tags", "combine", tagged, "initial-tag", "intersection", "night", "both")
    refused = shell("tags", "delete", tagged, "initial-tag")
    renamed = shell("tags", "rename", tagged, "both", "common")
    listed = shell("tags", "ls", tagged)
    removed = shell("tags", "delete", tagged, "common")

    assert made.out == "tag night created, with 2 samples\n"
    assert both.out == "tag both created, with 1 samples\n"
    assert refused.exit_code == ExitCode.UNEXPECTED
    assert "Tag 'initial-tag' cannot be removed:" in refused.err
    assert renamed.out == "tag common renamed\n"
    assert re.sub(r"\d{4}-.*", "TIME", listed.out) == (
        "NAME          SAMPLES   PARENT        CREATED\n"
        "common        1         initial-tag   TIME\n"
        "night         2         initial-tag   TIME\n"
        "initial-tag   2                       TIME\n"
    )
    assert removed.out == "tag common deleted\n"


def test_samples_are_exported_for_people_and_for_tools(
    shell: Shell, tagged: str, tmp_path: Path
) -> None:
    exported = shell("export", tagged)
    for_tools = json.loads(shell("export", tagged, "--format", "label-studio").out)
    downloaded = shell("export", tagged, "initial-tag", "--download", str(tmp_path))

    assert exported == Ended(0, "cow.jpg\nhen.jpg\n", "")
    assert [task["data"]["lightlyFileName"] for task in for_tools] == ["cow.jpg", "hen.jpg"]
    assert downloaded.out == f"2 files are in {tmp_path}\n"
    assert (tmp_path / "hen.jpg").read_text() == "hen.jpg"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("export", "tagged", "nothing"), "There is no tag 'nothing' in "),
        (("export", "tagged", "--format", "label-studi"), "did you mean label-studio?"),
        (("tags", "combine", "tagged", "a", "plus", "b", "c"), "'plus' makes nothing of two tags"),
        (("tags", "create", "tagged", "new", "-f", "nowhere"), "nowhere cannot be read"),
        (("tags", "ls", "nowhere"), "There is no Datasource 'nowhere' in namespace"),
    ],
)
@pytest.mark.usefixtures("tagged")
def test_what_is_not_there_is_told(
    shell: Shell, arguments: tuple[str, ...], complaint: str
) -> None:
    said = shell(*arguments)

    assert said.out == ""
    assert complaint in said.err
    assert "To fix it: " in said.err
