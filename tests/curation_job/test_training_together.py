"""Several processes train one network; processors stand in for GPUs, one process each."""

import io
import logging
import os
import signal
from collections.abc import Callable
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.multiprocessing.spawn import ProcessExitedException

from curation_api import LightlyConfig
from curation_job.embedding.networks import SimClr, untrained
from curation_job.thumbnails import Thumbnails
from curation_job.training.processes import processes_for, train_in_processes
from curation_job.training.simclr import Interrupted, train
from curation_job.training.team import Team
from tests.curation_job.test_training import CONFIG, Memory, settings, some_images

pytestmark = pytest.mark.covers("R114")

IMAGES = some_images(20)


def a_network() -> SimClr:
    return untrained(CONFIG.model, seed=CONFIG.seed)


def without_norms(network: SimClr) -> SimClr:
    """Batch norms look at the batch of their process; only GPUs look at the batches of all."""
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, name, nn.Identity())
    return network


def with_batches_of(size: int, **more: Any) -> LightlyConfig:
    changed = {**more, "loader": {"batch_size": size, **more.get("loader", {})}}
    return CONFIG.model_copy(
        update={k: getattr(CONFIG, k).model_copy(update=v) for k, v in changed.items()}
    )


def weights(memory: Memory) -> dict[str, Tensor]:
    assert memory.last is not None
    state: dict[str, Tensor] = torch.load(io.BytesIO(memory.last), weights_only=True)["state_dict"]
    return state


def assert_about_equal(some: dict[str, Tensor], others: dict[str, Tensor]) -> None:
    assert some.keys() == others.keys()
    for key, value in some.items():
        assert torch.allclose(value.float(), others[key].float(), atol=1e-4), key


def together(
    memory: Memory, config: LightlyConfig, *, network: SimClr | None = None, **how: Any
) -> list[float]:
    return train_in_processes(2, network or a_network(), IMAGES, config, memory, settings(**how))


def test_two_processes_learn_what_one_does_from_batches_twice_as_large() -> None:
    alone, both, reports = Memory(), Memory(), list[tuple[int, int]]()
    expected = train(without_norms(a_network()), IMAGES, with_batches_of(8), alone, settings())

    losses = together(both, with_batches_of(4), network=without_norms(a_network()), reports=reports)

    assert both.epochs == [0, 1, 2]
    assert reports == [(done, 6) for done in range(1, 7)]
    assert losses == pytest.approx(expected, rel=1e-3)
    assert_about_equal(weights(both), weights(alone))


def test_interrupted_together_they_go_on_as_if_nothing_had_happened() -> None:
    whole, parts = Memory(), Memory()
    expected = train(without_norms(a_network()), IMAGES, with_batches_of(8), whole, settings())

    with pytest.raises(Interrupted):
        together(parts, with_batches_of(4), network=without_norms(a_network()), stop_after=1)
    losses = together(parts, with_batches_of(4), network=without_norms(a_network()))

    assert losses == pytest.approx(expected, rel=1e-3)
    assert_about_equal(weights(parts), weights(whole))


def test_they_are_interrupted_while_they_have_much_to_say() -> None:
    reports = list[tuple[int, int]]()

    with pytest.raises(Interrupted):
        together(
            Memory(),
            with_batches_of(4, trainer={"max_epochs": 100}),
            reports=reports,
            stop_after=1,
        )

    done, total = reports[-1]
    assert done < total // 2


def test_a_last_batch_with_fewer_images_than_processes_is_left_out() -> None:
    one_epoch = with_batches_of(4, trainer={"max_epochs": 1}, loader={"drop_last": False})
    reports = list[tuple[int, int]]()

    train_in_processes(2, a_network(), IMAGES[:17], one_epoch, Memory(), settings(reports=reports))

    assert reports == [(1, 2), (2, 2)]


def test_what_they_log_is_logged_once_and_here(caplog: pytest.LogCaptureFixture) -> None:
    one_epoch = with_batches_of(
        4, trainer={"max_epochs": 1, "precision": 16}, criterion={"memory_bank_size": 16}
    )

    with caplog.at_level(logging.INFO):
        together(Memory(), one_epoch)

    said = [record.getMessage() for record in caplog.records]
    assert [line[:7] for line in said if line.startswith("Epoch")] == ["Epoch 0"]


def killed(own: int) -> bytes:
    """An image that costs the process its life that looks at it."""
    if os.getpid() != own:
        os.kill(os.getpid(), signal.SIGKILL)
    return b""


def test_the_death_of_one_ends_the_training() -> None:
    deadly: list[Callable[[], bytes]] = [*IMAGES[:-1], partial(killed, os.getpid())]

    with pytest.raises(ProcessExitedException, match="SIGKILL"):
        train_in_processes(2, a_network(), deadly, with_batches_of(4), Memory(), settings())


@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_all_get_equally_much_of_a_batch(size: int) -> None:
    batch = list(range(100, 111))

    shares = [Team(rank, size).share(batch) for rank in range(size)]

    assert {len(share) for share in shares} == {len(batch) // size}
    seen = sorted(image for share in shares for image in share)
    assert seen == batch[: len(batch) // size * size]


def test_thumbnails_can_be_looked_at_by_another_process(tmp_path: Path) -> None:
    thumbnails = Thumbnails(tmp_path / "thumbnails.db", samples=1, budget_bytes=10**6)
    thumbnails.keep(0, ["a.jpg"], [b"pixels"])

    there = copy(thumbnails)  # as pickle does

    assert there.get("a.jpg") == b"pixels"


@pytest.mark.parametrize(
    ("wanted", "gpus", "images", "processes"),
    [(1, 1, 100, 1), (4, 4, 100, 4), (4, 2, 100, 2), (0, 1, 100, 1), (4, 4, 3, 3)],
)
def test_there_is_a_process_for_each_gpu_that_is_wanted_and_there(
    wanted: int, gpus: int, images: int, processes: int
) -> None:
    assert processes_for(wanted, gpus, images) == processes


def test_gpus_that_training_leaves_idle_are_mentioned(caplog: pytest.LogCaptureFixture) -> None:
    assert processes_for(1, 4, 100) == 1

    assert "set lightlyConfig.trainer.gpus: 4 to use all" in caplog.text
