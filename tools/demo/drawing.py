"""Draws small farm scenes, so that a demonstration has something to look at."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 320, 240

Colour = tuple[int, int, int]

# Sky at the top, sky at the horizon, ground.
SCENES: dict[str, tuple[Colour, Colour, Colour]] = {
    "summer": ((88, 164, 232), (196, 226, 246), (108, 168, 74)),
    "dusk": ((72, 52, 110), (244, 148, 96), (84, 92, 66)),
    "night": ((10, 14, 38), (38, 48, 92), (30, 46, 44)),
    "snow": ((172, 188, 206), (226, 232, 240), (240, 244, 250)),
    "harvest": ((120, 178, 226), (238, 222, 190), (214, 176, 82)),
    "fog": ((196, 200, 200), (216, 218, 216), (150, 162, 144)),
}
ANIMALS = ("sheep", "cow", "chicken", "none")


def draw_scene(scene: str, animal: str, random: np.random.Generator) -> Image.Image:
    """One picture: a sky, hills, perhaps a barn, and animals."""
    top, horizon, ground = SCENES[scene]
    image = _sky(_near(top, random), _near(horizon, random))
    canvas = ImageDraw.Draw(image)
    line = int(HEIGHT * random.uniform(0.45, 0.6))
    for layer in range(3):
        shade = tuple(int(part * (0.82 + 0.09 * layer)) for part in ground)
        canvas.polygon(_hill(line + layer * 18, random), fill=_near(shade, random))
    if random.random() < 0.5:
        _barn(canvas, int(random.uniform(20, WIDTH - 90)), line + 20, random)
    if animal != "none":
        for _ in range(int(random.integers(1, 6))):
            depth = random.uniform(0, 1)
            place = (
                int(random.uniform(20, WIDTH - 50)),
                int(line + 45 + depth * (HEIGHT - line - 80)),
            )
            _animal(canvas, animal, place, size=12 + 22 * depth, random=random)
    if scene == "fog":
        image = image.filter(ImageFilter.GaussianBlur(1.6))
    return image


def _near(colour: tuple[int, ...], random: np.random.Generator) -> Colour:
    red, green, blue = (int(np.clip(part + random.normal(0, 7), 0, 255)) for part in colour)
    return red, green, blue


def _sky(top: Colour, horizon: Colour) -> Image.Image:
    down = np.linspace(0, 1, HEIGHT)[:, None, None]
    rows = (1 - down) * np.array(top) + down * np.array(horizon)
    return Image.fromarray(np.broadcast_to(rows, (HEIGHT, WIDTH, 3)).astype(np.uint8))


def _hill(line: float, random: np.random.Generator) -> list[tuple[float, float]]:
    across = np.linspace(0, WIDTH, 24)
    waves = np.zeros_like(across)
    for _ in range(3):
        waves += random.uniform(3, 9) * np.sin(
            across / random.uniform(22, 70) + random.uniform(0, 6)
        )
    return [
        (0, HEIGHT),
        *zip(across.tolist(), (line + waves).tolist(), strict=True),
        (WIDTH, HEIGHT),
    ]


def _barn(canvas: ImageDraw.ImageDraw, left: int, base: int, random: np.random.Generator) -> None:
    width, height = int(random.uniform(44, 70)), int(random.uniform(28, 40))
    red = _near((156, 52, 44), random)
    canvas.rectangle((left, base - height, left + width, base), fill=red)
    roof = [
        (left - 5, base - height),
        (left + width // 2, base - height - 24),
        (left + width + 5, base - height),
    ]
    canvas.polygon(roof, fill=_near((92, 70, 62), random))
    canvas.rectangle(
        (left + width // 2 - 8, base - 20, left + width // 2 + 8, base), fill=(60, 34, 30)
    )


def _animal(
    canvas: ImageDraw.ImageDraw,
    kind: str,
    place: tuple[int, int],
    *,
    size: float,
    random: np.random.Generator,
) -> None:
    left, base = place
    body, head = {
        "sheep": ((236, 234, 226), (52, 46, 44)),
        "cow": ((94, 62, 44), (70, 44, 32)),
        "chicken": ((206, 120, 52), (196, 44, 36)),
    }[kind]
    long = {"sheep": 1.5, "cow": 2.0, "chicken": 1.0}[kind] * size
    for leg in (0.2, 0.75):
        foot = left + long * leg
        canvas.line((foot, base - size * 0.4, foot, base), fill=head, width=max(2, int(size / 7)))
    canvas.ellipse(
        (left, base - size * 1.1, left + long, base - size * 0.3), fill=_near(body, random)
    )
    canvas.ellipse(
        (
            left + long * 0.85,
            base - size * 1.35,
            left + long * 0.85 + size * 0.6,
            base - size * 0.8,
        ),
        fill=head,
    )
