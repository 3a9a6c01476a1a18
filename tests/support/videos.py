"""Videos made by code."""

from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
from av.video.stream import VideoStream

from tests.support.images import an_image

CODECS = {
    "mp4": "mpeg4", "mov": "mpeg4", "m4v": "mpeg4", "avi": "mpeg4", "mpg": "mpeg2video",
    "mpeg": "mpeg2video", "webm": "libvpx", "hevc": "libx265",
}  # fmt: skip


def write_video(
    path: Path, *, frames: int, width: int = 96, height: int = 64, **options: Any
) -> None:
    """A short video; its codec goes with its extension."""
    extension = path.suffix.removeprefix(".").lower()
    container_format = {"m4v": "mp4", "mpg": "mpeg"}.get(extension)
    with av.open(str(path), "w", format=container_format, **options) as container:
        stream = cast("VideoStream", container.add_stream(CODECS[extension], rate=Fraction(10)))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            frame = av.VideoFrame.from_image(an_image(number, width=width, height=height))  # type: ignore[no-untyped-call]
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
