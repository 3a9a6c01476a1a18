"""Samples as pictures in a notebook: thumbnails from the bucket, or small files as they are."""

import base64
from collections.abc import Callable, Sequence
from html import escape

from curation_api.thumbnails import thumbnail_key
from curation_client.why.explaining import what_became_of
from curation_client.why.manifest import SampleRecord
from curation_storage import Readable, StorageError

WIDTH_PIXELS = 128
LARGEST_FILE_BYTES = 512 * 1024
DEFAULT_SUFFIX = ".lightly/thumbnails/[filename]_thumb.[extension]"

# What a browser shows, by how the file begins.
_TYPES = {b"\xff\xd8\xff": "jpeg", b"\x89PNG": "png", b"GIF8": "gif", b"RIFF": "webp"}


class Pictures:
    """Finds a picture of a sample."""

    def __init__(
        self,
        derived: Readable,
        open_raw: Callable[[], Readable] | None = None,
        suffix: str = DEFAULT_SUFFIX,
    ) -> None:
        self._derived, self._open_raw, self._suffix = derived, open_raw, suffix

    def of(self, name: str) -> str | None:
        """The picture as an address that holds it; None where there is none that is small."""
        for find in (self._thumbnail, self._file):
            try:
                content = find(name)
            except StorageError:  # A notebook without a picture is better than none.
                content = None
            if content is not None and (kind := _type_of(content)):
                return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
        return None

    def _thumbnail(self, name: str) -> bytes | None:
        return self._derived.read(thumbnail_key(self._suffix, name)) if self._suffix else None

    def _file(self, name: str) -> bytes | None:
        if self._open_raw is None:
            return None
        raw = self._open_raw()
        listed = raw.look_up(name)
        is_small = listed is not None and listed.size <= LARGEST_FILE_BYTES
        return raw.read(name) if is_small else None


def gallery(samples: Sequence[SampleRecord], pictures: Pictures, *, of: int) -> str:
    """Pictures in rows, each with what became of the sample, and how many more there are."""
    cells = "".join(_cell(sample, pictures.of(sample.name)) for sample in samples)
    more = f"<p>… and {of - len(samples):,} more</p>" if of > len(samples) else ""
    return f'<div style="display:flex;flex-wrap:wrap;gap:10px">{cells}</div>{more}'


def _cell(sample: SampleRecord, picture: str | None) -> str:
    box = f"width:{WIDTH_PIXELS}px;margin:0;font-size:11px;line-height:1.4"
    image = (
        f'<div style="width:{WIDTH_PIXELS}px;height:72px;background:#ddd"></div>'
        if picture is None
        else f'<img src="{picture}" width="{WIDTH_PIXELS}" alt="{escape(sample.name)}">'
    )
    lines = [f"<b>{escape(sample.name)}</b>", escape(what_became_of(sample)), *_beside(sample)]
    return (
        f'<figure style="{box}">{image}'
        f'<figcaption style="overflow-wrap:anywhere">{"<br>".join(lines)}</figcaption></figure>'
    )


def _beside(sample: SampleRecord) -> list[str]:
    if sample.nearest_selected is None or sample.distance is None:
        return []
    return [f"{sample.distance:.3g} from {escape(sample.nearest_selected)}"]


def _type_of(content: bytes) -> str | None:
    return next((kind for start, kind in _TYPES.items() if content.startswith(start)), None)
