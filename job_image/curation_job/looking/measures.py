"""The `lightly.*` metadata: what can be measured of an image without understanding it.

All of them look at the luminance, scaled so that its longer side has 256 pixels (never enlarged):
then they compare between a phone's photograph and a frame of a video. The formulas:

    luminance        mean, as a percentage of white: 0 to 100
    sharpness        standard deviation of the Laplacian (4 neighbours): 0 and more
    snr              mean over standard deviation: 0 and more, 0 for one colour
    uniformRowRatio  share of rows whose brightest and darkest pixel differ by at most 2: 0 to 1
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LONGER_SIDE_PIXELS = 256

# A grey area left by a broken decoder is uniform but for rounding.
UNIFORM_DIFFERENCE = 2


@dataclass(frozen=True, slots=True)
class Measures:
    """The measures of one image."""

    sharpness: float
    snr: float
    luminance: float
    uniform_row_ratio: float


def measure(image: Image.Image) -> Measures:
    """Measure an RGB image."""
    grey = image.convert("L")
    grey.thumbnail((LONGER_SIDE_PIXELS, LONGER_SIDE_PIXELS), Image.Resampling.BILINEAR)
    grey_HW = np.asarray(grey)
    luminance_HW = grey_HW.astype(np.float32)
    mean, deviation = float(luminance_HW.mean()), float(luminance_HW.std())
    spread_H = grey_HW.max(axis=1).astype(np.int16) - grey_HW.min(axis=1)
    return Measures(
        sharpness=float(_laplacian(luminance_HW).std()),
        snr=mean / deviation if deviation > 0 else 0.0,
        luminance=mean / 255 * 100,
        uniform_row_ratio=float((spread_H <= UNIFORM_DIFFERENCE).mean()),
    )


def _laplacian(image_HW: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sum of the four neighbours less four times the pixel; edges continue outwards."""
    padded = np.pad(image_HW, 1, mode="edge")
    neighbours = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
    return neighbours - 4 * image_HW
