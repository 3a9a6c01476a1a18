"""`curate validate`: all that is wrong with manifests, without a cluster."""

import io
from pathlib import Path

from curation_api import ExitCode
from curation_client.validating import validate

ROOT = Path(__file__).parents[2]


def said(*paths: Path) -> tuple[int, list[str], str]:
    out, err = io.StringIO(), io.StringIO()
    code = validate(paths, out, err)
    return code, out.getvalue().splitlines(), err.getvalue()


def test_what_is_valid_is_named() -> None:
    code, lines, complaints = said(ROOT / "examples/first-run")

    assert (code, complaints) == (ExitCode.OK, "")
    assert lines == ["datasource/farm is valid", "curationrun/first is valid"]


def test_every_example_is_valid() -> None:
    for file in sorted((ROOT / "examples").rglob("*.yaml")):
        assert said(file)[::2] == (ExitCode.OK, ""), file


def test_what_is_older_style_is_noted(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text(
        "kind: CurationRun\napiVersion: curation.dev/v1alpha1\nmetadata: {name: old}\n"
        "spec:\n  datasourceRef: {name: farm}\n"
        "  workerConfig: {method: coreset, stoppingCondition: {nSamples: 50}}\n"
    )

    code, lines, _ = said(file)

    assert code == ExitCode.OK
    assert lines[0] == "curationrun/old is valid"
    assert all(line.startswith("  note: ") for line in lines[1:])
    assert len(lines) > 1


def test_a_datasource_that_lacks_a_place_is_noted(tmp_path: Path) -> None:
    file = tmp_path / "farm.yaml"
    file.write_text(
        "kind: Datasource\napiVersion: curation.dev/v1alpha1\nmetadata: {name: farm}\n"
        "spec: {type: IMAGES}\n"
    )

    code, lines, _ = said(file)

    assert code == ExitCode.OK
    assert lines[0] == "datasource/farm is valid"
    assert "note: The Datasource has no INPUT" in lines[1]


def test_all_mistakes_are_told_at_once_with_their_places(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text(
        "kind: CurationRun\napiVersion: curation.dev/v1alpha1\nmetadata: {name: bad}\n"
        "spec:\n  datasourceRef: {name: farm}\n"
        "  selectionConfig: {nSamples: 0, stratgies: []}\n"
        "---\nkind: Datasource\nmetadata: {name: farm}\nspec: {type: IMAGES, input: {}}\n"
    )

    code, lines, complaints = said(file)

    assert (code, lines) == (ExitCode.INVALID_CONFIG, [])
    assert f"{file} (document 1): spec.selectionConfig.nSamples" in complaints
    assert "strategies" in complaints
    assert f"{file} (document 2): spec.input" in complaints


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    code, _, complaints = said(tmp_path / "nothing.yaml")

    assert code == ExitCode.INVALID_CONFIG
    assert "There is no file" in complaints
