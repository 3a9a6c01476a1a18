"""Photographs made by code: a decoder takes as long for them as for real ones."""

# H height, W width.

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Field = NDArray[np.float64]

QUALITY = 90
BRIGHTNESS_EXPONENT = 1.25
COLOUR_EXPONENT = 1.7
NOISE = 2.0


def write_photographs(folder: Path, count: int, size: tuple[int, int]) -> None:
    """So many JPEGs of this width and height: soft fields, shapes with edges, sensor noise."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        photograph(size, number).save(folder / f"{number:06}.jpg", quality=QUALITY)


def photograph(size: tuple[int, int], seed: int) -> Image.Image:
    """One of them."""
    random = np.random.default_rng(seed)
    brightness = _field(size, BRIGHTNESS_EXPONENT, random) * 50 + 128
    tints = [_field(size, COLOUR_EXPONENT, random) * 20 + 128 for _ in range(2)]
    layers = np.stack([brightness, *tints], axis=-1)
    image = Image.fromarray(_to_bytes(layers), "YCbCr").convert("RGB")
    _draw_shapes(image, random)
    noisy = np.asarray(image) + random.normal(0, NOISE, (size[1], size[0], 1))
    return Image.fromarray(_to_bytes(noisy))


def _field(size: tuple[int, int], exponent: float, random: np.random.Generator) -> Field:
    """Noise with a spectrum of 1/f^exponent, scaled to a deviation of 1."""
    width, height = size
    across_W, down_H = np.fft.rfftfreq(width), np.fft.fftfreq(height)
    frequency_HW = np.hypot(down_H[:, None], across_W[None])
    frequency_HW[0, 0] = np.inf
    white_HW = np.fft.rfft2(random.standard_normal((height, width)))
    field_HW = np.fft.irfft2(white_HW / frequency_HW**exponent, s=(height, width))
    return np.asarray(field_HW / field_HW.std())


def _draw_shapes(image: Image.Image, random: np.random.Generator) -> None:
    draw = ImageDraw.Draw(image)
    for _ in range(random.integers(3, 13)):
        left, top = random.uniform(0, 0.9, 2) * image.size
        right, bottom = (left, top) + random.uniform(0.02, 0.3, 2) * image.size
        shape = draw.ellipse if random.random() < 0.5 else draw.rectangle
        shape([left, top, right, bottom], fill=tuple(random.integers(0, 256, 3).tolist()))


def _to_bytes(values: Field) -> NDArray[np.uint8]:
    return np.clip(values, 0, 255).astype(np.uint8)
