"""Looks at a video: every frame once, in stream order, for as far as the video is sound.

Never by seeking: what a seek finds depends on the container, and frame numbers must be exact.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import av
from av.error import FFmpegError
from PIL import Image

from curation_job.looking.images import LookSettings, seen
from curation_job.records import Corrupt, Look, Unusable

VIDEO_EXTENSIONS = frozenset({"mp4", "mov", "avi", "mpg", "mpeg", "hevc", "m4v", "webm"})


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as it was decoded."""

    index: int
    pts: int | None
    seconds: float | None
    look: Look


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
    settings = replace(settings, exact=True)
    index = 0
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            if not container.streams.video:
                raise Unusable(Corrupt.NOT_A_VIDEO, "it has no video stream")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            for frame in container.decode(stream):
                if index == stop_before:
                    raise BrokenVideo(index, "its decoder crashed on the next frame")
                yield _frame(index, frame, settings)
                index += 1
    except (FFmpegError, ValueError, MemoryError) as error:
        if index == 0:
            raise Unusable(Corrupt.NOT_A_VIDEO, _first_line(error)) from error
        raise BrokenVideo(index, _first_line(error)) from error
    if index == 0:
        raise Unusable(Corrupt.NOT_A_VIDEO, "it has no frames")


def _frame(index: int, frame: av.VideoFrame, settings: LookSettings) -> Frame:
    image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
    look = seen(image, size=image.size, size_in_bytes=0, content_hash=None, settings=settings)
    seconds = float(frame.time) if frame.time is not None else None
    return Frame(index, frame.pts, seconds, look)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
