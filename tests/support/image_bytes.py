"""Images put together byte by byte, for what no program would write."""

import struct
import zlib

import numpy as np
from PIL import Image

from tests.support.images import png_chunk


def patched(data: bytes, place: int, new: bytes) -> bytes:
    """The data with other bytes at a place."""
    return data[:place] + new + data[place + len(new) :]


def segment(mark: int, content: bytes) -> bytes:
    """A segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, mark, len(content) + 2) + content


def after_start(jpeg: bytes, what: bytes) -> bytes:
    """The JPEG with something behind its first two bytes."""
    return jpeg[:2] + what + jpeg[2:]


def with_chunk(png: bytes, kind: bytes, data: bytes) -> bytes:
    """The PNG with one more chunk behind its header."""
    return png[:33] + png_chunk(kind, data) + png[33:]


def png(width: int, height: int, depth: int, colours: int, raw: bytes) -> bytes:
    """A PNG of rows as given."""
    header = struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0)
    pixels = png_chunk(b"IDAT", zlib.compress(raw, 9))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + pixels + png_chunk(b"IEND", b"")


def pgm16(image: Image.Image) -> bytes:
    """A PGM with 16 bits a pixel."""
    values = np.asarray(image).astype(">u2")
    return f"P5\n{image.width} {image.height}\n65535\n".encode() + values.tobytes()
