"""Makes a selection known: thumbnails, frames, the index of known samples, and the tag."""

import json
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from curation_api import JobConfig
from curation_api.bit_masks import mask_of
from curation_api.names import FRAMES, INITIAL_TAG, SAMPLES, TAGS
from curation_api.thumbnails import thumbnail_key
from curation_job.buckets import LightlyBucket
from curation_job.thumbnails import can_be_stored

logger = logging.getLogger(__name__)

SAMPLE_SCHEMA = pa.schema([("name", pa.string()), ("source", pa.string())])


def publish_thumbnails(
    bucket: LightlyBucket,
    suffix: str,
    names: Sequence[str],
    thumbnail_of: Callable[[str], bytes | None],
) -> int:
    """Write the thumbnails of selected samples that are not there; returns how many."""
    if not suffix:
        return 0
    keys = {thumbnail_key(suffix, name): name for name in names}
    written = 0
    for key, name in keys.items():
        if not can_be_stored(key):
            logger.warning("No thumbnail of %s: its name would be too long", name)
        elif not bucket.exists(key) and (jpeg := thumbnail_of(name)):
            bucket.write(key, jpeg)
            written += 1
    return written


def frame_key(name: str, image_format: str) -> str:
    """Where a selected frame lies."""
    return f"{FRAMES}/{frame_file(name, image_format)}"


def frame_file(name: str, image_format: str) -> str:
    """What the image of a frame is called; the frame itself is always called .png."""
    return f"{name.removesuffix('.png')}.{image_format}"


class Tags:
    """The samples that are known and the tags over them, in the LIGHTLY bucket.

    A tag is a bit mask: its bit k stands for the k-th sample that ever became known. So samples
    are only ever added, and a tag never changes.
    """

    def __init__(self, bucket: LightlyBucket, scratch: Path) -> None:
        self._bucket = bucket
        self._scratch = scratch

    def publish(self, config: JobConfig, names: Sequence[str], sources: Sequence[str]) -> str:
        """Publish the selection of a run once, however often it is asked for; returns its name."""
        existing = self.all()
        of_this_run = [tag for tag in existing if tag["runId"] == config.run.uid]
        if of_this_run:
            return str(of_this_run[0]["name"])
        number_of = self._add_samples(names, sources)
        taken = {tag["name"] for tag in existing}
        name = INITIAL_TAG if not existing else _free_name(config.run.name, taken)
        initial = next((tag["id"] for tag in existing if tag["name"] == INITIAL_TAG), None)
        tag = {
            "id": secrets.token_hex(12),
            "datasetId": config.datasource.uid,
            "name": name,
            "prevTagId": initial,
            "bitMaskData": mask_of(number_of[sample] for sample in names),
            "totSize": len(number_of),
            "createdAt": int(time.time() * 1000),
            "runId": config.run.uid,
        }
        self._bucket.write(f"{TAGS}/{tag['id']}.json", json.dumps(tag).encode())
        return name

    def all(self) -> list[dict[str, Any]]:
        """Every tag, the oldest first."""
        contents = [self._bucket.read(key) for key in self._bucket.keys(f"{TAGS}/")]
        tags = [json.loads(content) for content in contents if content is not None]
        return sorted(tags, key=lambda tag: (tag["createdAt"], tag["id"]))

    def _add_samples(self, names: Sequence[str], sources: Sequence[str]) -> dict[str, int]:
        """The number of every known sample, the new ones among them added by name."""
        parts = sorted(self._bucket.keys(f"{SAMPLES}/"))
        number_of: dict[str, int] = {}
        for part in parts:
            path = self._scratch / "samples-part.parquet"
            self._bucket.download(part, path)
            for name in pyarrow.parquet.read_table(path).column("name").to_pylist():
                number_of[name] = len(number_of)
        new = sorted(
            ((n, s) for n, s in zip(names, sources, strict=True) if n not in number_of),
            key=lambda pair: pair[0].encode(),
        )
        if new:
            columns = [pa.array(column) for column in zip(*new, strict=True)]
            path = self._scratch / "samples-new.parquet"
            pyarrow.parquet.write_table(pa.table(columns, schema=SAMPLE_SCHEMA), path)
            self._bucket.write(f"{SAMPLES}/part-{len(parts):08}.parquet", path)
            for name, _ in new:
                number_of[name] = len(number_of)
        return number_of


def _free_name(wanted: str, taken: set[str]) -> str:
    number, name = 1, wanted
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    return name
