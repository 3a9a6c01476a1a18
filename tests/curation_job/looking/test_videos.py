"""What is a video is played as far as it is sound; what is none is not looked into."""

from pathlib import Path

import pytest

from curation_job.looking.images import LookSettings
from curation_job.looking.videos import BrokenVideo, frames_of
from curation_job.records import Corrupt, Unusable
from tests.support.images import an_image, encoded
from tests.support.videos import write_video

SETTINGS = LookSettings(side_pixels=32)


def refusal(path: Path) -> Unusable:
    with pytest.raises(Unusable) as refused:
        list(frames_of(path, SETTINGS))
    return refused.value


def good_part(path: Path, settings: LookSettings = SETTINGS) -> tuple[int, str]:
    """How many frames there are, and why there are no more."""
    count = 0
    try:
        for _ in frames_of(path, settings):
            count += 1
    except BrokenVideo as broken:
        return count, broken.detail
    return count, ""


def with_a_hole(path: Path) -> None:
    data = path.read_bytes()
    middle = len(data) // 2
    path.write_bytes(data[:middle] + b"\0" * 300 + data[middle + 300 :])


@pytest.mark.parametrize("extension", ["avi", "webm"])
def test_a_video_that_was_cut_off_keeps_its_good_part(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a.{extension}"
    write_video(path, frames=12)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])

    count, why = good_part(path)

    assert 0 < count < 12
    assert why == "the file is cut off"


def test_a_frame_that_the_decoder_had_to_make_up_ends_the_good_part(tmp_path: Path) -> None:
    path = tmp_path / "a.mpg"
    write_video(path, frames=12)
    with_a_hole(path)

    count, why = good_part(path)
    unchecked, _ = good_part(path, LookSettings(side_pixels=32, check=False))

    assert 0 < count < unchecked
    assert why == "the next frame is damaged"


def test_a_list_of_other_files_is_not_followed(tmp_path: Path) -> None:
    write_video(tmp_path / "other.avi", frames=4)
    path = tmp_path / "list.mp4"
    path.write_text("ffconcat version 1.0\nfile other.avi\n")

    assert refusal(path).reason == Corrupt.NOT_A_VIDEO


def test_an_image_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(encoded(an_image(), "jpg"))

    assert str(refusal(path)) == "type differs from extension: it is JPEG"


def test_a_message_does_not_name_our_temporary_file(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_text("no video at all")

    assert str(refusal(path)) == "not a video: Invalid data found when processing input"
