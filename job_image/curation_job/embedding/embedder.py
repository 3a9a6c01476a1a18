"""Runs a network over batches of pixels, as fast as this machine can at the agreed precision."""

import logging
import shutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.fx.experimental.optimization import fuse

from curation_job.embedding.networks import IMAGENET_MEAN, IMAGENET_STD
from curation_job.records import Pixels

logger = logging.getLogger(__name__)

# N images of a batch, side x side pixels, D numbers an embedding.

# Compiling takes about half a minute and makes half as fast again: worth it from here on.
WORTH_COMPILING_SAMPLES = 20_000

# As many pixels a batch as fit a small machine's memory and still fill a large one's arithmetic.
BATCH_PIXELS_CPU = 64 * 64 * 64
BATCH_PIXELS_GPU = 128 * 224 * 224


class Precision(StrEnum):
    """How many bits the network computes with."""

    FULL = "float32"
    HALF = "bfloat16"


@dataclass(frozen=True, slots=True)
class EmbedSettings:
    """How a network is run."""

    side_pixels: int
    device: torch.device
    precision: Precision
    compile: bool = False

    @property
    def batch_size(self) -> int:
        """Images a batch: a function of the configuration, never of what a machine has free."""
        pixels = BATCH_PIXELS_GPU if self.device.type == "cuda" else BATCH_PIXELS_CPU
        return int(np.clip(pixels // self.side_pixels**2, 8, 256))


def best_settings(
    side_pixels: int, *, samples: int, exact: bool, use_gpu: bool = True
) -> EmbedSettings:
    """What pays on this machine for so many samples; `exact` keeps to 32 bits."""
    on_gpu = use_gpu and torch.cuda.is_available()
    device = torch.device("cuda" if on_gpu else "cpu")
    half = not exact and (on_gpu or _cpu_has_bfloat16())
    compiles = not exact and samples >= WORTH_COMPILING_SAMPLES and _has_compiler(device)
    return EmbedSettings(
        side_pixels, device, Precision.HALF if half else Precision.FULL, compile=compiles
    )


def _cpu_has_bfloat16() -> bool:
    """Without these instructions bfloat16 is emulated, and far slower than 32 bits."""
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()  # noqa: SLF001


def _has_compiler(device: torch.device) -> bool:
    return device.type == "cuda" or shutil.which("g++") is not None


class Embedder:
    """A network ready to embed. Each row depends on its own pixels and nothing else."""

    def __init__(self, backbone: nn.Module, settings: EmbedSettings) -> None:
        self.settings = settings
        network = _fused(backbone.eval()).to(settings.device)
        dtype = torch.float32
        if settings.precision is Precision.HALF:
            dtype = torch.bfloat16
            network = _with_full_end(network.to(dtype))
        self._network = network.to(memory_format=torch.channels_last)
        self._dtype = dtype
        channels = (1, 1, 1, 3)
        self._mean = torch.tensor(IMAGENET_MEAN, device=settings.device).view(channels) * 255
        self._std = torch.tensor(IMAGENET_STD, device=settings.device).view(channels) * 255
        side = settings.side_pixels
        one = torch.zeros((1, side, side, 3), dtype=torch.uint8)
        with torch.inference_mode():
            self.dimensions = int(self._forward(one).shape[1])
        """How many numbers an embedding has."""
        if settings.compile:
            logger.info("Compiling the network for this machine; this takes about half a minute")
            self._network = torch.compile(self._network)  # type: ignore[assignment]

    def embed(self, pixels_NHWC: Pixels) -> NDArray[np.float32]:
        """The embeddings of at most one batch, in its order."""
        count, size = len(pixels_NHWC), self.settings.batch_size
        # Always whole batches: another shape could take another path through the arithmetic.
        padded = np.zeros((size, *pixels_NHWC.shape[1:]), np.uint8)
        padded[:count] = pixels_NHWC
        with torch.inference_mode():
            embeddings_ND = self._forward(torch.from_numpy(padded))
        embedded: NDArray[np.float32] = embeddings_ND[:count].float().cpu().numpy()
        return embedded

    def _forward(self, batch: Tensor) -> Tensor:
        if self.settings.device.type == "cuda":
            batch = batch.pin_memory().to(self.settings.device, non_blocking=True)
        # N, H, W, C in memory is what channels_last means: the permutation moves nothing.
        images = ((batch.float() - self._mean) / self._std).to(self._dtype).permute(0, 3, 1, 2)
        embeddings: Tensor = self._network(images).flatten(start_dim=1)
        return embeddings


class EmbedderOnDemand:
    """An embedder that is made when its first batch comes."""

    def __init__(
        self, load: Callable[[], nn.Module], settings: EmbedSettings, dimensions: int | None
    ) -> None:
        self._load, self._settings, self._dimensions = load, settings, dimensions

    @cached_property
    def _embedder(self) -> Embedder:
        return Embedder(self._load(), self._settings)

    @property
    def dimensions(self) -> int:
        """How many numbers an embedding has."""
        return self._dimensions or self._embedder.dimensions

    def embed(self, pixels_NHWC: Pixels) -> NDArray[np.float32]:
        """The embeddings of at most one batch, in its order."""
        return self._embedder.embed(pixels_NHWC)


def _fused(backbone: nn.Module) -> nn.Module:
    """The network with each batch normalisation folded into the convolution before it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fused: nn.Module = fuse(backbone)
    except (RuntimeError, torch.fx.proxy.TraceError, NotImplementedError, TypeError):
        return backbone  # A network that cannot be traced runs as it is.
    return fused


class _InFull(nn.Module):
    """A layer that computes with 32 bits among others that do not."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer.float()

    def forward(self, features: Tensor) -> Tensor:
        return self.layer(features.float())  # type: ignore[no-any-return]


def _with_full_end(network: nn.Module) -> nn.Module:
    """The network with its last sums in 32 bits.

    Embeddings differ in their last digits most of all: rounding them costs ten times as much as
    rounding everything before, and these layers are quick.
    """
    for name, layer in reversed(list(network.named_children())):
        if isinstance(layer, nn.Conv2d | nn.AdaptiveAvgPool2d):
            setattr(network, name, _InFull(layer))
        elif not isinstance(layer, nn.Identity):
            break
    return network
