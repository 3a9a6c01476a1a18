"""Makes the data of `make demo`: pictures in groups, and planted what a run must find."""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from tools.demo.drawing import ANIMALS, SCENES, draw_scene

NEAR_DUPLICATES = 12
EXACT_DUPLICATES = 9
FRAMES = 60


@dataclass
class Planted:
    """What a run must find."""

    pictures: int = 0
    duplicates: dict[str, str] = field(default_factory=dict)
    """Each copy, and what it is a copy of."""
    near: dict[str, str] = field(default_factory=dict)
    """Each picture of a moment later, and the one of the moment before."""
    corrupt: dict[str, str] = field(default_factory=dict)
    """Each broken file, and the reason why it cannot be used."""


def make_pictures(folder: Path, *, of_a_kind: int, seed: int = 2026) -> Planted:
    """Fill the folder with so many pictures of each animal in each scene; says what is in it."""
    random = np.random.default_rng(seed)
    planted = Planted()
    names = []
    for scene in SCENES:
        (folder / scene).mkdir(parents=True, exist_ok=True)
        for animal in ANIMALS:
            for number in range(of_a_kind):
                name = f"{scene}/{animal}-{number:02}.jpg"
                draw_scene(scene, animal, random).save(folder / name, quality=88)
                names.append(name)
    _plant_near_duplicates(folder, names, random, planted)
    _plant_exact_duplicates(folder, names, random, planted)
    _plant_corrupt_files(folder, names, planted)
    planted.pictures = sum(path.is_file() for path in folder.rglob("*"))
    return planted


def _plant_near_duplicates(
    folder: Path, names: list[str], random: np.random.Generator, planted: Planted
) -> None:
    """The same picture a moment later: a little brighter, shifted by two pixels."""
    for number, name in enumerate(random.choice(names, NEAR_DUPLICATES, replace=False)):
        with Image.open(folder / name) as image:
            pixels = np.roll(np.asarray(image), 2, axis=1).astype(np.int16) + 4
        later = f"{Path(name).parent}/moment-later-{number:02}.jpg"
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(folder / later, quality=88)
        planted.near[later] = str(name)


def _plant_exact_duplicates(
    folder: Path, names: list[str], random: np.random.Generator, planted: Planted
) -> None:
    """Copies, and the same pixels in another format."""
    for number, name in enumerate(random.choice(names, EXACT_DUPLICATES, replace=False)):
        if number % 3:
            copy = f"{Path(name).parent}/z-copy-{number}.jpg"
            (folder / copy).write_bytes((folder / name).read_bytes())
        else:
            copy = f"{Path(name).parent}/z-same-pixels-{number}.png"
            with Image.open(folder / name) as image:
                image.save(folder / copy)
        planted.duplicates[copy] = str(name)


def _plant_corrupt_files(folder: Path, names: list[str], planted: Planted) -> None:
    sound = (folder / names[0]).read_bytes()
    broken = bytearray(sound)
    middle = len(broken) // 2
    broken[middle : middle + 400] = bytes(400)
    files = {
        "broken/cut-off.jpg": (sound[: len(sound) // 2], "truncated"),
        "broken/empty.jpg": (b"", "zero bytes"),
        "broken/a-text.jpg": (b"This is no image.\n" * 40, "not an image"),
        "broken/is-a-jpeg.png": (sound, "type differs from extension"),
        "broken/artefacts.jpg": (bytes(broken), "artefacts"),
    }
    (folder / "broken").mkdir(exist_ok=True)
    for name, (content, reason) in files.items():
        (folder / name).write_bytes(content)
        planted.corrupt[name] = reason


def make_video(path: Path, *, seed: int = 2026) -> None:
    """A short clip: one scene after the other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scenes = list(SCENES)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=Fraction(10))
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(FRAMES):
            scene = scenes[number * len(scenes) // FRAMES]
            # Within a scene the drawing barely changes from frame to frame.
            random = np.random.default_rng(seed + number // 5)
            image = draw_scene(scene, "sheep", random)
            container.mux(stream.encode(av.VideoFrame.from_image(image)))  # type: ignore[no-untyped-call]
        container.mux(stream.encode(None))
