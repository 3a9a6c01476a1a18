"""Copies the selected samples into the run's folder, scaled if asked to (`dumpDataset`)."""

import io
import logging
from collections.abc import Iterator, Sequence

from PIL import Image, ImageOps

from curation_job.publishing import frame_file, frame_key
from curation_job.records import Unusable
from curation_job.thumbnails import can_be_stored
from curation_job.workspace import Workspace

logger = logging.getLogger(__name__)

AS_IT_IS = [-1]
QUALITY = 95


def dump_selected(space: Workspace, names: Sequence[str]) -> None:
    """One file for each selected sample below `data/sampled/`; a restart goes on where it was."""
    worker = space.config.worker_config
    folder = f"{space.run_folder}/data/sampled/"
    there = set(space.lightly.keys(folder))
    key_of: dict[str, str] = {}
    for name in names:
        key = folder + (frame_file(name, worker.output_image_format) if space.is_video else name)
        if not can_be_stored(key):
            logger.warning("No copy of %s: its name would be too long", name)
        elif key not in there:
            key_of[name] = key
    for name, content in _contents(space, list(key_of)):
        if isinstance(content, Unusable):
            logger.warning("No copy of %s: %s", name, content)
        else:
            space.lightly.write(key_of[name], _scaled(name, content, worker.output_image_size))


def _contents(space: Workspace, names: Sequence[str]) -> Iterator[tuple[str, bytes | Unusable]]:
    if not space.is_video:
        yield from space.reader.read_many(iter(names))
        return
    image_format = space.config.worker_config.output_image_format
    for name in names:
        content = space.lightly.read(frame_key(name, image_format))
        if content is not None:
            yield name, content


def _scaled(name: str, content: bytes, size: Sequence[int]) -> bytes:
    """The image in another size, in the format it has; upright, as the camera meant it."""
    if list(size) == AS_IT_IS:
        return content
    buffer = io.BytesIO()
    try:
        with Image.open(io.BytesIO(content)) as image:
            upright = ImageOps.exif_transpose(image)
            colours = upright.convert("RGB") if upright.mode == "P" else upright
            small = colours.resize(_wanted(upright.size, size), Image.Resampling.BICUBIC)
            small.save(buffer, image.format, quality=QUALITY)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        logger.warning("The copy of %s has its own size: it cannot be scaled (%s)", name, error)
        return content
    return buffer.getvalue()


def _wanted(size: tuple[int, int], wanted: Sequence[int]) -> tuple[int, int]:
    """Width and height: as given, or with the shorter side as given."""
    if len(wanted) > 1:
        return wanted[1], wanted[0]
    width, height = (max(1, round(side * wanted[0] / min(size))) for side in size)
    return width, height
