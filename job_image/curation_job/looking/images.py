"""Looks at one image: what its bytes are, whether they are sound, and what there is to see.

Runs in a worker process: a decoder that crashes takes that process down, not the run.
"""

import io
import re
import warnings
from dataclasses import dataclass

import numpy as np
import simplejpeg
import xxhash
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from curation_job.looking.endings import is_cut_off
from curation_job.looking.image_types import IMAGE_TYPES, type_of_bytes, type_of_name
from curation_job.looking.measures import measure
from curation_job.records import Corrupt, Facts, Look, Pixels, Unusable

# We have a limit of our own, and say which image exceeded it.
Image.MAX_IMAGE_PIXELS = None

THUMBNAIL_SIDE_PIXELS = 256
THUMBNAIL_QUALITY = 80

# A JPEG may be decoded at a half, a quarter or an eighth of its size. At this many times what the
# network sees, the difference to a full decode is less than that between two JPEG decoders.
SMALLEST_SCALE = 1.5

# Cameras leave a few stray bytes between markers; a broken stream leaves hundreds.
HARMLESS_STRAY_BYTES = 16
_STRAY_BYTES = re.compile(r"(\d+) extraneous bytes before marker")

_CUT_OFF = re.compile(
    r"[Tt]runcated|Premature end of JPEG file|unexpected end|not enough image data"
)

# A copy of a huge image is made so many rows at a time.
ROWS_AT_ONCE = 256

_OUR_TYPES = frozenset(IMAGE_TYPES.values())


@dataclass(frozen=True, slots=True)
class LookSettings:
    """How images are looked at."""

    side_pixels: int
    """The side of the square that the network sees."""

    shorter_side_pixels: int | None = None
    """Scale the shorter side to this and cut the square from the middle; else scale both sides."""

    check: bool = True
    """Whether a file must be of the type its name promises, and free of artefacts."""

    exact: bool = False
    """Whether every image is decoded at its full size."""

    most_pixels: int = 250_000_000
    """Images with more pixels are refused before they fill the memory."""


def look_at_image(name: str, data: bytes, settings: LookSettings) -> Look:
    """Everything the run needs of this image; `Unusable` says why there is nothing to see."""
    _check_bytes(name, data, settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's remarks on odd metadata
        try:
            with Image.open(io.BytesIO(data), formats=sorted(_OUR_TYPES)) as header:
                size = header.size
                _check_size(size, settings)
                if settings.check and header.format == "PNG":
                    _verify(data)
                image = _decoded(header, data, settings)
                exif = _exif(header)
        except Unusable:
            raise
        except Exception as error:  # broken data makes decoders raise anything
            raise _unusable(error, data) from error
        image = ImageOps.exif_transpose(image) if exif.get(ExifTags.Base.Orientation) else image
        return _look(image, size=size, data=data, exif=exif, settings=settings)


def _check_bytes(name: str, data: bytes, settings: LookSettings) -> None:
    if not data:
        raise Unusable(Corrupt.ZERO_BYTES)
    found = type_of_bytes(data)
    if found is None:
        raise Unusable(Corrupt.NOT_AN_IMAGE)
    if found not in _OUR_TYPES:
        raise Unusable(Corrupt.UNSUPPORTED, f"it is {found}")
    promised = type_of_name(name)
    if settings.check and promised is not None and found != promised:
        raise Unusable(Corrupt.WRONG_TYPE, f"it is {found}")


def _check_size(size: tuple[int, int], settings: LookSettings) -> None:
    width, height = size
    if width * height > settings.most_pixels:
        raise Unusable(Corrupt.TOO_LARGE, f"{width} x {height} pixels")


def _verify(data: bytes) -> None:
    """Pillow decodes a PNG without a look at the check sums of its pixels."""
    with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        image.verify()


def _decoded(header: Image.Image, data: bytes, settings: LookSettings) -> Image.Image:
    """The image as RGB with 8 bits a channel; a JPEG perhaps at a fraction of its size."""
    if header.format == "JPEG":
        return Image.fromarray(_decoded_jpeg(header, data, settings))
    header.load()
    if header.mode.startswith("I") or header.mode == "F":
        return _from_deep_grey(header)
    return header if header.mode == "RGB" else header.convert("RGB")


def _decoded_jpeg(header: Image.Image, data: bytes, settings: LookSettings) -> Pixels:
    side = 0 if settings.exact else _smallest_side(settings)
    try:
        return _decode_jpeg(data, side, strict=settings.check)
    except ValueError as error:
        stray = _STRAY_BYTES.search(str(error))
        if stray and int(stray[1]) <= HARMLESS_STRAY_BYTES:
            return _decode_jpeg(data, side, strict=False)
        if "subsampling" in str(error):  # an unusual layout, which only Pillow knows
            header.load()
            return np.asarray(header.convert("RGB"))
        raise


def _decode_jpeg(data: bytes, side: int, *, strict: bool) -> Pixels:
    pixels: Pixels = simplejpeg.decode_jpeg(
        data, "RGB", min_height=side, min_width=side, min_factor=2, strict=strict
    )
    return pixels


def _smallest_side(settings: LookSettings) -> int:
    """The network's square and the thumbnail are both made from this decode."""
    seen_side = settings.shorter_side_pixels or settings.side_pixels
    return max(int(seen_side * SMALLEST_SCALE), THUMBNAIL_SIDE_PIXELS * 3 // 4)


def _from_deep_grey(image: Image.Image) -> Image.Image:
    """More than 8 bits a pixel, brought down to 8: from 16, or from the range that is there."""
    values_HW = np.asarray(image)
    top = 65535.0 if image.mode.startswith("I;16") else max(255.0, float(values_HW.max()))
    grey_HW = np.empty(values_HW.shape, np.uint8)
    for rows in _strips(image.height):
        grey_HW[rows] = np.clip(np.nan_to_num(values_HW[rows] / top) * 255, 0, 255)
    return Image.fromarray(grey_HW).convert("RGB")


def _strips(height: int) -> list[slice]:
    """All rows of an image, some at a time."""
    return [slice(top, top + ROWS_AT_ONCE) for top in range(0, height, ROWS_AT_ONCE)]


def _unusable(error: Exception, data: bytes) -> Unusable:
    """What a decoder's complaint means for the person who reads the list."""
    text = str(error)
    if isinstance(error, MemoryError):
        return Unusable(Corrupt.TOO_LARGE, "it does not fit into memory")
    if "Decompressed data too large" in text:
        return Unusable(Corrupt.TOO_LARGE, "its texts unpack to far more than they take")
    if _CUT_OFF.search(text) or is_cut_off(type_of_bytes(data), data):
        return Unusable(Corrupt.TRUNCATED)
    if isinstance(error, UnidentifiedImageError):
        return Unusable(Corrupt.DAMAGED, "its header makes no sense")
    if "Corrupt JPEG data" in text:
        return Unusable(Corrupt.ARTEFACTS, text.removeprefix("Corrupt JPEG data: "))
    return Unusable(Corrupt.DAMAGED, text.splitlines()[0] if text else type(error).__name__)


def _exif(header: Image.Image) -> Image.Exif:
    """What the camera noted; nothing when it cannot be read, which is no fault of the image."""
    try:
        exif = header.getexif()
        for block in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
            exif.get_ifd(block)
    except Exception:  # noqa: BLE001  broken data makes decoders raise anything
        return Image.Exif()
    return exif


def _look(
    image: Image.Image,
    *,
    size: tuple[int, int],
    data: bytes,
    exif: Image.Exif,
    settings: LookSettings,
) -> Look:
    latitude, longitude = _position(exif)
    taken_at = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.DateTimeOriginal)
    return seen(
        image,
        size=size,
        size_in_bytes=len(data),
        content_hash=xxhash.xxh3_128_hexdigest(data),
        settings=settings,
        taken_at=str(taken_at) if taken_at else None,
        latitude=latitude,
        longitude=longitude,
    )


def seen(
    image: Image.Image,
    *,
    size: tuple[int, int],
    size_in_bytes: int,
    content_hash: str | None,
    settings: LookSettings,
    taken_at: str | None = None,
    latitude: float | None = None,
    longitude: float | None = None,
) -> Look:
    """What there is to see in a decoded image or frame."""
    measures = measure(image)
    pixel_hash = _pixel_hash(image, size)
    return Look(
        facts=Facts(
            size_in_bytes=size_in_bytes,
            width=size[0],
            height=size[1],
            content_hash=content_hash or pixel_hash,
            pixel_hash=pixel_hash,
            sharpness=measures.sharpness,
            snr=measures.snr,
            luminance=measures.luminance,
            uniform_row_ratio=measures.uniform_row_ratio,
            taken_at=taken_at,
            latitude=latitude,
            longitude=longitude,
        ),
        pixels_HWC=np.asarray(_squared(image, settings)),
        thumbnail=thumbnail_of(image),
    )


def _pixel_hash(image: Image.Image, size: tuple[int, int]) -> str:
    hashed = xxhash.xxh3_128(f"{size} {image.size} ".encode())
    for rows in _strips(image.height):
        strip = image.crop((0, rows.start, image.width, min(rows.stop, image.height)))
        hashed.update(strip.tobytes())
    return hashed.hexdigest()


def _squared(image: Image.Image, settings: LookSettings) -> Image.Image:
    """The square that the network sees."""
    side, shorter = settings.side_pixels, settings.shorter_side_pixels
    if shorter is None:
        return image.resize((side, side), Image.Resampling.BILINEAR)
    scale = shorter / min(image.size)
    width, height = (max(shorter, round(length * scale)) for length in image.size)
    left, top = (width - side) // 2, (height - side) // 2
    scaled = image.resize((width, height), Image.Resampling.BILINEAR)
    return scaled.crop((left, top, left + side, top + side))


def thumbnail_of_bytes(name: str, data: bytes, settings: LookSettings) -> bytes:
    """A small JPEG of a file; `Unusable` says why there is none."""
    return look_at_image(name, data, settings).thumbnail


def thumbnail_of(image: Image.Image) -> bytes:
    """A small JPEG of the image."""
    scale = min(1.0, THUMBNAIL_SIDE_PIXELS / max(image.size))
    width, height = (max(1, round(length * scale)) for length in image.size)
    small = image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
    jpeg: bytes = simplejpeg.encode_jpeg(np.ascontiguousarray(small), quality=THUMBNAIL_QUALITY)
    return jpeg


def _position(exif: Image.Exif) -> tuple[float | None, float | None]:
    """Latitude and longitude in degrees, where the camera wrote both and they make sense."""
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    try:
        return (
            _degrees(gps[ExifTags.GPS.GPSLatitude], gps[ExifTags.GPS.GPSLatitudeRef] == "S"),
            _degrees(gps[ExifTags.GPS.GPSLongitude], gps[ExifTags.GPS.GPSLongitudeRef] == "W"),
        )
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None, None


def _degrees(parts: tuple[float, float, float], is_negative: bool) -> float:  # noqa: FBT001
    degrees, minutes, seconds = (float(part) for part in parts)
    value = degrees + minutes / 60 + seconds / 3600
    return -value if is_negative else value
