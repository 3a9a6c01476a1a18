"""Writes the selected frames of videos as images, by decoding their videos once more."""

import io
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import av

from curation_job.looking.videos import decoded_frames
from curation_job.records import FrameOf

# Formats that Pillow calls differently from their extension.
_PILLOW_NAMES = {"jpg": "JPEG", "tif": "TIFF"}


def write_frames(
    selected: Iterable[tuple[str, FrameOf]],
    download: Callable[[str, Path], None],
    write: Callable[[str, bytes], None],
    *,
    image_format: str,
    scratch: Path,
) -> int:
    """Hand each selected frame to `write` under its name; returns how many."""
    wanted: dict[str, dict[int, str]] = defaultdict(dict)
    for name, frame in selected:
        wanted[frame.video][frame.index] = name
    written = 0
    for video, name_of in sorted(wanted.items()):
        with tempfile.NamedTemporaryFile(dir=scratch) as file:
            download(video, Path(file.name))
            last = max(name_of)
            for index, decoded in enumerate(decoded_frames(Path(file.name))):
                if index in name_of:
                    write(name_of[index], _encoded(decoded, image_format))
                    written += 1
                if index == last:
                    break
    return written


def _encoded(frame: av.VideoFrame, image_format: str) -> bytes:
    buffer = io.BytesIO()
    image = frame.to_image()  # type: ignore[no-untyped-call]
    image.save(buffer, _PILLOW_NAMES.get(image_format, image_format.upper()))
    return buffer.getvalue()
