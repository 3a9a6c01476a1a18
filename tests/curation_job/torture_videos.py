"""Broken and odd videos of every kind that we could think of, and what must become of each."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from curation_job.records import Corrupt
from tests.curation_job.torture import EVERY_5_PERCENT, Odd, fresh, odd
from tests.support.images import encoded, with_noise
from tests.support.videos import CODECS, write_video


def odd_videos(scratch: Path) -> list[Odd]:
    """Files with the extensions of videos."""
    return [*_cut_off_videos(scratch), *_no_videos(scratch)]


def _a_video(scratch: Path, extension: str) -> bytes:
    path = scratch / f"whole.{extension}"
    if not path.exists():
        write_video(path, frames=8)
    return path.read_bytes()


def _cut_off_videos(scratch: Path) -> Iterator[Odd]:
    """Streams without a container have no end that could be missing."""
    for extension in CODECS:
        whole = _a_video(scratch, extension)
        is_stream = extension in {"mpg", "mpeg", "hevc"}
        lost = (Corrupt.NOT_A_VIDEO, Corrupt.DAMAGED) if is_stream else (Corrupt.TRUNCATED,)
        yield odd(f"whole/{extension}.{extension}", whole)
        for percent in EVERY_5_PERCENT:
            name = f"cut/{percent:02} percent.{extension}"
            yield odd(name, whole[: len(whole) * percent // 100], None, *lost)


def _no_videos(scratch: Path) -> Iterator[Odd]:
    mp4, avi = _a_video(scratch, "mp4"), _a_video(scratch, "avi")
    playlist = "#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:10,\n/etc/hostname\n#EXT-X-ENDLIST\n"
    session = b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nt=0 0\nm=video 1 RTP/AVP 96\n"
    for name, data, fate in (
        ("empty", b"", Corrupt.ZERO_BYTES),
        ("text", b"no video at all", Corrupt.NOT_A_VIDEO),
        ("zeros", b"\0" * 5000, Corrupt.NOT_A_VIDEO),
        ("random", np.random.default_rng(1).bytes(5000), Corrupt.NOT_A_VIDEO),
        ("playlist", playlist.encode(), Corrupt.NOT_A_VIDEO),
        ("list", b"ffconcat version 1.0\nfile whole.mp4\n", Corrupt.NOT_A_VIDEO),
        ("session", session, Corrupt.NOT_A_VIDEO),
        ("only an index", mp4[mp4.index(b"moov") - 4 :], Corrupt.NOT_A_VIDEO),
        ("only a beginning", mp4[:300], Corrupt.TRUNCATED),
        ("jpeg", encoded(fresh(), "jpg"), Corrupt.WRONG_TYPE),
        ("png", encoded(fresh(), "png"), Corrupt.WRONG_TYPE),
        ("pdf", b"%PDF-1.7" + b" " * 500, Corrupt.WRONG_TYPE),
    ):  # fmt: skip
        yield odd(f"none/{name}.mp4", data, fate)
    middle = len(avi) // 2
    hole = avi[:middle] + b"\0" * 400 + avi[middle + 400 :]
    yield odd("noise/hole.avi", hole, None, Corrupt.DAMAGED)
    for extension in CODECS:
        noisy = with_noise(_a_video(scratch, extension), seed=3, changes=20)
        yield odd(
            f"noise/{extension}.{extension}",
            noisy,
            None,
            Corrupt.DAMAGED,
            Corrupt.NOT_A_VIDEO,
            Corrupt.TRUNCATED,
        )
