"""Two different views of an image, the same ones whenever and wherever they are made."""

import io
import random
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from lightly.transforms import SimCLRTransform
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from curation_api.lightly_config import Collate

# Large enough that no two (seed, epoch, image) of a real run meet.
_EPOCH_STRIDE, _SEED_STRIDE = 1_000_003, 7_919


class TwoViews(Dataset[tuple[Tensor, Tensor]]):
    """The images of one epoch, each as two views.

    What is random in a view depends on seed, epoch and image only. So a training that was
    interrupted goes on as if it had not been, with any number of loading processes.
    """

    def __init__(
        self, images: Sequence[Callable[[], bytes]], collate: Collate, *, seed: int, epoch: int
    ) -> None:
        self._images = images
        self._start = seed * _SEED_STRIDE + epoch * _EPOCH_STRIDE
        self._transform = _transform(collate)

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Both views of an image."""
        seed = (self._start + index) % 2**32
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        with Image.open(io.BytesIO(self._images[index]())) as image:
            one, other = self._transform(image.convert("RGB"))
        return one, other


def _transform(collate: Collate) -> SimCLRTransform:
    degrees = collate.rr_degrees
    if degrees is not None:
        degrees = [-degrees[0], degrees[0]] if len(degrees) == 1 else degrees
    return SimCLRTransform(
        input_size=collate.input_size,
        cj_prob=collate.cj_prob,
        cj_strength=1.0,
        cj_bright=collate.cj_bright,
        cj_contrast=collate.cj_contrast,
        cj_sat=collate.cj_sat,
        cj_hue=collate.cj_hue,
        min_scale=collate.min_scale,
        random_gray_scale=collate.random_gray_scale,
        gaussian_blur=collate.gaussian_blur,
        sigmas=(collate.sigmas[0], collate.sigmas[1]),
        vf_prob=collate.vf_prob,
        hf_prob=collate.hf_prob,
        rr_prob=collate.rr_prob,
        rr_degrees=None if degrees is None else (degrees[0], degrees[1]),
    )


def batches(
    count: int, batch_size: int, *, seed: int, epoch: int, shuffle: bool, drop_last: bool
) -> Iterator[list[int]]:
    """Which images make the batches of an epoch; always at least one batch."""
    size = min(batch_size, count)
    order = torch.arange(count)
    if shuffle:
        order = torch.randperm(count, generator=torch.Generator().manual_seed(seed + epoch))
    for start in range(0, count, size):
        batch = order[start : start + size].tolist()
        if len(batch) == size or not drop_last:
            yield batch
