"""Everything that a run writes reads back as what was written, whatever samples are called."""

import csv
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curation_api.datasource import DatasourceType
from curation_job.cache import Cache
from curation_job.listing import list_to_file
from curation_job.looking.videos import VIDEO_EXTENSIONS, frame_name
from curation_job.preparing import Prepared
from curation_job.publishing import Tags
from curation_job.records import Corrupt, Facts, Sample, Source
from curation_job.runtime.progress import Progress
from curation_job.tables.samples import embeddings_of, sample_table, samples_of
from curation_job.tables.text import write_embeddings, write_names
from curation_job.thumbnails import Thumbnails
from tests.support.runs import Farm, workspace

# What breaks lists and tables comes up often enough to meet.
nasty = st.sampled_from([",", '"', "'", ";", "\n", "\r", "\r\n", "\u2028", "\x85", "\t", " ", "/"])
letters = st.characters(exclude_categories=["Cs"])
names = st.lists(nasty | letters, min_size=1, max_size=12).map("".join)
name_lists = st.lists(names, max_size=10, unique=True).map(
    lambda given: sorted(given, key=str.encode)
)
finite = st.floats(allow_nan=False, allow_infinity=False, width=32)
FACTS = Facts(10, 4, 3, "c", "p", sharpness=1, snr=2, luminance=3, uniform_row_ratio=0)


@contextmanager
def a_folder() -> Iterator[Path]:
    """A folder for one example; hypothesis does not renew fixtures."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def read_names(path: Path) -> list[str]:
    """As anybody would read a list, and the two rules that its writer promises."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) if line.startswith('"') else line for line in lines]


@given(st.lists(names, max_size=10))
@example(['"quoted".png', '"', "line\nbreak", "\x1c"])
def test_lists_of_names(written: list[str]) -> None:
    with a_folder() as folder:
        write_names(folder / "names.txt", written)

        assert read_names(folder / "names.txt") == written


@pytest.mark.covers("R118")
@given(name_lists, st.integers(1, 40), st.lists(st.sampled_from(["al_score", "x"]), unique=True))
def test_columns_of_embeddings(rows: list[str], dimensions: int, further: list[str]) -> None:
    random = np.random.default_rng(len(rows))
    numbers = random.normal(size=(len(rows), dimensions)).astype(np.float32)
    scores = {name: random.random(len(rows)).astype(np.float32) for name in further}
    labels = random.integers(0, 2**40, len(rows))

    with a_folder() as folder:
        write_embeddings(folder / "e.csv", rows, numbers, labels, further=scores)
        with (folder / "e.csv").open(newline="", encoding="utf-8") as file:
            header, *cells = csv.reader(file)

    columns = [f"embedding_{number}" for number in range(dimensions)]
    assert header == ["filenames", *columns, "labels", *further]
    assert [row[0] for row in cells] == rows
    read = np.array([row[1 : dimensions + 1] for row in cells], np.float32)
    assert np.array_equal(read.reshape(numbers.shape), numbers)
    assert [int(row[dimensions + 1]) for row in cells] == labels.tolist()


@given(name_lists, st.integers(1, 4))
def test_the_list_of_files_chunk_by_chunk(stems: list[str], chunk_size: int) -> None:
    sources = [Source(f"{stem}x.png", len(stem), f"v{stem}") for stem in [*stems, "~~"]]

    with a_folder() as folder:
        count = list_to_file(
            sources,
            folder / "sources.parquet",
            kind=DatasourceType.IMAGES,
            location="here",
            datasource="farm",
            progress=Progress(),
        )
        prepared = Prepared(folder / "sources.parquet", count, chunk_size, started_ms=0)
        chunks = [prepared.chunk(index) for index in range(prepared.chunks)]

    assert [source for chunk in chunks for source in chunk.sources] == sources
    assert all(len(chunk.sources) == prepared.files_in(chunk.index) for chunk in chunks)


@given(name_lists, st.data())
def test_what_is_cached(rows: list[str], data: st.DataObject) -> None:
    is_sound = [data.draw(st.booleans()) for _ in rows]
    samples = [
        Sample(name, name, f"v{name}", facts=FACTS)
        if sound
        else Sample(name, name, f"v{name}", corrupt=Corrupt.DAMAGED, detail=name)
        for name, sound in zip(rows, is_sound, strict=True)
    ]
    embeddings = np.random.default_rng(0).normal(size=(sum(is_sound), 3)).astype(np.float32)

    with a_folder() as folder:
        farm = Farm(folder / "volumes").make()
        with workspace(farm, farm.config(), folder / "scratch") as space:
            writer = Cache(space.lightly, "d", dimensions=3, scratch=space.scratch).writer("1")
            writer.add(sample_table(samples, embeddings, 3))
            writer.commit()
            cache = Cache(space.lightly, "d", dimensions=3, scratch=space.scratch)
            found = cache.lookup([Source(name, 1, f"v{name}") for name in rows] or [ANY])

    assert list(samples_of(found)) == samples
    assert np.array_equal(embeddings_of(found), embeddings)


ANY = Source("any", 1, "v")


@given(st.lists(name_lists, max_size=3))
def test_samples_that_are_known_keep_their_numbers(selections: list[list[str]]) -> None:
    with a_folder() as folder:
        farm = Farm(folder / "volumes").make()
        with workspace(farm, farm.config(), folder / "scratch") as space:
            expected: dict[str, int] = {}
            for number, selected in enumerate(selections):
                Tags(space.lightly, space.scratch).publish(
                    farm.config(f"run-{number}"), selected, selected
                )
                for name in selected:
                    expected.setdefault(name, len(expected))
            tags = Tags(space.lightly, space.scratch).all()

    masks = {tag["runId"]: int(tag["bitMaskData"], 16) for tag in tags}
    assert masks == {
        f"run-{number}": sum(1 << expected[name] for name in selected)
        for number, selected in enumerate(selections)
    }


@given(st.dictionaries(names, st.binary(min_size=1, max_size=8), max_size=6))
def test_thumbnails(jpegs: dict[str, bytes]) -> None:
    with a_folder() as folder:
        thumbnails = Thumbnails(folder / "t.sqlite", samples=6, budget_bytes=10**6)
        thumbnails.keep(0, list(jpegs), list(jpegs.values()))
        kept = {name: thumbnails.get(name) for name in thumbnails.names()}
        thumbnails.close()

    assert kept == jpegs


WRITERS: dict[str, Callable[[Path, str], object]] = {
    "a list": lambda path, name: write_names(path, [name]),
    "embeddings": lambda path, name: write_embeddings(
        path, [name], np.zeros((1, 1), np.float32), np.zeros(1, np.int64)
    ),
    "a table": lambda _, name: sample_table(
        [Sample(name, name, "v", corrupt=Corrupt.MISSING)], np.zeros((0, 1), np.float32), 1
    ),
}


@pytest.mark.parametrize("what", WRITERS)
def test_half_a_character_is_refused_rather_than_changed(tmp_path: Path, what: str) -> None:
    with pytest.raises((UnicodeEncodeError, pa.ArrowInvalid)):
        WRITERS[what](tmp_path / "file", "half \ud800.png")


FRAME = re.compile(r"(?s)(.*)-(\d+)-([^.]+)\.png")
video_names = st.builds(
    lambda stem, extension: f"{stem}.{extension}",
    names,
    st.sampled_from(sorted(VIDEO_EXTENSIONS | {"MP4", "Avi"})),
)


@pytest.mark.covers("R131")
@given(video_names, st.integers(1, 10**6), st.data())
@example("a-1-mp4.png.mp4", 12, None)
def test_the_name_of_a_frame_says_which_of_which_video(
    video: str, count: int, data: st.DataObject | None
) -> None:
    index = data.draw(st.integers(0, count - 1)) if data else count - 1

    match = FRAME.fullmatch(frame_name(video, index, count=count))

    assert match
    stem, digits, extension = match.groups()
    assert (f"{stem}.{extension}", int(digits), len(digits)) == (video, index, len(str(count)))


@pytest.mark.covers("R131")
@given(video_names, st.integers(1, 300))
def test_frames_sort_by_name_as_they_are_shown(video: str, count: int) -> None:
    frames = [frame_name(video, index, count=count) for index in range(count)]

    assert sorted(frames, key=str.encode) == frames
