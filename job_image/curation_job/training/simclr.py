"""SimCLR with the NT-Xent loss, as configured, from wherever it was interrupted."""

import io
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from lightly.loss import NTXentLoss
from torch import Tensor
from torch.utils.data import DataLoader

from curation_api import LightlyConfig
from curation_api.lightly_config import Precision
from curation_job.embedding.networks import SimClr
from curation_job.training.team import ALONE, Team
from curation_job.training.views import TwoViews, batches

logger = logging.getLogger(__name__)

# Below this the loss sees too few other images to tell one from.
SMALL_BATCH = 64

# Loading processes cost a second each epoch; so few images are loaded faster without.
FEW_IMAGES = 2000


class Interrupted(Exception):  # noqa: N818  says what the training is
    """The run was told to stop; everything so far is saved."""


class Checkpoints(Protocol):
    """Where training keeps its state between interruptions."""

    def load(self) -> bytes | None:
        """The last saved state, if there is one."""

    def save(self, state: bytes, *, finished_epoch: int | None) -> None:
        """Keep a state; a finished epoch is also kept as `lightly_epoch_X.ckpt`."""


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """How training uses this machine, and whom it tells."""

    device: torch.device
    workers: int
    must_stop: Callable[[], bool]
    report: Callable[[int, int], None]
    """Told the number of finished batches and of all batches."""
    team: Team = ALONE


@dataclass
class _State:
    """Everything that decides how training goes on."""

    epoch: int = 0
    batch: int = 0
    losses: list[float] = field(default_factory=list)
    """The mean loss of each finished epoch."""
    loss_sum: float = 0.0


def train(
    network: SimClr,
    images: Sequence[Callable[[], bytes]],
    config: LightlyConfig,
    checkpoints: Checkpoints,
    settings: TrainSettings,
) -> list[float]:
    """Train the network in place and return the mean loss of each epoch.

    An interrupted training that is started again with the same arguments ends as if it had not
    been interrupted, up to rounding.
    """
    if config.loader.batch_size < SMALL_BATCH:
        logger.warning(
            "Training with batches of %d: from %d on, embeddings get better",
            config.loader.batch_size,
            SMALL_BATCH,
        )
    network.to(settings.device).train()
    training = _Training(network, images, config, checkpoints, settings)
    training.resume()
    while training.state.epoch < config.trainer.max_epochs:
        training.epoch()
    return training.state.losses


class _Training:
    def __init__(
        self,
        network: SimClr,
        images: Sequence[Callable[[], bytes]],
        config: LightlyConfig,
        checkpoints: Checkpoints,
        settings: TrainSettings,
    ) -> None:
        self._network = network
        self._images = images
        self._config = config
        self._checkpoints = checkpoints
        self._settings = settings
        self._team = settings.team
        self._loss = NTXentLoss(
            temperature=config.criterion.temperature,
            memory_bank_size=_memory_bank(config),
            gather_distributed=self._team.size > 1,
        ).to(settings.device)
        self._optimizer = torch.optim.SGD(
            network.parameters(),
            lr=config.optimizer.lr,
            weight_decay=config.optimizer.weight_decay,
        )
        self._half = config.trainer.precision is Precision.HALF
        self._on_both_views = self._team.training_together(network, settings.device)
        self.state = _State()

    def resume(self) -> None:
        """Go on from the last saved state, if there is one."""
        saved = self._checkpoints.load()
        if saved is None:
            return
        loaded = torch.load(io.BytesIO(saved), map_location="cpu", weights_only=True)
        self._network.load_state_dict(_without_prefix(loaded["state_dict"]))
        self._optimizer.load_state_dict(loaded["optimizer"])
        self._loss.load_state_dict(loaded["loss"])
        self.state = _State(**loaded["progress"])
        logger.info("Training goes on from epoch %d", self.state.epoch)

    def epoch(self) -> None:
        """One epoch, or what is left of it."""
        state, config = self.state, self._config
        of_all = batches(
            len(self._images),
            config.loader.batch_size * self._team.size,
            seed=config.seed,
            epoch=state.epoch,
            shuffle=config.loader.shuffle,
            drop_last=config.loader.drop_last,
        )
        plan = [batch for batch in of_all if len(batch) >= self._team.size]
        for views in self._loader(plan[state.batch :]):
            state.loss_sum += self._step(*views)
            state.batch += 1
            total = len(plan) * config.trainer.max_epochs
            self._settings.report(state.epoch * len(plan) + state.batch, total)
            if self._must_stop() and state.batch < len(plan):
                self._save(finished_epoch=None)
                raise Interrupted
        state.losses.append(state.loss_sum / len(plan))
        logger.info("Epoch %d: loss %.4f", state.epoch, state.losses[-1])
        finished = state.epoch
        state.epoch, state.batch, state.loss_sum = finished + 1, 0, 0.0
        self._save(finished_epoch=finished)
        if self._must_stop() and state.epoch < config.trainer.max_epochs:
            raise Interrupted

    def _must_stop(self) -> bool:
        return self._team.any(flag=self._settings.must_stop(), device=self._settings.device)

    def _loader(self, plan: list[list[int]]) -> DataLoader[tuple[Tensor, Tensor]]:
        views = TwoViews(
            self._images,
            self._config.collate,
            seed=self._config.seed,
            epoch=self.state.epoch,
        )
        workers = 0 if len(self._images) < FEW_IMAGES else self._settings.workers
        on_gpu = self._settings.device.type == "cuda"
        shares = [self._team.share(batch) for batch in plan]
        return DataLoader(views, batch_sampler=shares, num_workers=workers, pin_memory=on_gpu)

    def _step(self, one: Tensor, other: Tensor) -> float:
        device = self._settings.device
        one = one.to(device, non_blocking=True, memory_format=torch.channels_last)
        other = other.to(device, non_blocking=True, memory_format=torch.channels_last)
        self._optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device.type, torch.bfloat16, enabled=self._half):
            projected = self._on_both_views(one, other)
        loss = self._loss(projected[0].float(), projected[1].float())
        loss.backward()
        self._optimizer.step()
        return self._team.mean(loss)

    def _save(self, *, finished_epoch: int | None) -> None:
        if self._team.rank > 0:
            return  # all of them have the same
        state = self.state
        buffer = io.BytesIO()
        content: dict[str, Any] = {
            "state_dict": {f"model.{k}": v for k, v in self._network.state_dict().items()},
            "epoch": state.epoch,
            "optimizer": self._optimizer.state_dict(),
            "loss": self._loss.state_dict(),
            "progress": {
                "epoch": state.epoch,
                "batch": state.batch,
                "losses": state.losses,
                "loss_sum": state.loss_sum,
            },
        }
        torch.save(content, buffer)
        self._checkpoints.save(buffer.getvalue(), finished_epoch=finished_epoch)


def _memory_bank(config: LightlyConfig) -> int | tuple[int, int]:
    size = config.criterion.memory_bank_size
    return (size, config.model.out_dim) if size else 0


def _without_prefix(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key.removeprefix("model."): value for key, value in state.items()}
