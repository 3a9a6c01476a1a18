"""Broken and odd files of every kind that we could think of, and what must become of each."""

import gzip
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import numpy as np
from PIL import Image

from curation_job.records import Corrupt
from tests.support.image_bytes import after_start, patched, pgm16, png, segment, with_chunk
from tests.support.images import (
    FORMATS,
    an_image,
    encoded,
    png_claiming,
    with_noise,
    with_wrong_crc,
)

C = Corrupt
EVERY_5_PERCENT = range(5, 100, 5)

_seed = count(1000)


@dataclass(frozen=True)
class Odd:
    """A file, and the reasons for which it may be rejected; None among them: it may be used."""

    name: str
    content: bytes = field(repr=False)
    fates: tuple[Corrupt | None, ...]


def odd(name: str, content: bytes, *fates: Corrupt | None) -> Odd:
    """A file that has to be usable unless a reason is given."""
    return Odd(name, content, fates or (None,))


def fresh() -> Image.Image:
    """An image that no other file has."""
    return an_image(next(_seed), width=64, height=48)


def odd_images() -> list[Odd]:
    """Files with the extensions of images."""
    return [
        *_cut_off(),
        *_called_something_else(),
        *_no_images(),
        *_odd_jpegs(),
        *_odd_pngs(),
        *_odd_bitmaps(),
        *_odd_tiffs(),
        *_odd_animations(),
        *_odd_modes(),
        *_odd_names(),
    ]


def _cut_off() -> Iterator[Odd]:
    variants = {
        **{extension: encoded(fresh(), extension) for extension in FORMATS},
        "progressive.jpg": encoded(fresh(), "jpg", progressive=True),
        "lossless.webp": encoded(fresh(), "webp", lossless=True),
        "lzw.tif": encoded(fresh(), "tif", compression="tiff_lzw"),
        "deflate.tif": encoded(fresh(), "tif", compression="tiff_deflate"),
    }
    for kind, whole in variants.items():
        for percent in EVERY_5_PERCENT:
            name = f"cut/{percent:02} percent.{kind}"
            yield odd(name, whole[: len(whole) * percent // 100], C.TRUNCATED)
    for extension in ("gif", "tif"):
        two = encoded(fresh(), extension, save_all=True, append_images=[fresh()])
        yield odd(f"cut/in the first page.{extension}", two[: len(two) * 4 // 10], C.TRUNCATED)
        yield odd(f"cut/in the second page.{extension}", two[: len(two) * 8 // 10])


def _called_something_else() -> Iterator[Odd]:
    for extension in FORMATS:
        for other, kind in FORMATS.items():
            if kind != FORMATS[extension]:
                name = f"swapped/{extension} called.{other}"
                yield odd(name, encoded(fresh(), extension), C.WRONG_TYPE)


def _no_images() -> Iterator[Odd]:
    texts = {
        "text.jpg": "Nobody said that this was an image.\n",
        "html.png": "<!DOCTYPE html><html><body>404 Not Found</body></html>",
        "json.jpg": '{"error": "not found"}',
        "pointer.jpg": "version https://git-lfs.github.com/spec/v1\nsize 12345\n",
        "base64.jpg": "/9j/4AAQSkZJRgABAQAAAQABAAD",
        "address.jpg": "data:image/jpeg;base64,/9j/4AAQ",
        "postscript.png": "%!PS-Adobe-3.0",
        "begins with P5.ppm": "P5 was how she called it",
        "one letter.png": "x",
    }
    for name, text in texts.items():
        yield odd(f"none/{name}", text.encode(), C.NOT_AN_IMAGE)
    yield odd("none/utf16.png", "hello".encode("utf-16"), C.NOT_AN_IMAGE)
    random = np.random.default_rng(1).bytes(5000)
    for name, data in {
        "zeros.jpg": b"\0" * 1000, "ones.jpg": b"\xff" * 1000, "random.jpg": random,
        "program.png": b"\x7fELF\2\1\1", "array.png": b"\x93NUMPY\1\0", "pickle.png": b"\x80\4\x95",
        "sound.webp": b"RIFF\4\0\0\0WAVEfmt ", "table.jpg": b"PAR1",
        "dicom.jpg": b"\0" * 128 + b"DICM",
        "resource fork.jpg": b"\0\5\x16\7\0\2\0\0", "finder.jpg": b"\0\0\0\1Bud1",
        "archive.png": b"7z\xbc\xaf\x27\x1c", "database.jpg": b"SQLite format 3\0",
        "byte order mark.png": b"\xef\xbb\xbf" + encoded(fresh(), "png"),
        "line ends changed.png": encoded(fresh(), "png").replace(b"\r\n", b"\n"),
        "line before it.png": b"\n" + encoded(fresh(), "png"),
        "no beginning.jpg": encoded(fresh(), "jpg")[2:],
    }.items():  # fmt: skip
        yield odd(f"none/{name}", data, C.NOT_AN_IMAGE)
    for name, data in {
        "pdf.jpg": b"%PDF-1.7", "svg.png": b"<svg/>", "xml.jpg": b"<?xml version='1.0'?><Error/>",
        "icon.png": b"\0\0\1\0\1\0", "photoshop.tif": b"8BPS\0\1", "zip.png": b"PK\3\4",
        "jpeg2000.jpg": b"\0\0\0\x0cjP  \r\n", "jpegxl.jpg": b"\xff\x0a\0\0",
        "avif.jpg": b"\0\0\0\x20ftypavif", "heic.jpg": b"\0\0\0\x18ftypheic",
        "video.jpg": b"\0\0\0\x18ftypmp42", "avi.gif": b"RIFF\4\0\0\0AVI LIST",
        "zipped.png": gzip.compress(encoded(fresh(), "png")),
    }.items():  # fmt: skip
        yield odd(f"other/{name}", data, C.UNSUPPORTED)
    for extension in FORMATS:
        yield odd(f"none/empty.{extension}", b"", C.ZERO_BYTES)


def _odd_jpegs() -> Iterator[Odd]:
    whole = encoded(fresh(), "jpg")
    size, tables, scan = (whole.index(mark) for mark in (b"\xff\xc0", b"\xff\xc4", b"\xff\xda"))

    def resized(width: int, height: int) -> bytes:
        return patched(whole, size + 5, struct.pack(">HH", height, width))

    for name, data, fate in (
        ("huge", resized(65500, 65500), C.TOO_LARGE),
        ("no size", resized(0, 0), C.DAMAGED),
        ("more rows than there are", resized(64, 96), C.ARTEFACTS),
        ("fewer rows than there are", resized(64, 16), C.ARTEFACTS),
        ("noise", with_noise(whole, seed=1, start=650), C.ARTEFACTS),
        ("pixels are zeros", whole[: scan + 14] + b"\0" * 400 + b"\xff\xd9", C.ARTEFACTS),
        ("no pixels", whole[: scan + 14] + b"\xff\xd9", C.ARTEFACTS),
        ("only an end", b"\xff\xd8\xff\xd9", C.DAMAGED),
        ("no frame", whole[:size] + whole[tables:], C.DAMAGED),
        ("no quantisation", whole[:20] + whole[size:], C.DAMAGED),
        ("12 bits", patched(whole, size + 4, b"\x0c"), C.DAMAGED),
        ("5 channels", patched(whole, size + 9, b"\x05"), C.DAMAGED),
        ("wrong codes", patched(whole, tables + 5, b"\xff" * 16), C.DAMAGED),
    ):
        yield odd(f"jpeg/{name}.jpg", data, fate)
    garbage = segment(0xE1, b"Exif\0\0" + b"\xff" * 100)
    for name, data in {
        "data behind it": encoded(fresh(), "jpg") + b"x" * 1000,
        "odd exif": after_start(encoded(fresh(), "jpg"), garbage),
        "odd profile": after_start(
            encoded(fresh(), "jpg"), segment(0xE2, b"ICC_PROFILE\0\1\1" + b"\xff" * 14)
        ),
        "long comment": after_start(encoded(fresh(), "jpg"), segment(0xFE, b"x" * 65000)),
        "cmyk": encoded(fresh().convert("CMYK"), "jpg"),
        "grey": encoded(fresh().convert("L"), "jpg"),
        "progressive": encoded(fresh(), "jpg", progressive=True),
        "rgb": encoded(fresh(), "jpg", keep_rgb=True),
        "411": encoded(fresh(), "jpg", subsampling="4:1:1"),
        "restart markers": encoded(fresh(), "jpg", restart_marker_blocks=1),
    }.items():
        yield odd(f"jpeg/{name}.jpg", data)


def _odd_pngs() -> Iterator[Odd]:
    whole = encoded(fresh(), "png")
    bomb = zlib.compress(b"a" * 100_000_000, 9)
    for name, data, fate in (
        ("bomb", png_claiming(100_000, 100_000), C.TOO_LARGE),
        ("text bomb", with_chunk(whole, b"zTXt", b"k\0\0" + bomb), C.TOO_LARGE),
        ("profile bomb", with_chunk(whole, b"iCCP", b"k\0\0" + bomb), C.TOO_LARGE),
        ("no width", png_claiming(0, 10), C.DAMAGED),
        ("wrong check sum", with_wrong_crc(whole), C.DAMAGED),
        ("wrong check sum of the header", patched(whole, 29, b"\0\0\0\0"), C.DAMAGED),
        ("no pixels", whole[:33] + whole[-12:], C.DAMAGED),
        ("not packed", with_chunk(whole[:33], b"IDAT", b"\xff" * 50) + whole[-12:], C.DAMAGED),
        ("unknown filter", png(4, 4, 8, 0, (b"\x09" + b"\7" * 4) * 4), C.DAMAGED),
        ("3 bits", png(4, 4, 3, 0, (b"\0" + b"\7" * 4) * 4), C.DAMAGED),
        ("unknown colours", png(4, 4, 8, 5, (b"\0" + b"\7" * 4) * 4), C.DAMAGED),
        ("fewer pixels", png(64, 64, 8, 2, b"\0" * 64), C.TRUNCATED),
        ("endless chunk", patched(whole, 33, b"\x7f\xff\xff\xff"), C.TRUNCATED),
    ):  # fmt: skip
        yield odd(f"png/{name}.png", data, fate)
    for name, data in {
        "as large as allowed": png(15_000, 15_000, 1, 0, b"\0" * 1876 * 15_000),
        "one pixel": png(1, 1, 8, 0, b"\0\7"),
        "one row": encoded(fresh().resize((3000, 1)), "png"),
        "one column": encoded(fresh().resize((1, 3000)), "png"),
        "data behind it": encoded(fresh(), "png") + b"junk" * 100,
        "odd exif": with_chunk(encoded(fresh(), "png"), b"eXIf", b"garbage"),
        "odd profile": with_chunk(encoded(fresh(), "png"), b"iCCP", b"k\0\0garbage"),
        "unknown chunk": with_chunk(encoded(fresh(), "png"), b"abCd", b"x"),
        "more pixels": png(5, 4, 8, 0, (b"\0" + b"\x50" * 5) * 400),
    }.items():
        yield odd(f"png/{name}.png", data)


def _odd_bitmaps() -> Iterator[Odd]:
    bmp = encoded(fresh(), "bmp")
    for name, data, fate in (
        ("huge.bmp", patched(bmp, 18, struct.pack("<ii", 100_000, 100_000)), C.TOO_LARGE),
        ("as huge as can be.bmp", patched(bmp, 18, b"\xff\xff\xff\x7f" * 2), C.TOO_LARGE),
        ("13 bits.bmp", patched(bmp, 28, struct.pack("<H", 13)), C.DAMAGED),
        ("unknown packing.bmp", patched(bmp, 30, struct.pack("<I", 77)), C.DAMAGED),
        ("huge.ppm", b"P6\n100000 100000\n255\n" + b"\0" * 100, C.TOO_LARGE),
        ("negative.ppm", b"P6\n-5 5\n255\n" + b"\0" * 100, C.DAMAGED),
        ("no size.ppm", b"P6\n0 0\n255\n", C.DAMAGED),
        ("no white.ppm", b"P6\n2 2\n0\n" + b"\0" * 12, C.DAMAGED),
        ("too white.ppm", b"P6\n2 2\n70000\n" + b"\0" * 24, C.DAMAGED),
        ("letters.ppm", b"P3\n2 2\n255\n" + b"a b c " * 4, C.DAMAGED),
        ("endless number.ppm", b"P6\n" + b"1" * 100_000, C.DAMAGED),
        ("too few numbers.ppm", b"P3\n2 2\n255\n" + b"1 2 3 " * 2, C.TRUNCATED),
    ):
        yield odd(f"bitmap/{name}", data, fate)
    for name, data in {
        "upside down.bmp": patched(encoded(fresh(), "bmp"), 18, struct.pack("<ii", 64, -48)),
        "16 bits.ppm": b"P6\n2 2\n65535\n" + b"\1" * 24,
        "numbers.ppm": b"P3\n2 2\n255\n" + b"1 2 3 " * 4,
        "remark.ppm": b"P6\n# hello\n2 2\n255\n" + b"\5" * 12,
        "one bit.ppm": b"P4\n8 2\n\0\xff",
        "16 bits.pgm": b"P5\n2 2\n65535\n" + b"\7" * 8,
    }.items():
        yield odd(f"bitmap/{name}", data)


def _odd_tiffs() -> Iterator[Odd]:
    whole = encoded(fresh(), "tif")
    width = whole.index(struct.pack("<H", 256), 8)
    claims = struct.pack("<HHIIHHII", 256, 4, 1, 100_000, 257, 4, 1, 100_000)
    yield odd("tiff/huge.tif", patched(whole, width, claims), C.TOO_LARGE)
    yield odd("tiff/directory behind the end.tif", patched(whole, 4, b"\0\0\0\x40"), C.TRUNCATED)
    yield odd("tiff/no directory.tif", b"MM\0*\0\0\0\x08" + b"\0" * 50, C.DAMAGED)
    yield odd("tiff/big.tif", encoded(fresh(), "tif", big_tiff=True))
    for compression in ("tiff_lzw", "jpeg", "packbits"):
        data = encoded(fresh(), "tif", compression=compression)
        yield odd(f"tiff/{compression}.tif", data)
    fax = encoded(fresh().convert("1"), "tif", compression="group4")
    yield odd("tiff/fax.tiff", fax)
    for number, value in enumerate((np.nan, np.inf, -5.0)):
        values = np.full((4 + number, 4), value, np.float32)
        yield odd(f"tiff/{value}.tif", encoded(Image.fromarray(values), "tif"))
    lowest = Image.fromarray(np.full((9, 4), -(2**31), np.int32))
    yield odd("tiff/negative.tif", encoded(lowest, "tif"))


def _odd_animations() -> Iterator[Odd]:
    gif, webp = encoded(fresh(), "gif"), encoded(fresh(), "webp")
    lossless = encoded(fresh(), "webp", lossless=True)
    for name, data, fate in (
        ("huge.gif", patched(gif, 6, struct.pack("<HH", 65535, 65535)), C.TOO_LARGE),
        ("version 88z.gif", b"GIF88z" + gif[6:], C.DAMAGED),
        ("no frame.gif", gif[: gif.index(b",", 13 + 768)] + b";", C.DAMAGED),
        ("only its name.gif", b"GIF89a", C.TRUNCATED),
        ("too short a length.webp", patched(webp, 4, struct.pack("<I", 10)), C.DAMAGED),
        ("too long a length.webp", patched(webp, 4, struct.pack("<I", 2**31)), C.TRUNCATED),
        ("garbage.webp", webp[:20] + b"\xff" * (len(webp) - 20), C.DAMAGED),
        ("noise.webp", with_noise(lossless, seed=1, start=100), C.DAMAGED),
        ("nothing in it.webp", b"RIFF\4\0\0\0WEBP", C.DAMAGED),
    ):
        yield odd(f"animation/{name}", data, fate)
    for extension in ("gif", "webp", "png", "tif"):
        two = encoded(fresh(), extension, save_all=True, append_images=[fresh()])
        yield odd(f"animation/two pages.{extension}", two)
    yield odd("animation/version 87a.gif", b"GIF87a" + encoded(fresh(), "gif")[6:])
    yield odd("animation/no size.gif", patched(encoded(fresh(), "gif"), 6, b"\0" * 4))


def _odd_modes() -> Iterator[Odd]:
    for mode in ("1", "L", "P", "LA", "RGBA", "CMYK", "LAB", "YCbCr", "I", "F"):
        extension = "tif" if mode in {"CMYK", "LAB", "YCbCr", "I", "F"} else "png"
        image = fresh().convert("L" if mode in {"I", "F"} else "RGB").convert(mode)
        yield odd(f"mode/{mode}.{extension}", encoded(image, extension))
    deep = np.asarray(fresh().convert("L")).astype(np.uint16) * 257
    for extension in ("png", "tif", "pgm"):
        image = Image.fromarray(deep + len(extension) + ord(extension[0]))
        data = pgm16(image) if extension == "pgm" else encoded(image, extension)
        yield odd(f"mode/16 bits.{extension}", data)
    for orientation in range(1, 10):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield odd(f"mode/turned {orientation}.jpg", encoded(fresh(), "jpg", exif=exif))


def _odd_names() -> Iterator[Odd]:
    for name in (
        "spa ce.png", " leading.png", "trailing .png", "com,ma.png", "semi;colon.png", "tab\t.png",
        'quo"te.png', '"quoted".png', "apo'strophe.png", "line\nbreak.png", "return\rbreak.png",
        "both\r\nbreaks.png", "line\u2028separator.png", "back\\slash.png", "bell\a.png",
        "percent%20.png", "plus+.png", "hash#.png", "question?.png", "star*.png", "[brackets].png",
        "{braces}.png", "<angles>.png", "pipe|.png", "$HOME.png", "`id`.png", "~.png", "-rf.png",
        "=1+1.png", "@at.png", "!.png", "&.png", "colon:.png", "caret^.png", "..png", "...png",
        "a..b.png", "no-break\u00a0space.png", "ümläut.png", "u\u0308mlaut.png", "日本語.png",
        "עברית.png", "🐄.png", "👩\u200d🌾.png", "zero\u200bwidth.png", "\u202eright to left.png",
        "null.png", "nan.png", "true.png", "0.png", "1e5.png", "CON.png", "UPPER.PNG", "MiXeD.PnG",
        ".hidden.png", "x" * 251 + ".png", "é" * 125 + ".png",
        "/".join(["deep"] * 150) + "/one.png", "folder.png/inside.png", ".folder/inside.png",
        "a/b.png", "a.b.png", "a-b.png", "a b.png",
        "same.png", "same.jpg", "same.bmp", "same.gif", "same.tif", "same.tiff", "same.jpeg",
        "same.JPG", "same.webp",
    ):  # fmt: skip
        extension = name.rpartition(".")[2].lower()
        kind = {"jpeg": "jpg", "tiff": "tif"}.get(extension, extension)
        yield odd(f"names/{name}", encoded(fresh(), kind))
