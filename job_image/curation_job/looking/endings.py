"""Tells whether a file was cut off: it ends before its format says that it does.

Asked when decoding has ended: decoders often call a missing end by other names, or do not mind it.
"""

import struct
from mmap import mmap

# Cameras and programs put a few bytes behind the end of an image.
_TAIL_BYTES = 1024

_TIFF_VALUE_BYTES = {3: 2, 4: 4, 5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}


def is_cut_off(kind: str | None, data: bytes | mmap) -> bool:
    """Whether the end of this file is missing; False where nothing shows it."""
    match kind:
        case "JPEG":
            return b"\xff\xd9" not in data[-_TAIL_BYTES:]
        case "PNG":
            return b"IEND" not in data[-_TAIL_BYTES:]
        case "GIF":
            return b";" not in data[-1:]
        case "WEBP" | "AVI":
            behind_this_field: int = struct.unpack_from("<I", data, 4)[0]
            return len(data) < behind_this_field + 8
        case "TIFF":
            return len(data) < _end_of_first_page(data)
        case "MP4":
            return _has_box_behind_end(data)
        case "Matroska":
            return len(data) < _end_of_segment(data)
        case _:
            return False


def _end_of_first_page(data: bytes | mmap) -> int:
    """Where the directory of a TIFF ends, or the last of the values that it points to."""
    order = "<" if data[:2] == b"II" else ">"
    try:
        (start,) = struct.unpack_from(f"{order}I", data, 4)
        (count,) = struct.unpack_from(f"{order}H", data, start)
        end: int = start + 2 + 12 * count + 4
        for entry in range(start + 2, end - 4, 12):
            _, kind, number, place = struct.unpack_from(f"{order}HHII", data, entry)
            length = number * _TIFF_VALUE_BYTES.get(kind, 1)
            if length > 4:  # shorter values lie in the directory itself
                end = max(end, place + length)
    except struct.error:  # the directory itself lies behind the end
        return len(data) + 1
    return end


def _has_box_behind_end(data: bytes | mmap) -> bool:
    """Whether one of the boxes that an MP4 is a row of ends behind the end of the file."""
    place = 0
    while place + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        if length == 1 and len(data) >= place + 16:
            (length,) = struct.unpack_from(">Q", data, place + 8)
        if length < 8 or not data[place + 4 : place + 8].isalpha():
            return False  # the last box reaches to the end, or something else comes behind it
        place += length
    return place > len(data)


def _end_of_segment(data: bytes | mmap) -> int:
    """Where the one segment of a Matroska file ends; 0 when it does not say."""
    start = data.find(b"\x18\x53\x80\x67", 0, 4096) + 4
    if start < 4 or len(data) < start + 8:
        return len(data) + 1
    (size,) = struct.unpack_from(">Q", data, start)
    marker, size = size >> 56, size & (1 << 56) - 1
    is_known = marker == 1 and size != (1 << 56) - 1
    return start + 8 + size if is_known else 0
