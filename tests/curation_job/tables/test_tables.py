"""What is written can be read back, and a wrong file is named by its exact fault."""

import csv
import tempfile
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from curation_job.records import Corrupt, Facts, FrameOf, Sample
from curation_job.tables.embeddings_file import EmbeddingsFileError, read_embeddings
from curation_job.tables.samples import embeddings_of, sample_table, samples_of
from curation_job.tables.text import weak_labels, write_embeddings, write_names

# Names as they occur in buckets: anything but a line break ends up in a CSV cell unharmed.
names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=30)
finite = st.floats(allow_nan=False, allow_infinity=False, width=32)

facts = st.builds(
    Facts,
    size_in_bytes=st.integers(0, 2**40),
    width=st.integers(1, 2**20),
    height=st.integers(1, 2**20),
    content_hash=names,
    pixel_hash=names,
    sharpness=finite,
    snr=finite,
    luminance=finite,
    uniform_row_ratio=finite,
    taken_at=st.none() | names,
    latitude=st.none() | st.floats(-90, 90),
    longitude=st.none() | st.floats(-180, 180),
)
frames = st.builds(
    FrameOf,
    video=names,
    index=st.integers(0, 2**40),
    pts=st.none() | st.integers(-(2**40), 2**40),
    seconds=st.none() | st.floats(0, 1e6),
)
usable = st.builds(Sample, names, names, names, facts=facts, frame=st.none() | frames, detail=names)
corrupt = st.builds(Sample, names, names, names, corrupt=st.sampled_from(Corrupt), detail=names)


@given(st.lists(usable | corrupt, max_size=8), st.integers(1, 5))
def test_samples_survive_parquet(samples: list[Sample], dimensions: int) -> None:
    count = sum(sample.is_usable for sample in samples)
    embeddings = np.random.default_rng(0).normal(size=(count, dimensions)).astype(np.float32)
    sink = pyarrow.BufferOutputStream()

    pyarrow.parquet.write_table(sample_table(samples, embeddings, dimensions), sink)
    table = pyarrow.parquet.read_table(pyarrow.BufferReader(sink.getvalue()))

    assert list(samples_of(table)) == samples
    assert np.array_equal(embeddings_of(table), embeddings)


@pytest.mark.covers("L17")
@given(
    hnp.arrays(np.float32, st.tuples(st.integers(0, 6), st.integers(1, 4)), elements=finite),
    st.data(),
)
def test_embeddings_survive_csv(embeddings: np.ndarray, data: st.DataObject) -> None:
    count = len(embeddings)
    rows = data.draw(st.lists(names, min_size=count, max_size=count))
    labels = np.arange(count, dtype=np.int64)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "embeddings.csv"
        write_embeddings(path, rows, embeddings, labels)
        read = read_embeddings(path.read_bytes().decode(), source="embeddings.csv")

    assert read.names == rows
    assert np.array_equal(read.embeddings_ND, embeddings)
    assert np.array_equal(read.labels_N, labels)


@pytest.mark.covers("R118")
def test_the_header_is_the_documented_one(tmp_path: Path) -> None:
    scores = {"al_score": np.array([0.5], np.float32)}
    write_embeddings(
        tmp_path / "e.csv", ["a,b.jpg"], np.ones((1, 2), np.float32), np.zeros(1, np.int64),
        further=scores,
    )  # fmt: skip

    with (tmp_path / "e.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["filenames", "embedding_0", "embedding_1", "labels", "al_score"],
            ["a,b.jpg", "1", "1", "0", "0.5"],
        ]


@pytest.mark.covers("R118")
@pytest.mark.parametrize(
    ("header", "fault"),
    [
        ("", "the first column is ''"),
        ("names,embedding_0,labels", "the first column is 'names'"),
        ("filenames, embedding_0,labels", "the column ' embedding_0' has a space"),
        ("filenames,embedding_0", "there is no column 'labels'"),
        ("filenames,embedding_0,colour,labels", "there is the column 'colour'"),
        ("filenames,embedding_1,embedding_0,labels", "not complete and in order"),
        ("filenames,embedding_0,embedding_2,labels", "not complete and in order"),
        ("filenames,labels", "there is no column 'embedding_0'"),
    ],
)
def test_a_wrong_header_is_named_by_its_fault(header: str, fault: str) -> None:
    with pytest.raises(EmbeddingsFileError) as refusal:
        read_embeddings(f"{header}\n", source="mine.csv")

    assert "mine.csv" in str(refusal.value)
    assert fault in str(refusal.value)


@pytest.mark.covers("R118")
@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("a.jpg,1", "line 3 has 2 columns instead of 3"),
        ("", "line 3 is empty"),
        ("a.jpg,one,0", "line 3 holds something that is no number"),
        ("a.jpg,nan,0", "line 3 holds NaN or infinity"),
    ],
)
def test_a_wrong_line_is_named_by_its_number(row: str, fault: str) -> None:
    text = f"filenames,embedding_0,labels\na.jpg,1,0\n{row}\n"

    with pytest.raises(EmbeddingsFileError, match=fault):
        read_embeddings(text, source="mine.csv")


@pytest.mark.covers("R117")
def test_another_width_than_configured_is_refused() -> None:
    with pytest.raises(EmbeddingsFileError, match=r"of 1 numbers, but .*numFtrs is 32"):
        read_embeddings("filenames,embedding_0,labels\n", source="mine.csv", dimensions=32)


@pytest.mark.covers("R119")
def test_masked_and_selected_samples_are_known_and_further_columns_ignored() -> None:
    text = "filenames,embedding_0,selected,masked,labels,score\na,1,1,0,3,0.5\nb,2,0,1,4,0.5\n"

    read = read_embeddings(text, source="mine.csv", dimensions=1)

    assert read.selected_N.tolist() == [True, False]
    assert read.masked_N.tolist() == [False, True]
    assert read.embeddings_ND.tolist() == [[1], [2]]
    assert read.labels_N.tolist() == [3, 4]


def test_a_weak_label_is_the_number_of_the_folder_or_the_video() -> None:
    flat = weak_labels(["a.jpg", "b.jpg"], [None, None])
    folders = weak_labels(["x/a.jpg", "y/b.jpg", "x/c.jpg"], [None, None, None])
    videos = weak_labels(["v/1.mp4", "v/2.mp4"], ["v/1.mp4", "v/2.mp4"])

    assert [flat.tolist(), folders.tolist(), videos.tolist()] == [[0, 0], [0, 1, 0], [0, 1]]


def test_a_list_has_one_name_a_line(tmp_path: Path) -> None:
    write_names(tmp_path / "names.txt", ["b.jpg", "ä b.jpg"])

    assert (tmp_path / "names.txt").read_bytes() == "b.jpg\nä b.jpg\n".encode()
