"""One training by several processes: the first one's progress and states are passed on here."""

import logging
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from logging.handlers import QueueHandler
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path

import torch
from torch import distributed
from torch.multiprocessing import get_context
from torch.multiprocessing.spawn import ProcessContext, start_processes

from curation_api import LightlyConfig
from curation_job.embedding.networks import SimClr
from curation_job.training.simclr import Checkpoints, Interrupted, TrainSettings, train
from curation_job.training.team import Team

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class _Reached:
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class _Saved:
    state: bytes
    finished_epoch: int | None


@dataclass(frozen=True, slots=True)
class _Ended:
    losses: list[float] | None
    """None if the training was interrupted."""


@dataclass(frozen=True, slots=True)
class _Work:
    """What every process is told."""

    processes: int
    device_type: str
    meeting_point: str
    network: SimClr
    images: Sequence[Callable[[], bytes]]
    config: LightlyConfig
    state: bytes | None
    workers: int


def processes_for(wanted: int, gpus: int, images: int) -> int:
    """As many as `trainer.gpus` says, a GPU each, and an image for each at least."""
    if gpus > max(wanted, 1):
        logger.warning(
            "Training uses %d of %d GPUs: set lightlyConfig.trainer.gpus: %d to use all",
            max(wanted, 1),
            gpus,
            gpus,
        )
    return max(1, min(wanted, gpus, images))


def train_in_processes(
    processes: int,
    network: SimClr,
    images: Sequence[Callable[[], bytes]],
    config: LightlyConfig,
    checkpoints: Checkpoints,
    settings: TrainSettings,
) -> list[float]:
    """Train as `train` does, by so many processes, each with batches of its own.

    What is trained is in the saved states; the network given stays as it is unless one trains it.
    """
    if processes == 1:
        return train(network, images, config, checkpoints, settings)
    context = get_context("spawn")
    told, tell = context.Pipe(duplex=False)
    stop = context.Event()
    with tempfile.TemporaryDirectory() as folder:
        work = _Work(
            processes=processes,
            device_type=settings.device.type,
            meeting_point=(Path(folder) / "meeting").as_uri(),
            network=network.cpu(),
            images=images,
            config=config,
            state=checkpoints.load(),
            workers=-(-settings.workers // processes),
        )
        running = start_processes(  # type: ignore[no-untyped-call]
            _take_part, (work, tell, stop), processes, join=False, start_method="spawn"
        )
        tell.close()
        ended: _Ended | None = None
        for message in _messages(told, running):
            if settings.must_stop():
                stop.set()
            ended = message if isinstance(message, _Ended) else ended
            _pass_on(message, checkpoints, settings)
    if ended is None or ended.losses is None:
        raise Interrupted
    return ended.losses


def _messages(told: Connection, running: ProcessContext) -> Iterator[object]:
    """What the processes say until they end; None whenever they have been silent for a moment.

    One that fails takes the others along, and raises here.
    """
    with suppress(EOFError):
        while True:
            running.join(timeout=0)
            yield told.recv() if told.poll(POLL_SECONDS) else None
    while not running.join():
        pass


def _pass_on(message: object, checkpoints: Checkpoints, settings: TrainSettings) -> None:
    match message:
        case _Reached(done, total):
            settings.report(done, total)
        case _Saved(state, finished_epoch):
            checkpoints.save(state, finished_epoch=finished_epoch)
        case logging.LogRecord():
            logging.getLogger(message.name).handle(message)


def _take_part(rank: int, work: _Work, tell: Connection, stop: Event) -> None:
    # Whoever started this decides when to stop; Ctrl-C reaches all of them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    device = torch.device(work.device_type)
    if work.device_type == "cuda":
        device = torch.device("cuda", rank)
        torch.cuda.set_device(device)
    told = _Told(tell, work.state, speaks=rank == 0)
    logging.getLogger().setLevel(logging.INFO)
    logging.getLogger().addHandler(QueueHandler(told))  # type: ignore[arg-type]
    settings = TrainSettings(
        device=device,
        workers=work.workers,
        must_stop=stop.is_set,
        report=told.report,
        team=Team(rank, work.processes),
    )
    distributed.init_process_group(
        "nccl" if work.device_type == "cuda" else "gloo",
        init_method=work.meeting_point,
        rank=rank,
        world_size=work.processes,
    )
    try:
        told.end(train(work.network, work.images, work.config, told, settings))
    except Interrupted:
        told.end(None)
    finally:
        distributed.destroy_process_group()


class _Told:
    """Where the state of a process comes from, and where all it has to say goes."""

    def __init__(self, tell: Connection, state: bytes | None, *, speaks: bool) -> None:
        self._tell = tell
        self._state = state
        self._speaks = speaks

    def load(self) -> bytes | None:
        return self._state

    def save(self, state: bytes, *, finished_epoch: int | None) -> None:
        self._send(_Saved(state, finished_epoch))

    def report(self, done: int, total: int) -> None:
        self._send(_Reached(done, total))

    def end(self, losses: list[float] | None) -> None:
        self._send(_Ended(losses))

    def put_nowait(self, record: logging.LogRecord) -> None:
        """All of a queue that a log handler calls."""
        self._send(record)

    def _send(self, message: object) -> None:
        if self._speaks:
            self._tell.send(message)
