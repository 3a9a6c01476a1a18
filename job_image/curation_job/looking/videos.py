"""Looks at a video: every frame once, in stream order, for as far as the video is sound.

Never by seeking: what a seek finds depends on the container, and frame numbers must be exact.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from mmap import ACCESS_READ, mmap
from pathlib import Path, PurePosixPath

import av
from av.error import FFmpegError
from PIL import Image

from curation_job.looking.endings import is_cut_off
from curation_job.looking.image_types import type_of_bytes
from curation_job.looking.images import LookSettings, seen
from curation_job.records import Corrupt, Look, Unusable

VIDEO_EXTENSIONS = frozenset({"mp4", "mov", "avi", "mpg", "mpeg", "hevc", "m4v", "webm"})

# What a file is, its content decides. Without these two, a list of addresses that calls itself a
# video would be played: files of this machine and of others would be read.
OPEN_OPTIONS = {
    "format_whitelist": "mov,avi,mpeg,mpegts,mpegvideo,matroska,hevc,h264,m4v",
    "protocol_whitelist": "file",
}


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as it was decoded."""

    index: int
    pts: int | None
    seconds: float | None
    look: Look


CUT_OFF = "the file is cut off"
DAMAGED_FRAME = "the next frame is damaged"


class BrokenVideo(Exception):  # noqa: N818  says what the video is
    """The video cannot be decoded further than this frame."""

    def __init__(self, frames: int, detail: str) -> None:
        super().__init__(f"broken after {frames} frames: {detail}")
        self.frames = frames
        self.detail = detail


def is_video(name: str) -> bool:
    """Whether the extension of a name is that of a video we read."""
    return PurePosixPath(name).suffix.removeprefix(".").lower() in VIDEO_EXTENSIONS


def frame_name(video: str, index: int, *, count: int) -> str:
    """The documented name of a frame; the index has as many digits as the count."""
    stem, _, extension = video.rpartition(".")
    return f"{stem}-{index:0{len(str(count))}d}-{extension}.png"


def frames_of(
    path: Path, settings: LookSettings, *, stop_before: int | None = None
) -> Iterator[Frame]:
    """Every frame of the video; `BrokenVideo` ends it where the good part ends."""
    if path.stat().st_size == 0:
        raise Unusable(Corrupt.ZERO_BYTES)
    settings = replace(settings, exact=True)
    index, fault = 0, ""
    try:
        for frame in decoded_frames(path):
            if index == stop_before:
                raise BrokenVideo(index, "its decoder crashed on the next frame")
            if settings.check and frame.is_corrupt:
                raise ValueError(DAMAGED_FRAME)
            yield _frame(index, frame, settings)
            index += 1
    except (FFmpegError, ValueError, MemoryError) as error:
        fault = _sentence(error)
    fault = CUT_OFF if _is_cut_off(path) else fault
    if index == 0:
        raise _nothing_to_see(path, fault)
    if fault:
        raise BrokenVideo(index, fault)


def decoded_frames(path: Path) -> Iterator[av.VideoFrame]:
    """The frames of a video in stream order."""
    with av.open(str(path), metadata_errors="replace", options=OPEN_OPTIONS) as container:
        if not container.streams.video:
            raise ValueError("it has no video stream")
        stream = container.streams.video[0]
        # Several frames at a time find faults by chance: what one thread has not told yet.
        stream.thread_type = "SLICE"
        yield from container.decode(stream)


def _is_cut_off(path: Path) -> bool:
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        return is_cut_off(_type_of(path), data)


def _type_of(path: Path) -> str | None:
    with path.open("rb") as file:
        return type_of_bytes(file.read(64))


def _nothing_to_see(path: Path, fault: str) -> Unusable:
    """Why a file has not a single frame."""
    if fault == CUT_OFF:
        return Unusable(Corrupt.TRUNCATED)
    if fault == DAMAGED_FRAME:
        return Unusable(Corrupt.DAMAGED, "its first frame")
    found = _type_of(path)
    if found not in {None, "MP4", "AVI", "Matroska"}:
        return Unusable(Corrupt.WRONG_TYPE, f"it is {found}")
    return Unusable(Corrupt.NOT_A_VIDEO, fault or "it has no frames")


def _frame(index: int, frame: av.VideoFrame, settings: LookSettings) -> Frame:
    image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
    look = seen(image, size=image.size, size_in_bytes=0, content_hash=None, settings=settings)
    seconds = float(frame.time) if frame.time is not None else None
    return Frame(index, frame.pts, seconds, look)


def _sentence(error: Exception) -> str:
    """What a decoder complains about, without the path of our temporary file."""
    if isinstance(error, FFmpegError) and error.strerror:
        return str(error.strerror)
    return str(error) or type(error).__name__
