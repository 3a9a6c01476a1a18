"""`Curation`, the short way from Python, with a real operator."""

from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from curation_api.problems import CurationError, ExitCode, InvalidConfigurationError
from curation_client import AsyncCuration, Curation, Results, RunFailedError
from curation_client.cluster.control import NotPossibleError, WaitedTooLongError
from curation_client.cluster.errors import NotFoundException
from tests.curation_client.why.planted_runs import FARM, LATER, leave_run
from tests.curation_operator.farm import Farm

BROKEN = {"run": {"exit": 12, "reason": "DataUnusable", "message": "No picture is one."}}
GATED = {"run": {"wait_for": "gate-of-curation"}}


@pytest.fixture
def where(barn: Farm) -> dict[str, str]:
    volumes = barn.folders["results"].parent
    return {
        "kubeconfig": str(barn.control_plane.kubeconfig),
        "namespace": barn.namespace,
        "volumes": str(volumes),
    }


@pytest.fixture
def curation(where: dict[str, str]) -> Curation:
    return Curation(**where)


def leave_result(barn: Farm, name: str, rows: list[dict[str, object]]) -> None:
    uid = barn.run(name)["metadata"]["uid"]
    leave_run(barn.folders["results"] / ".lightly/runs" / uid, name, rows, nSamples=3)


def test_one_line_from_a_datasource_to_a_selection(curation: Curation, barn: Farm) -> None:
    run = curation.datasource("farm").select(5, diversity=True).run("short").wait()
    without_result = run._repr_html_()
    leave_result(barn, "short", FARM)

    assert repr(run) == "Run('short', Completed)"
    assert run.status.result is not None
    assert run.status.result.tag == "initial-tag"
    assert run.selected.names == ["cow.jpg", "pig.jpg", "hen.jpg"]
    assert str(run.why("copy.jpg")).startswith("copy.jpg: left out as an exact duplicate")
    assert "<b>short</b>: Completed" in run._repr_html_()
    assert "has left no manifest.parquet" in without_result


def test_the_same_request_by_the_same_name_is_the_same_run(curation: Curation) -> None:
    request = curation.datasource("farm").select(5)
    first = request.run("once")

    again = request.run("once")

    assert (again.name, len([run for run in curation.runs() if run.name == "once"])) == ("once", 1)
    assert first.spec == again.spec
    with pytest.raises(InvalidConfigurationError, match="it was asked for something else"):
        curation.datasource("farm").select(6).run("once")


def test_a_request_says_all_that_a_manifest_can(curation: Curation) -> None:
    request = (
        curation.datasource("farm")
        .select(50, diversity=2, typicality=True, min_distance=0.1)
        .train(epochs=20)
        .configure(lightly={"model": {"name": "resnet-9"}}, job={"gpus": 1}, priority="HIGH")
    )

    assert yaml.safe_load(str(request)) == {
        "datasourceRef": {"name": "farm"},
        "workerConfig": {"enableTraining": True},
        "selectionConfig": {
            "nSamples": 50,
            "strategies": [
                {
                    "input": {"type": "EMBEDDINGS"},
                    "strategy": {
                        "type": "DIVERSITY",
                        "strength": 2.0,
                        "stoppingConditionMinimumDistance": 0.1,
                    },
                },
                {"input": {"type": "EMBEDDINGS"}, "strategy": {"type": "TYPICALITY"}},
            ],
        },
        "lightlyConfig": {"trainer": {"maxEpochs": 20}, "model": {"name": "resnet-9"}},
        "job": {"gpus": 1},
        "priority": "HIGH",
    }


def test_what_is_wrong_with_a_request_is_told_where_it_is_said(curation: Curation) -> None:
    farm = curation.datasource("farm")

    with pytest.raises(InvalidConfigurationError, match="not said how many"):
        farm.select()
    with pytest.raises(InvalidConfigurationError, match="said twice how many"):
        farm.select(5, proportion=0.5)
    with pytest.raises(InvalidConfigurationError, match="nSamples: must be at least 1"):
        farm.select(0)
    with pytest.raises(InvalidConfigurationError, match="did you mean 'enable_training'"):
        farm.select(5).configure(worker={"enable_trainin": True})
    with pytest.raises(InvalidConfigurationError, match=r"metadata\.name of a CurationRun"):
        farm.select(5).run("My Run")
    with pytest.raises(NotFoundException, match="There is no Datasource 'fram'"):
        curation.datasource("fram")


def test_a_run_that_fails_is_an_error_that_says_why(curation: Curation, barn: Farm) -> None:
    barn.create_datasource("failing")
    barn.create_run("failing", script=BROKEN, datasourceRef={"name": "failing"})

    with pytest.raises(RunFailedError, match=r"is Failed: .*No picture is one") as failed:
        curation.run("failing").wait()

    assert failed.value.problem.exit_code == ExitCode.DATA_UNUSABLE


def test_a_run_is_followed_and_ended(curation: Curation, barn: Farm) -> None:
    barn.create_datasource("ended")
    barn.create_run("ended", script=GATED, datasourceRef={"name": "ended"})
    run = curation.run("ended")

    with pytest.raises(WaitedTooLongError, match=r"has not ended after 0\.2 s"):
        run.wait(timeout_seconds=0.2)
    run.cancel()
    states = [seen.state for seen in run.watch()]

    assert states[-1] == "Aborted"
    assert [one.name for one in curation.datasource("ended").runs()] == ["ended"]
    with pytest.raises(NotPossibleError, match="was cancelled and cannot be tried again"):
        run.retry()


async def test_the_same_without_blocking(where: dict[str, str], barn: Farm) -> None:
    curation = AsyncCuration(**where)
    farm = await curation.datasource("farm")

    run = await farm.select(5).run("awaited")
    await run.wait(timeout_seconds=60)
    leave_result(barn, "awaited", FARM)
    results = await run.results()

    assert run.now.has_succeeded
    assert len(results.selected) == 3
    assert "awaited" in [one.name for one in await curation.runs()]


def test_who_asks_is_not_shown(barn: Farm) -> None:
    kubeconfig = str(barn.control_plane.kubeconfig)
    curation = Curation("hush", kubeconfig=kubeconfig, namespace="farmyard")

    assert repr(curation) == "Curation(namespace='farmyard')"


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results.in_folder(leave_run(tmp_path / ".lightly/runs/uid-1", "farm-3", FARM))


def test_samples_are_rows_for_people_and_tables_for_programs(results: Results) -> None:
    assert repr(results.samples) == (
        "Samples(3 selected, 2 not selected, 1 duplicate, 1 corrupt, 1 filtered, 1 preselected)"
    )
    assert [sample.rank for sample in results.selected] == [1, 2, 3]
    assert results.samples.where("corrupt").names == ["empty.jpg"]
    assert results.selected.arrow.column("distance").to_pylist() == [None, 0.75, 0.25]
    assert results.configuration["enableTraining"] is False


@pytest.mark.skipif(find_spec("pandas") is not None, reason="pandas is there")
def test_without_pandas_it_says_what_to_do(results: Results) -> None:
    with pytest.raises(CurationError, match="pandas is not installed here"):
        results.samples.to_pandas()


def test_two_runs_of_this_machine_are_compared(results: Results, tmp_path: Path) -> None:
    later = Results.in_folder(leave_run(tmp_path / ".lightly/runs/uid-2", "farm-4", LATER))

    difference = results.diff(later)

    assert [change.name for change in difference.added] == ["goat.jpg", "calf.jpg"]
    assert str(difference).startswith("farm-3 → farm-4\n  3 → 4 selected, 2 of them in both\n")


def test_a_notebook_shows_pictures_and_reasons_and_trusts_no_name(tmp_path: Path) -> None:
    odd = {"name": "<b>.jpg", "outcome": "corrupt", "reason": "zero bytes"}
    folder = leave_run(tmp_path / ".lightly/runs/uid-1", "farm-3", [*FARM[:2], odd])
    thumbnail = tmp_path / ".lightly/thumbnails/cow_thumb.jpg"
    thumbnail.parent.mkdir()
    thumbnail.write_bytes(b"\xff\xd8\xff\xe0")

    shown = Results.in_folder(folder).samples._repr_html_()

    assert '<img src="data:image/jpeg;base64,/9j/4A==" width="128" alt="cow.jpg">' in shown
    assert "<b>pig.jpg</b><br>selected at rank 2<br>0.75 from cow.jpg" in shown
    assert "<b>&lt;b&gt;.jpg</b><br>cannot be used: zero bytes" in shown
