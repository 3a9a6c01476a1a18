"""The file behind a sample: its own in the INPUT bucket, or what was cut out for it in LIGHTLY."""

from collections.abc import Callable
from functools import cached_property
from pathlib import PurePosixPath

from curation_api.names import FRAMES
from curation_client.bucket.samples import Sample
from curation_storage import Readable

# Signed addresses of S3, Google and Azure end after a week at the latest.
LONGEST_URL_SECONDS = 7 * 24 * 3600


class SampleFiles:
    """The files of the samples of one dataset."""

    def __init__(
        self, open_input: Callable[[], Readable], open_lightly: Callable[[], Readable]
    ) -> None:
        self._open_input, self._open_lightly = open_input, open_lightly

    @cached_property
    def raw(self) -> Readable:
        """The INPUT bucket; opened when it is needed."""
        return self._open_input()

    @cached_property
    def derived(self) -> Readable:
        """The LIGHTLY bucket; opened when it is needed."""
        return self._open_lightly()

    def of(self, sample: Sample) -> tuple[Readable, str]:
        """The bucket of a sample's file, and its name there."""
        if sample.source == sample.name:
            return self.raw, sample.name
        stem = sample.name.removesuffix(".png")
        return self.derived, self._frames.get(stem, f"{FRAMES}/{sample.name}")

    def read_url(self, sample: Sample, *, seconds: int) -> str:
        """An address at which anybody can read the file for so long, a week at most."""
        bucket, name = self.of(sample)
        return bucket.read_url(name, seconds=min(seconds, LONGEST_URL_SECONDS))

    def datasource_url(self, sample: Sample) -> str:
        """Where the file lies, for those who may read the bucket."""
        bucket, name = self.of(sample)
        return f"{bucket.location}{name}"

    @cached_property
    def _frames(self) -> dict[str, str]:
        """Images of frames by the name of the frame, without what kind of image they are."""
        prefix = f"{FRAMES}/"
        names = [listed.name for listed in self.derived.list(prefix)]
        return {_stem(name).removeprefix(prefix): name for name in names}


def _stem(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(""))
