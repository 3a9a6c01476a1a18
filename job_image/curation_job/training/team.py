"""The processes that train one network together, one for each GPU."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

BothViews = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True, slots=True)
class Team:
    """This process among those that train together; alone unless said otherwise."""

    rank: int = 0
    size: int = 1

    def share(self, batch: Sequence[int]) -> list[int]:
        """What this process sees of a batch. All see equally many, so some may be left over."""
        even = len(batch) // self.size * self.size
        return list(batch[self.rank : even : self.size])

    def training_together(self, network: nn.Module, device: torch.device) -> BothViews:
        """The network on two views; its gradients are the mean over all processes."""
        both = _BothViews(network)
        if self.size == 1:
            return both
        both.to(
            memory_format=torch.channels_last
        )  # as the images are; DDP expects it from the start
        if device.type == "cuda":
            both = nn.SyncBatchNorm.convert_sync_batchnorm(both)  # type: ignore[no-untyped-call]
        devices = [device] if device.type == "cuda" else None
        return cast(BothViews, DistributedDataParallel(both, device_ids=devices))

    def mean(self, value: Tensor) -> float:
        """The mean over all processes."""
        return self._sum(value) / self.size

    def any(self, *, flag: bool, device: torch.device) -> bool:
        """Whether any process says so: they have to agree on when to stop."""
        return flag if self.size == 1 else self._sum(torch.tensor(float(flag), device=device)) > 0

    def _sum(self, value: Tensor) -> float:
        total = value.detach().clone()
        if self.size > 1:
            distributed.all_reduce(total)
        return float(total)


ALONE = Team()


class _BothViews(nn.Module):
    """One call for both views: gradients are collected once for each call."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
        return self.network(one), self.network(other)
