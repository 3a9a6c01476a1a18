"""All samples together: by name, with their own embeddings, duplicates settled."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation_job.assembling import Assembled, NothingUsable, assemble, without_duplicates
from curation_job.duplicates import duplicates_of
from curation_job.records import Corrupt, Facts, FrameOf, Sample
from curation_job.tables.samples import sample_table


def a_sample(
    name: str, *, content: str = "", pixels: str = "", corrupt: Corrupt | None = None
) -> Sample:
    facts = Facts(1, 1, 1, content or f"c-{name}", pixels or f"p-{name}", 0, 0, 0, 0)
    return Sample(name, name, "v1", None if corrupt else facts, corrupt)


def number_of(name: str) -> float:
    return float(int.from_bytes(name.encode()[:3]))


def assembled(*chunks: list[Sample], scratch: Path) -> Assembled:
    tables = []
    for samples in chunks:
        usable = [sample for sample in samples if sample.is_usable]
        embeddings = np.array([[number_of(s.name), 1] for s in usable], np.float32).reshape(-1, 2)
        tables.append(sample_table(samples, embeddings, 2))
    return assemble(tables, dimensions=2, scratch=scratch)


def test_samples_come_by_name_with_their_own_embeddings(tmp_path: Path) -> None:
    result = assembled(
        [a_sample("b"), a_sample("d", corrupt=Corrupt.TRUNCATED)],
        [a_sample("a"), a_sample("c")],
        scratch=tmp_path,
    )

    assert result.names.to_pylist() == ["a", "b", "c", "d"]
    assert result.usable_U.tolist() == [0, 1, 2]
    assert result.embeddings_UD[:, 0].tolist() == [number_of(name) for name in "abc"]


def test_frames_of_several_videos_come_by_name_too(tmp_path: Path) -> None:
    def frame(video: str, index: int) -> Sample:
        name = f"{video}-{index}-mp4.png"
        facts = Facts(0, 1, 1, name, name, 0, 0, 0, 0)
        return Sample(name, f"{video}.mp4", "v1", facts, frame=FrameOf(f"{video}.mp4", index, 0, 0))

    # As videos "v-1" comes before "v"; as frames it is the other way round for some.
    result = assembled(
        [frame("v-1", 0), frame("v-1", 1)], [frame("v", 0), frame("v", 2)], scratch=tmp_path
    )

    names = result.names.to_pylist()
    assert names == sorted(names, key=str.encode)
    assert result.embeddings_UD[:, 0].tolist() == [number_of(name) for name in names]


def test_when_nothing_is_usable_the_reasons_are_counted(tmp_path: Path) -> None:
    samples = [
        a_sample("a", corrupt=Corrupt.TRUNCATED),
        a_sample("b", corrupt=Corrupt.TRUNCATED),
        a_sample("c", corrupt=Corrupt.ZERO_BYTES),
    ]

    with pytest.raises(NothingUsable, match=r"None of the 3 samples .* 2 truncated, 1 zero bytes"):
        assembled(samples, scratch=tmp_path)


@pytest.mark.covers("R152")
def test_of_equal_bytes_or_equal_pixels_the_first_by_name_stays(tmp_path: Path) -> None:
    result = assembled(
        [
            a_sample("a", content="x"),
            a_sample("b", pixels="y"),
            a_sample("c", content="x"),
            a_sample("d", pixels="y"),
            a_sample("e"),
        ],
        scratch=tmp_path,
    )

    candidates = without_duplicates(result, remove=True)

    assert candidates.rows_C.tolist() == [0, 1, 4]
    assert candidates.duplicate_of == {2: 0, 3: 1}
    assert candidates.embeddings_CD[:, 0].tolist() == [number_of(name) for name in "abe"]


@pytest.mark.covers("R43")
def test_duplicates_stay_when_they_are_wanted(tmp_path: Path) -> None:
    result = assembled([a_sample("a", content="x"), a_sample("b", content="x")], scratch=tmp_path)

    assert without_duplicates(result, remove=False).rows_C.tolist() == [0, 1]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=12))
def test_one_of_each_connected_group_stays_and_it_is_the_first(
    pairs: list[tuple[int, int]],
) -> None:
    content, pixels = ([str(pair[side]) for pair in pairs] for side in (0, 1))

    originals = duplicates_of(
        pa.chunked_array([content], pa.string()), pa.chunked_array([pixels], pa.string())
    )

    for row, original in enumerate(originals):
        assert original <= row
        assert originals[original] == original
    for one in range(len(pairs)):
        for other in range(len(pairs)):
            if pairs[one][0] == pairs[other][0] or pairs[one][1] == pairs[other][1]:
                assert originals[one] == originals[other]
