"""What a run knows of a sample, from the moment it is listed to its row in the manifest."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


class Corrupt(StrEnum):
    """Why a sample cannot be used. The word stands in lists and in the manifest."""

    MISSING = "missing"
    ACCESS_DENIED = "access denied"
    ZERO_BYTES = "zero bytes"
    TRUNCATED = "truncated"
    NOT_AN_IMAGE = "not an image"
    NOT_A_VIDEO = "not a video"
    WRONG_TYPE = "type differs from extension"
    TOO_LARGE = "too large"
    UNSUPPORTED = "unsupported"
    ARTEFACTS = "artefacts"
    DAMAGED = "damaged"
    DECODER_CRASHED = "decoder crashed"
    TOO_SLOW = "took too long"


class Unusable(Exception):  # noqa: N818  says what the sample is
    """A sample that cannot be used, and why. It becomes a row; the run goes on."""

    def __init__(self, reason: Corrupt, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Facts:
    """What one look at an image or frame tells beside its pixels."""

    size_in_bytes: int
    width: int
    height: int
    content_hash: str
    """Of the bytes of the file; for a frame, of its pixels."""
    pixel_hash: str
    """Of width, height and the decoded pixels."""
    sharpness: float
    snr: float
    luminance: float
    uniform_row_ratio: float
    taken_at: str | None = None
    """The time in the EXIF data, as written there."""
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """All that a run needs of a usable image or frame, from one decode."""

    facts: Facts
    pixels_HWC: Pixels
    """Scaled to the square that the network sees."""
    thumbnail: bytes
    """A small JPEG."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it was listed. Its identity changes when its content may have changed."""

    name: str
    size: int
    identity: str


@dataclass(frozen=True, slots=True)
class FrameOf:
    """Which frame of which video a sample is."""

    video: str
    index: int
    pts: int | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Sample:
    """What became of one image or frame: a look at it, or the reason why there is none."""

    name: str
    source: str
    identity: str
    facts: Facts | None = None
    corrupt: Corrupt | None = None
    detail: str = ""
    frame: FrameOf | None = None

    @property
    def is_usable(self) -> bool:
        """Whether the sample can be selected."""
        return self.corrupt is None
