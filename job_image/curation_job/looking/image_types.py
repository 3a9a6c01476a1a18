"""Tells the type of a file from its first bytes, and what its name promises."""

import re
from pathlib import PurePosixPath

# Extensions that are read, by the type their files must be of.
IMAGE_TYPES = {
    "jpg": "JPEG",
    "jpeg": "JPEG",
    "png": "PNG",
    "ppm": "PPM",
    "pgm": "PPM",
    "bmp": "BMP",
    "tif": "TIFF",
    "tiff": "TIFF",
    "webp": "WEBP",
    "gif": "GIF",
}

_BEGINNINGS = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
    (b"GIF8", "GIF"),
    (b"\x1a\x45\xdf\xa3", "Matroska"),
    # Known, and none of ours.
    (b"%PDF", "PDF"),
    (b"8BPS", "Photoshop"),
    (b"PK\x03\x04", "ZIP"),
    (b"\x1f\x8b", "gzip"),
    (b"\x00\x00\x01\x00", "icon"),
    (b"<svg", "SVG"),
    (b"<?xml", "XML"),
    (b"\x00\x00\x00\x0cjP", "JPEG 2000"),
    (b"\xff\x0a", "JPEG XL"),
)

# A text may well begin with P and a digit.
_BEGINNING_OF_PPM = re.compile(rb"P[1-6]\s+[#\d-]")


def type_of_name(name: str) -> str | None:
    """The type that the extension of a name promises; None where it is no image we read."""
    return IMAGE_TYPES.get(PurePosixPath(name).suffix.removeprefix(".").lower())


def type_of_bytes(data: bytes) -> str | None:
    """The type that the first bytes show; None when nobody would know them."""
    if data[:4] == b"RIFF":
        return {b"WEBP": "WEBP", b"AVI ": "AVI"}.get(data[8:12])
    if data[4:8] == b"ftyp":
        return {b"avif": "AVIF", b"heic": "HEIC", b"heix": "HEIC"}.get(data[8:12], "MP4")
    if _BEGINNING_OF_PPM.match(data):
        return "PPM"
    return next((kind for start, kind in _BEGINNINGS if data.startswith(start)), None)
