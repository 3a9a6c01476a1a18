"""One look at an image: what is sound, what is not and why, and what there is to see."""

import io

import numpy as np
import pytest
from PIL import Image

from curation_job.looking.images import LookSettings, look_at_image
from curation_job.records import Corrupt, Facts, Look, Unusable
from tests.support.images import (
    FORMATS,
    an_image,
    encoded,
    png_claiming,
    with_noise,
    with_wrong_crc,
)

SETTINGS = LookSettings(side_pixels=64)
EXACT = LookSettings(side_pixels=64, exact=True)


def look(name: str, data: bytes, settings: LookSettings = SETTINGS) -> Look:
    return look_at_image(name, data, settings)


def reason(name: str, data: bytes, settings: LookSettings = SETTINGS) -> Corrupt:
    with pytest.raises(Unusable) as refusal:
        look_at_image(name, data, settings)
    return refusal.value.reason


@pytest.mark.covers("R129")
@pytest.mark.parametrize("extension", [*FORMATS, "jpeg", "tiff"])
@pytest.mark.parametrize("case", [str.lower, str.upper])
def test_every_documented_format_is_read_in_any_case(extension: str, case: object) -> None:
    format_of = {"jpeg": "jpg", "tiff": "tif"}.get(extension, extension)
    name = f"a.{extension}" if case is str.lower else f"a.{extension.upper()}"

    seen = look(name, encoded(an_image(), format_of))

    assert (seen.facts.width, seen.facts.height) == (96, 72)
    assert seen.pixels_HWC.shape == (64, 64, 3)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "CMYK", "1", "I;16", "I", "F", "YCbCr"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    extension = "tif" if mode in {"CMYK", "I", "F", "I;16", "YCbCr"} else "png"
    grey = an_image().convert("L")
    if mode == "I;16":
        image = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    else:
        image = an_image().convert(mode)

    seen = look(f"a.{extension}", encoded(image, extension))

    assert seen.pixels_HWC.shape == (64, 64, 3)
    assert 10 < seen.pixels_HWC.mean() < 245


def test_sixteen_bits_look_like_eight() -> None:
    grey = an_image().convert("L")
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)

    difference = np.abs(
        look("a.png", encoded(deep, "png")).pixels_HWC.astype(int)
        - look("a.png", encoded(grey, "png")).pixels_HWC
    )

    assert difference.max() <= 1


def test_an_image_that_lies_on_its_side_is_turned_up() -> None:
    image = an_image()
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    turned = encoded(image.transpose(Image.Transpose.ROTATE_90), "png", exif=exif)

    assert np.array_equal(
        look("a.png", turned).pixels_HWC, look("a.png", encoded(image, "png")).pixels_HWC
    )


def test_time_and_place_are_read_where_a_camera_wrote_them() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2026:05:01 12:30:00"
    exif.get_ifd(0x8825).update({1: "S", 2: (33.0, 30.0, 0.0), 3: "E", 4: (18.0, 0.0, 36.0)})

    facts = look("a.jpg", encoded(an_image(), "jpg", exif=exif)).facts

    assert facts.taken_at == "2026:05:01 12:30:00"
    assert (facts.latitude, facts.longitude) == (-33.5, 18.01)


@pytest.mark.covers("R149")
@pytest.mark.parametrize("percent", [*range(5, 100, 5), 99])
@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "bmp"])
def test_a_file_that_was_cut_off_is_not_used(extension: str, percent: int) -> None:
    data = encoded(an_image(width=200, height=150), extension)

    assert reason(f"a.{extension}", data[: len(data) * percent // 100]) in {
        Corrupt.TRUNCATED,
        Corrupt.DAMAGED,
    }


@pytest.mark.covers("R149")
@pytest.mark.parametrize("percent", [10, 50, 90])
def test_a_jpeg_that_was_cut_off_is_called_truncated(percent: int) -> None:
    data = encoded(an_image(width=200, height=150), "jpg")

    assert reason("a.jpg", data[: len(data) * percent // 100]) == Corrupt.TRUNCATED


@pytest.mark.covers("R149")
@pytest.mark.parametrize("seed", range(10))
def test_a_jpeg_with_artefacts_is_not_used_unless_the_check_is_off(seed: int) -> None:
    broken = with_noise(encoded(an_image(seed, width=400, height=300), "jpg"), seed=seed)

    assert reason("a.jpg", broken) in {Corrupt.ARTEFACTS, Corrupt.TRUNCATED, Corrupt.DAMAGED}
    assert look("a.jpg", broken, LookSettings(64, check=False)).pixels_HWC.shape == (64, 64, 3)


@pytest.mark.covers("R149")
@pytest.mark.parametrize("promised", ["png", "gif", "bmp", "tif", "webp"])
def test_a_type_that_differs_from_the_extension_is_not_used_unless_the_check_is_off(
    promised: str,
) -> None:
    data = encoded(an_image(), "jpg")

    assert reason(f"a.{promised}", data) == Corrupt.WRONG_TYPE
    assert look(f"a.{promised}", data, LookSettings(64, check=False)).facts.width == 96


UNUSABLE = {
    "nothing": (b"", Corrupt.ZERO_BYTES),
    "zeros": (b"\0" * 1000, Corrupt.NOT_AN_IMAGE),
    "text": (b"hello, I am a text\n" * 50, Corrupt.NOT_AN_IMAGE),
    "PDF": (b"%PDF-1.7 ...", Corrupt.UNSUPPORTED),
    "HEIC": (b"\0\0\0\x18ftypheic" + b"\0" * 100, Corrupt.UNSUPPORTED),
    "MP4": (b"\0\0\0\x18ftypmp42" + b"\0" * 100, Corrupt.UNSUPPORTED),
    "JPEG without content": (b"\xff\xd8\xff\xd9", Corrupt.DAMAGED),
    "wrong check sum": (with_wrong_crc(encoded(an_image(), "png")), Corrupt.DAMAGED),
    "bomb": (png_claiming(100_000, 100_000), Corrupt.TOO_LARGE),
    "no width": (png_claiming(0, 10), Corrupt.DAMAGED),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_each_kind_of_unusable_file_has_its_reason(kind: str) -> None:
    data, expected = UNUSABLE[kind]
    extension = "png" if data.startswith(b"\x89PNG") else "jpg"

    assert reason(f"a.{extension}", data) == expected


def test_a_few_stray_bytes_between_markers_do_no_harm() -> None:
    data = encoded(an_image(), "jpg")

    assert look("a.jpg", data[:-2] + b"\0\0\0" + data[-2:]).facts.width == 96


@pytest.mark.parametrize("extension", ["gif", "tif"])
def test_of_several_pages_the_first_is_seen(extension: str) -> None:
    first, second = an_image(1), an_image(2)
    both = encoded(first, extension, save_all=True, append_images=[second])

    assert np.array_equal(
        look(f"a.{extension}", both).pixels_HWC,
        look(f"a.{extension}", encoded(first, extension)).pixels_HWC,
    )


def test_equal_pixels_in_different_files_have_equal_pixel_hashes() -> None:
    image = an_image()
    png, bmp = look("a.png", encoded(image, "png")), look("a.bmp", encoded(image, "bmp"))

    assert png.facts.pixel_hash == bmp.facts.pixel_hash
    assert png.facts.content_hash != bmp.facts.content_hash
    assert look("b.png", encoded(an_image(1), "png")).facts.pixel_hash != png.facts.pixel_hash


def test_a_jpeg_decoded_at_a_fraction_looks_almost_the_same() -> None:
    data = encoded(an_image(3, width=1920, height=1080), "jpg", quality=90)

    fast = look("a.jpg", data).pixels_HWC.astype(float).ravel()
    exact = look("a.jpg", data, EXACT).pixels_HWC.astype(float).ravel()

    assert np.corrcoef(fast, exact)[0, 1] > 0.999
    assert np.abs(fast - exact).mean() < 3


def test_the_exact_look_is_what_the_documented_network_saw() -> None:
    data = encoded(an_image(4, width=500, height=375), "jpg", quality=90)
    with Image.open(io.BytesIO(data)) as image:
        reference = np.asarray(image.resize((64, 64), Image.Resampling.BILINEAR))

    difference = np.abs(look("a.jpg", data, EXACT).pixels_HWC.astype(int) - reference)

    assert difference.max() <= 3  # two JPEG decoders round differently


@pytest.mark.covers("R103", "R104")
def test_measures_tell_sharp_from_blurred_dark_from_bright_and_broken_from_whole() -> None:
    image = an_image(5)
    blurred = image.resize((12, 9)).resize(image.size, Image.Resampling.BICUBIC)
    dark = Image.eval(image, lambda value: value // 8)
    half_grey = image.copy()
    half_grey.paste((128, 128, 128), (0, 36, 96, 72))

    def facts(picture: Image.Image) -> Facts:
        return look("a.png", encoded(picture, "png")).facts

    whole, soft, night = facts(image), facts(blurred), facts(dark)
    broken, black = facts(half_grey), facts(Image.new("RGB", (50, 50)))
    assert soft.sharpness < whole.sharpness / 2
    assert night.luminance < whole.luminance / 4
    assert broken.uniform_row_ratio == pytest.approx(0.5, abs=0.05)
    assert (black.luminance, black.snr, black.uniform_row_ratio) == (0, 0, 1)


def test_a_thumbnail_is_a_small_jpeg() -> None:
    seen = look("a.png", encoded(an_image(width=1000, height=500), "png"))

    with Image.open(io.BytesIO(seen.thumbnail)) as thumbnail:
        assert (thumbnail.format, thumbnail.size) == ("JPEG", (256, 128))


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 500), (5000, 1), (3, 3)])
def test_very_small_and_very_narrow_images_are_images(width: int, height: int) -> None:
    for extension in ("png", "jpg"):
        image = an_image(width=width, height=height)
        assert look(f"a.{extension}", encoded(image, extension)).pixels_HWC.shape == (64, 64, 3)
