"""Images made by code: small, colourful, the same for the same seed, in every format we read."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

FORMATS = {
    "jpg": "JPEG", "png": "PNG", "ppm": "PPM", "pgm": "PPM", "bmp": "BMP",
    "tif": "TIFF", "webp": "WEBP", "gif": "GIF",
}  # fmt: skip


def an_image(seed: int = 0, *, width: int = 96, height: int = 72) -> Image.Image:
    """Soft colour fields with a few hard-edged shapes."""
    random = np.random.default_rng(seed)
    small = (random.random((6, 8, 3)) * 255).astype(np.uint8)
    pixels = np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))
    pixels = pixels.copy()
    for _ in range(3):
        top, left = random.integers(0, height // 2 + 1), random.integers(0, width // 2 + 1)
        pixels[top : top + height // 4, left : left + width // 4] = random.integers(0, 255, 3)
    return Image.fromarray(pixels)


def encoded(image: Image.Image, extension: str, **options: Any) -> bytes:
    """The bytes of a file."""
    buffer = io.BytesIO()
    if extension == "pgm":
        image = image.convert("L")
    image.save(buffer, FORMATS[extension], **options)
    return buffer.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header promises this size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (
        png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(b"\0" * 64))
        + png_chunk(b"IEND", b"")
    )
    return b"\x89PNG\r\n\x1a\n" + parts


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """A part of a PNG with its length and check sum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_wrong_crc(png: bytes) -> bytes:
    """The PNG with the check sum of its first data chunk changed."""
    place = png.index(b"IDAT")
    (length,) = struct.unpack(">I", png[place - 4 : place])
    end = place + 4 + length
    return png[:end] + bytes([png[end] ^ 0xFF]) + png[end + 1 :]


def with_noise(data: bytes, *, seed: int, changes: int = 30, start: int = 700) -> bytes:
    """The data with some bytes changed, behind the header."""
    random = np.random.default_rng(seed)
    noisy = bytearray(data)
    for place in random.integers(min(start, len(data) // 2), len(data) - 8, changes):
        noisy[place] = random.integers(0, 255)
    return bytes(noisy)
