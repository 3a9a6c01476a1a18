"""Training: the loss falls, an interruption changes nothing, and every state can be reused."""

import io
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch

from curation_api import LightlyConfig
from curation_job.embedding.networks import SimClr, load_simclr, untrained
from curation_job.training.simclr import Interrupted, TrainSettings, train
from curation_job.training.views import TwoViews, batches
from tests.support.images import an_image, encoded

CONFIG = LightlyConfig.model_validate(
    {
        "loader": {"batch_size": 8},
        "model": {"name": "resnet-9", "num_ftrs": 8, "out_dim": 16},
        "trainer": {"max_epochs": 3},
        "optimizer": {"lr": 0.1},
        "collate": {"input_size": 16},
    }
)


def some_images(count: int = 20) -> list[Callable[[], bytes]]:
    return [partial(bytes, encoded(an_image(number), "jpg")) for number in range(count)]


class Memory:
    """Checkpoints in memory."""

    def __init__(self) -> None:
        self.last: bytes | None = None
        self.epochs: list[int] = []

    def load(self) -> bytes | None:
        return self.last

    def save(self, state: bytes, *, finished_epoch: int | None) -> None:
        self.last = state
        if finished_epoch is not None:
            self.epochs.append(finished_epoch)


def settings(
    *, stop_after: int = 10**9, workers: int = 0, reports: list[tuple[int, int]] | None = None
) -> TrainSettings:
    """Stops after so many batches."""
    seen = [] if reports is None else reports

    def report(done: int, total: int) -> None:
        seen.append((done, total))

    return TrainSettings(
        torch.device("cpu"), workers, must_stop=lambda: len(seen) >= stop_after, report=report
    )


def trained(network: SimClr, memory: Memory, stop_after: int = 10**9) -> list[float]:
    return train(network, some_images(), CONFIG, memory, settings(stop_after=stop_after))


def a_network() -> SimClr:
    return untrained(CONFIG.model, seed=CONFIG.seed)


@pytest.mark.covers("R108", "R115")
def test_it_lasts_as_long_as_configured_and_keeps_each_epoch() -> None:
    memory = Memory()
    reports: list[tuple[int, int]] = []

    losses = train(a_network(), some_images(), CONFIG, memory, settings(reports=reports))

    assert len(losses) == 3
    assert memory.epochs == [0, 1, 2]
    assert reports == [(done, 6) for done in range(1, 7)]


def test_the_loss_falls() -> None:
    config = LightlyConfig.model_validate(
        {
            "loader": {"batch_size": 32},
            "model": {"name": "resnet-9", "num_ftrs": 16, "out_dim": 32},
            "trainer": {"max_epochs": 5},
            "criterion": {"temperature": 0.2},
            "optimizer": {"lr": 0.05},
            # These images differ in colour and little else.
            "collate": {"input_size": 32, "cj_prob": 0, "random_gray_scale": 0, "min_scale": 0.4},
        }
    )

    losses = train(untrained(config.model, seed=1), some_images(64), config, Memory(), settings())

    assert losses[-1] < losses[0] - 0.3


@pytest.mark.parametrize("stop_after", [1, 2, 3, 5])
def test_an_interrupted_training_ends_like_an_uninterrupted_one(stop_after: int) -> None:
    whole, parts, memory = a_network(), a_network(), Memory()
    expected = trained(whole, Memory())

    with pytest.raises(Interrupted):
        trained(parts, memory, stop_after)
    continued = a_network()  # a new process knows nothing of the old one
    losses = trained(continued, memory)

    assert losses == pytest.approx(expected, rel=1e-5)
    for key, value in whole.state_dict().items():
        assert torch.allclose(continued.state_dict()[key].float(), value.float(), atol=1e-5), key


@pytest.mark.covers("R47", "C31")
def test_a_saved_state_is_a_checkpoint_to_go_on_from() -> None:
    network, memory = a_network(), Memory()
    trained(network, memory)
    assert memory.last is not None
    checkpoint = torch.load(io.BytesIO(memory.last), weights_only=True)

    again = untrained(CONFIG.model, seed=99)
    load_simclr(again, checkpoint, source="lightly_epoch_2.ckpt")

    assert all(torch.equal(again.state_dict()[k], v) for k, v in network.state_dict().items())
    assert all(key.startswith("model.") for key in checkpoint["state_dict"])


def test_views_depend_on_seed_epoch_and_image_only() -> None:
    images = some_images(3)

    def view(seed: int, epoch: int, index: int) -> torch.Tensor:
        return TwoViews(images, CONFIG.collate, seed=seed, epoch=epoch)[index][0]

    assert torch.equal(view(1, 0, 2), view(1, 0, 2))
    assert not torch.equal(view(1, 0, 2), view(2, 0, 2))
    assert not torch.equal(view(1, 0, 2), view(1, 1, 2))
    one, other = TwoViews(images, CONFIG.collate, seed=1, epoch=0)[0]
    assert not torch.equal(one, other)


def test_an_epoch_sees_every_image_once_or_leaves_out_an_unfinished_batch() -> None:
    whole = list(batches(20, 8, seed=1, epoch=0, shuffle=True, drop_last=False))
    full = list(batches(20, 8, seed=1, epoch=0, shuffle=True, drop_last=True))

    assert sorted(image for batch in whole for image in batch) == list(range(20))
    assert [len(batch) for batch in full] == [8, 8]
    assert list(batches(20, 8, seed=1, epoch=1, shuffle=True, drop_last=True)) != full


def test_fewer_images_than_a_batch_are_one_batch() -> None:
    assert len(list(batches(3, 8, seed=1, epoch=0, shuffle=True, drop_last=True))) == 1


def test_sixteen_bits_train_too() -> None:
    config = CONFIG.model_copy(
        update={"trainer": CONFIG.trainer.model_validate({"precision": 16, "max_epochs": 1})}
    )

    (loss,) = train(a_network(), some_images(), config, Memory(), settings())

    assert np.isfinite(loss)
