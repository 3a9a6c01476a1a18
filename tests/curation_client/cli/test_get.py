"""`curate get`: tables for people, objects for programs."""

import json

import yaml

from curation_api import ExitCode
from curation_client.cli.listing import table_lines
from tests.curation_client.cli.shell import Shell, curate
from tests.curation_operator.farm import Farm


def test_columns_are_as_wide_as_they_need_to_be() -> None:
    rows = [["farm-50", "Completed", ""], ["a", "Running", "12m"]]

    assert list(table_lines(["NAME", "STATE", "AGE"], rows)) == [
        "NAME      STATE       AGE",
        "farm-50   Completed",
        "a         Running     12m",
    ]


def test_runs_and_datasources_are_listed(shell: Shell, barn: Farm) -> None:
    barn.create_run("listed")
    barn.wait_for_state("Completed", name="listed")

    runs = shell("get", "runs", "listed")
    sources = shell("get", "datasources", "-o", "wide")

    header, row = runs.out.splitlines()
    assert header.split() == [
        "NAME", "DATASOURCE", "STATE", "STEP", "PROGRESS", "SELECTED", "AGE",
    ]  # fmt: skip
    # Whether a short run was ever seen at work is chance.
    assert [word for word in row.split() if word != "100%"][:-1] == [
        "listed", "farm", "Completed", "COMPLETED", "5",
    ]  # fmt: skip
    assert sources.out.splitlines()[0].split() == [
        "NAME", "TYPE", "READY", "SAMPLES", "TAGS", "AGE", "REASON", "INPUT", "LIGHTLY",
    ]  # fmt: skip
    assert "claim pictures/" in sources.out


def test_programs_get_the_objects_themselves(shell: Shell, barn: Farm) -> None:
    barn.create_run("for-programs")

    one = json.loads(shell("get", "run/for-programs", "-o", "json").out)
    several = yaml.safe_load(shell("get", "runs", "--datasource", "farm", "-o", "yaml").out)
    names = shell("get", "runs", "for-programs", "-o", "name").out

    assert (one["kind"], one["metadata"]["name"]) == ("CurationRun", "for-programs")
    assert "managedFields" not in one["metadata"]
    assert several["kind"] == "List"
    assert one["metadata"]["uid"] in [item["metadata"]["uid"] for item in several["items"]]
    assert names == "curationrun.curation.dev/for-programs\n"


def test_where_there_is_nothing_it_says_so_beside_the_answer(shell: Shell, barn: Farm) -> None:
    said = shell("get", "runs", "--datasource", "nowhere")

    assert (said.exit_code, said.out) == (0, "")
    assert said.err == f"No runs found in namespace {barn.namespace}.\n"


def test_a_name_that_is_not_there_is_told_with_what_to_do(shell: Shell, barn: Farm) -> None:
    said = shell("get", "runs", "nobody")

    assert (said.exit_code, said.out) == (ExitCode.UNEXPECTED, "")
    assert said.err == (
        f"There is no CurationRun 'nobody' in namespace {barn.namespace}.\n"
        f"To fix it: Check the name: kubectl get curationruns --namespace {barn.namespace}.\n"
    )


def test_a_mistake_is_told_before_anybody_is_asked() -> None:
    assert curate("get", "rans", "--kubeconfig", "nowhere").err == (
        "There is no kind 'rans'; did you mean runs?\nTo fix it: Ask for runs or for datasources.\n"
    )
    assert curate("get", "runs", "-o", "xml").exit_code == ExitCode.INVALID_CONFIG


def test_without_a_cluster_it_says_how_to_name_one() -> None:
    said = curate("get", "runs", "--kubeconfig", "nowhere.yaml")

    assert said.exit_code == ExitCode.INVALID_CONFIG
    assert said.err.startswith("The kubeconfig cannot be used: ")
    assert "To fix it: Name a file and a context that exist.\n" in said.err
