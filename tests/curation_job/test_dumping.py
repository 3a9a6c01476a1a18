"""`dumpDataset`: the selected samples as files in the run's folder, in the wanted size."""

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.images import an_image, encoded
from tests.support.runs import Farm, do
from tests.support.videos import write_video

pytestmark = pytest.mark.covers("R59")


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    return Farm(tmp_path / "volumes").make()


def dumped(farm: Farm) -> dict[str, Path]:
    folder = farm.run_folder() / "data/sampled"
    return {
        path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()
    }


def config(farm: Farm, n_samples: int, **worker: Any) -> Any:
    return farm.config(n_samples=n_samples, worker={"dumpDataset": True, **worker})


def test_copies_are_the_very_files(farm: Farm, tmp_path: Path) -> None:
    farm.write_images(6)
    farm.write("sub/a b.jpg", encoded(an_image(77), "jpg"))

    do(farm, config(farm, n_samples=4), tmp_path / "scratch")

    copies = dumped(farm)
    assert sorted(copies) == farm.lines("sampled_filenames_excluding_datapool.txt")
    for name, path in copies.items():
        assert path.read_bytes() == (farm.raw / name).read_bytes()


@pytest.mark.parametrize(
    ("wanted", "size"), [([12], (12, 16)), ([5, 7], (7, 5)), ([60], (60, 80)), ([-1], (48, 36))]
)
def test_copies_have_the_wanted_size_and_stand_upright(
    farm: Farm, tmp_path: Path, wanted: list[int], size: tuple[int, int]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: what is stored 48 x 36 is seen 36 x 48
    buffer = io.BytesIO()
    an_image(1, width=48, height=36).save(buffer, "JPEG", exif=exif)
    farm.write("turned.jpg", buffer.getvalue())

    do(farm, config(farm, n_samples=1, outputImageSize=wanted), tmp_path / "scratch")

    (copy,) = dumped(farm).values()
    with Image.open(copy) as image:
        assert (image.size, image.format) == (size, "JPEG")


def test_every_format_stays_what_it_is(farm: Farm, tmp_path: Path) -> None:
    kinds = ["png", "gif", "bmp", "webp", "tif", "pgm", "ppm"]
    for number, kind in enumerate(kinds):
        farm.write(f"a.{kind}", encoded(an_image(number, width=48, height=36), kind))

    do(farm, config(farm, n_samples=len(kinds), outputImageSize=[12]), tmp_path / "scratch")

    copies = dumped(farm)
    assert len(copies) == len(kinds)
    for name, copy in copies.items():
        with Image.open(copy) as image, Image.open(farm.raw / name) as original:
            assert (image.size, image.format) == ((16, 12), original.format)


def test_frames_are_dumped_in_the_format_asked_for(tmp_path: Path) -> None:
    farm = Farm(tmp_path / "volumes", kind="VIDEOS").make()
    write_video(farm.raw / "a.mp4", frames=12)

    worker = config(farm, n_samples=3, outputImageFormat="jpg", outputImageSize=[10])
    do(farm, worker, tmp_path / "scratch")

    selected = farm.lines("sampled_filenames_excluding_datapool.txt")
    assert sorted(dumped(farm)) == [name.replace(".png", ".jpg") for name in selected]
    for path in dumped(farm).values():
        with Image.open(path) as image:
            assert (min(image.size), image.format) == (10, "JPEG")
