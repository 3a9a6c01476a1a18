"""What users bring themselves: embeddings in a file, and a list of the files that matter."""

import csv
from pathlib import Path

import numpy as np
import pytest

from curation_api import CurationError, ExitCode
from tests.support.runs import Farm, do

WIDTH = 3
EMBEDDINGS = {"embeddings": "own.csv"}
MODEL = {"model": {"name": "resnet-9", "numFtrs": WIDTH}}


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    return Farm(tmp_path / "volumes").make()


def bring(farm: Farm, rows: dict[str, list[float]], **special: set[str]) -> None:
    """Write embeddings, and columns that are 1 for the given names."""
    width = len(next(iter(rows.values())))
    path = farm.derived / ".lightly/embeddings/own.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["filenames", *(f"embedding_{d}" for d in range(width)), "labels", *special])
        for name, values in rows.items():
            marks = [int(name in names) for names in special.values()]
            out.writerow([name, *values, 0, *marks])


def in_a_row(names: list[str]) -> dict[str, list[float]]:
    """Embeddings on an arc: the first and the last are the farthest from each other."""
    angles = np.linspace(0, np.pi / 2, len(names))
    return {name: [np.cos(a), np.sin(a), 0] for name, a in zip(names, angles, strict=True)}


@pytest.mark.covers("R117")
def test_given_embeddings_replace_those_of_a_network(farm: Farm, tmp_path: Path) -> None:
    names = farm.write_images(9)
    bring(farm, in_a_row(names))
    # There are no weights anywhere: none are needed.
    lightly = {**MODEL, "preTrained": True}

    do(farm, farm.config(n_samples=2, worker=EMBEDDINGS, lightly=lightly), tmp_path / "scratch")

    assert farm.lines("sampled_filenames_excluding_datapool.txt") == [names[0], names[-1]]
    with (farm.run_folder() / "data/embeddings.csv").open() as file:
        written = {row["filenames"]: float(row["embedding_1"]) for row in csv.DictReader(file)}
    assert written == pytest.approx({name: row[1] for name, row in in_a_row(names).items()})


@pytest.mark.covers("R117")
def test_other_embeddings_cost_no_second_look(farm: Farm, tmp_path: Path) -> None:
    names = farm.write_images(6)
    bring(farm, in_a_row(names))
    do(farm, farm.config("first", worker=EMBEDDINGS, lightly=MODEL), tmp_path / "first")
    bring(farm, in_a_row(names[::-1]))

    again = do(farm, farm.config("second", worker=EMBEDDINGS, lightly=MODEL), tmp_path / "second")

    assert again.counters.get("fetched", 0) == 0


@pytest.mark.covers("R119")
def test_masked_samples_are_not_seen_and_selected_ones_count(farm: Farm, tmp_path: Path) -> None:
    names = farm.write_images(9)
    bring(farm, in_a_row(names), masked={names[-1]}, selected={names[0]})

    do(farm, farm.config(n_samples=2, worker=EMBEDDINGS, lightly=MODEL), tmp_path / "scratch")

    assert farm.lines("sampled_filenames_excluding_datapool.txt") == [names[-2]]
    manifest = farm.manifest()
    assert manifest[names[-1]]["outcome"] == "masked"
    assert manifest[names[0]]["outcome"] == "preselected"
    data = farm.run_folder() / "data"
    with (data / "selected_embeddings_including_datapool.csv").open() as file:
        assert [row["filenames"] for row in csv.DictReader(file)] == [names[0], names[-2]]
    assert names[-1] not in (data / "embeddings.csv").read_text()


@pytest.mark.covers("R117", "R118")
@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "own.csv is not in the LIGHTLY bucket"),
        (b"filenames,embedding_0,labels\n", "lightlyConfig.model.numFtrs is 3"),
        (b"filenames,embedding_0,embedding_1,embedding_2\n", "there is no column 'labels'"),
        (b"\xff\xfe", "is not UTF-8 from byte 0 on"),
        (
            b"filenames,embedding_0,embedding_1,embedding_2,labels\n00000.png,1,0,0,0\n",
            "no embedding for 1 samples of the input, for example '00001.png'",
        ),
    ],
)
def test_a_wrong_file_of_embeddings_is_refused(
    farm: Farm, tmp_path: Path, content: bytes | None, complaint: str
) -> None:
    farm.write_images(2)
    if content is not None:
        path = farm.derived / ".lightly/embeddings/own.csv"
        path.parent.mkdir(parents=True)
        path.write_bytes(content)

    with pytest.raises(CurationError) as refused:
        do(farm, farm.config(worker=EMBEDDINGS, lightly=MODEL), tmp_path / "scratch")

    assert complaint in str(refused.value)
    assert refused.value.problem.exit_code == ExitCode.INVALID_CONFIG


@pytest.mark.covers("R120", "R121", "R123", "R126")
def test_a_list_of_relevant_files_says_what_is_looked_at(farm: Farm, tmp_path: Path) -> None:
    names = farm.write_images(4)
    farm.write("deep/down/a.png", (farm.raw / names[0]).read_bytes() + b" ")
    farm.write("deep/b.png", (farm.raw / names[1]).read_bytes() + b" ")
    lines = [names[2], names[2], f"/{names[3]}", "gone.png", "deep/* b.png"]
    path = farm.derived / ".lightly/relevant_filenames.txt"
    path.parent.mkdir()
    path.write_text("\n".join(lines))
    worker = {"relevantFilenamesFile": ".lightly/relevant_filenames.txt"}

    do(farm, farm.config(n_samples=2, worker=worker), tmp_path / "scratch")

    outcomes = {name: row["outcome"] for name, row in farm.manifest().items()}
    assert outcomes == {names[2]: "selected", "deep/down/a.png": "selected", "gone.png": "corrupt"}
    assert farm.manifest()["gone.png"]["reason"] == "missing"


def test_a_list_in_any_order_ends_like_none(farm: Farm, tmp_path: Path) -> None:
    names = farm.write_images(30)
    path = farm.derived / ".lightly/relevant_filenames.txt"
    path.parent.mkdir()
    path.write_text("\n".join([*names[:9:-1], "0000*"]))
    worker = {"relevantFilenamesFile": ".lightly/relevant_filenames.txt"}

    plain = do(farm, farm.config("plain"), tmp_path / "plain")
    listed = do(farm, farm.config("listed", worker=worker), tmp_path / "listed")

    assert plain.report.result
    assert listed.report.result
    assert listed.report.result.digest == plain.report.result.digest
    assert listed.counters.get("fetched", 0) == 0


@pytest.mark.covers("R128")
def test_a_list_that_is_not_there_is_an_error(farm: Farm, tmp_path: Path) -> None:
    farm.write_images(2)
    worker = {"relevantFilenamesFile": ".lightly/typo.txt"}

    with pytest.raises(CurationError, match=r"\.lightly/typo\.txt is not there"):
        do(farm, farm.config(worker=worker), tmp_path / "scratch")
