"""Whoever asks for something impossible is told what is wrong and what to do, before any work."""

import subprocess
import sys
from pathlib import Path

import pytest

from curation_api import ExitCode
from tests.curation_client.local_runs import (
    DATASOURCE,
    RUN,
    Ended,
    curate,
    curate_folder,
    write_manifests,
)

SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: reader}\n"
IN_S3 = DATASOURCE.replace(
    "{local: {claimName: raw}}",
    "{s3: {resourcePath: s3://datalake/farm/, region: eu-central-1},"
    " credentials: {secretRef: {name: reader}}}",
)


def refused(*documents: str, folder: Path) -> str:
    (folder / "derived").mkdir()
    ended = curate(manifests=write_manifests(folder, *documents), volumes=folder)
    assert (ended.exit_code, ended.out) == (ExitCode.INVALID_CONFIG, "")
    return ended.err.replace(str(folder), "HERE")


def test_every_wrong_key_is_named_at_once_with_the_closest_valid_name(tmp_path: Path) -> None:
    run = RUN.replace("nSamples: 3", "nSample: 3").replace("datasourceRef", "dataSourceRef")

    assert refused(DATASOURCE, run, folder=tmp_path) == (
        "HERE/manifests.yaml (document 2): spec.dataSourceRef: unknown key 'dataSourceRef';"
        " did you mean 'datasourceRef'?\n"
        "HERE/manifests.yaml (document 2): spec.datasourceRef: is required\n"
        "HERE/manifests.yaml (document 2): spec.selectionConfig.nSample: unknown key 'nSample';"
        " did you mean 'nSamples'?\n"
        "HERE/manifests.yaml (document 2): spec.selectionConfig:"
        " give either nSamples or proportionSamples.\n"
        "To fix it: Correct these lines; `kubectl explain` knows every field.\n"
    )


def test_a_run_without_its_datasource_names_those_that_are_there(tmp_path: Path) -> None:
    run = RUN.replace("datasourceRef: {name: farm}", "datasourceRef: {name: barn}")

    assert refused(DATASOURCE, run, folder=tmp_path) == (
        "CurationRun 'farm-3' chooses from Datasource 'barn', which is in none of the files"
        " (there: farm).\n"
        "To fix it: Add a file with Datasource 'barn', or correct spec.datasourceRef.name.\n"
    )


def test_a_missing_volume_is_named_before_any_worker_starts(tmp_path: Path) -> None:
    assert refused(DATASOURCE, RUN, folder=tmp_path) == (
        "Datasource 'farm' uses the claim 'raw', and there is no folder of that name in HERE.\n"
        "To fix it: Create it (a link will do), or point --volumes at the folder that has it.\n"
    )


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        ((DATASOURCE,), "There is no CurationRun in the files"),
        ((DATASOURCE, RUN, RUN), "there are two CurationRuns 'farm-3'"),
        ((DATASOURCE, DATASOURCE, RUN), "there are two Datasources 'farm'"),
        ((DATASOURCE, RUN.replace("name: farm-3", "generateName: farm-")), "metadata.name: is req"),
        (("a:\n\t- b",), "is no valid YAML: line 2, column 1: found character '\\t' that cannot"),
        ((SECRET + "stringData: {accessKeyId: *hushhush}",), "line 4, column 27: an alias, a tag"),
        ((SECRET + "stringData: {accessKeyId: 'hushhush}",), "line 4, column"),
        (("a: \x00",), "special characters are not allowed"),
        (("just words",), "this is no Kubernetes object"),
        ((IN_S3, RUN), "names the Secret 'reader', which is in none of the files"),
        ((SECRET + "data: {accessKeyId: hushhush!}",), "a value under data is not base64"),
        ((SECRET + "stringData: {accessKeyId: 5}",), "or its value is no text"),
        ((SECRET + "stringData: {../../x: y}",), "'../../x' is no key of a Secret"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_with_files_is_said(
    documents: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    err = refused(*documents, folder=tmp_path)

    assert said in err
    assert "To fix it: " in err
    assert "hushhush" not in err


@pytest.mark.parametrize("files", [("nowhere.yaml",), (".",)])
def test_a_file_that_is_not_there_is_named(
    files: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    ended = curate(manifests=tuple(map(Path, files)))

    assert ended.exit_code == ExitCode.INVALID_CONFIG
    assert files[0] in ended.err


def test_a_folder_of_manifests_is_taken_as_kubectl_takes_it(tmp_path: Path) -> None:
    write_manifests(tmp_path, DATASOURCE, RUN)

    ended = curate(manifests=(tmp_path,), volumes=tmp_path)

    assert "uses the claim 'raw'" in ended.err


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "It is not said how many samples to select.\nTo fix it: Give --n-samples, or"),
        ({"n_samples": 0}, "spec.selectionConfig.nSamples: must be at least 1"),
        ({"min_distance": -1.0}, "stoppingConditionMinimumDistance: must be at least 0"),
        ({"n_samples": 3, "train_epochs": -1}, "spec.lightlyConfig.trainer.maxEpochs: must be"),
        ({"n_samples": 3, "name": "My Run"}, "metadata.name of a Datasource may have at most 36"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_with_options_is_said(
    asked: dict[str, object], said: str, tmp_path: Path
) -> None:
    ended = curate_folder(tmp_path, tmp_path / "../out", dry_run=True, **asked)

    assert ended.exit_code == ExitCode.INVALID_CONFIG
    assert said in ended.err


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    ended = curate_folder(tmp_path / "nowhere", tmp_path, dry_run=False, n_samples=3)

    assert ended == Ended(
        ExitCode.INVALID_CONFIG,
        "",
        f"There is no folder {tmp_path}/nowhere.\nTo fix it: Correct the path after --input.\n",
    )


def test_results_do_not_go_where_the_next_run_would_choose_from_them(tmp_path: Path) -> None:
    ended = curate_folder(tmp_path, tmp_path / "a/out", dry_run=False, n_samples=3)

    assert ended.exit_code == ExitCode.INVALID_CONFIG
    assert ended.err.startswith(f"The output {tmp_path}/a/out lies inside the input {tmp_path}:")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        ([], ExitCode.INVALID_CONFIG, "To fix it: Add --local to run on this machine."),
        (["--local"], ExitCode.INVALID_CONFIG, "It takes either manifests or a folder."),
        (["--local", "-f", "x", "--n-samples", "3"], 2, "Options for a folder need --input"),
        (["--local", "-f", "x", "-o", "yaml"], ExitCode.INVALID_CONFIG, "Choose text or json."),
        (["--local", "--n-samples", "many"], 2, "Invalid value for '--n-samples'"),
        (["--loca"], 2, "--local"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_the_command_itself_ends_in_no_traceback(
    arguments: list[str], exit_code: int, said: str
) -> None:
    command = [sys.executable, "-m", "curation_client", "run", *arguments]

    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stdout) == (exit_code, "")
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
