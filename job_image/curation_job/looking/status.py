"""What a worker has in hand at this moment, for whoever has to judge when it dies or hangs."""

import struct
import time
from dataclasses import dataclass

# Since when a decoder is at work (0: none is), on which unit, source and frame.
_LAYOUT = struct.Struct("dqqq")
STATUS_BYTES = 64


@dataclass(frozen=True, slots=True)
class InHand:
    """The source that a decoder is at work on."""

    since: float
    unit: int
    position: int
    frame: int

    def takes_longer_than(self, seconds: float) -> bool:
        """Whether the decoder has been at it for that long."""
        return time.monotonic() - self.since > seconds


class Status:
    """The first bytes of a worker's shared memory. Written by the worker, read by its owner."""

    def __init__(self, memory: memoryview) -> None:
        self._memory = memory

    def begin(self, unit: int, position: int, frame: int = 0) -> None:
        """A decoder starts on this source, or on its next frame."""
        _LAYOUT.pack_into(self._memory, 0, time.monotonic(), unit, position, frame)

    def end(self) -> None:
        """No decoder is at work."""
        _LAYOUT.pack_into(self._memory, 0, 0.0, -1, -1, -1)

    def in_hand(self) -> InHand | None:
        """What the decoder is at work on, if it is."""
        since, unit, position, frame = _LAYOUT.unpack_from(self._memory, 0)
        return InHand(since, unit, position, frame) if since else None
