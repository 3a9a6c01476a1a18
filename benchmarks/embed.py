"""Time the way from image files to embeddings beside others, with the same network and weights.

    python -m benchmarks.embed
    python -m benchmarks.embed --pictures 500x375 --side 64 --images 500

The peers: the embed command of the package `lightly` (`lightly.cli.embed_cli`), and a plain loop
over torchvision's `ImageFolder` and a `DataLoader`. They decode, resize and embed. Ours also checks
every file, hashes bytes and pixels, measures sharpness and so on, and makes thumbnails. Cosines are
those of centred embeddings to that command's.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import in_own_process, report
from benchmarks.photographs import write_photographs

if TYPE_CHECKING:
    from curation_api import JobConfig

MODULE = "benchmarks.embed"
WEIGHTS = "derived/.lightly/weights.ckpt"
Embeddings = NDArray[np.float32]


def main() -> None:
    """Run what was asked for and print a table."""
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description=__doc__.split("\n")[0])
    parser.add_argument("--pictures", nargs="*", default=["500x375", "1920x1080"])
    parser.add_argument("--sides", nargs="*", type=int, default=[64, 224])
    parser.add_argument("--images", type=int, default=1024, help="at 64 pixels; fewer where slower")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        _work(**json.loads(arguments.work))
        return
    print("| pictures | side | by | images/s | times lightly | at the network | cosine |")
    print("|---|---|---|---|---|---|---|")
    for pictures in arguments.pictures:
        for side in arguments.sides:
            count = max(100, arguments.images * 64**2 // side**2)
            _compare(pictures, side, count)


def _compare(pictures: str, side: int, count: int) -> None:
    width, height = map(int, pictures.split("x"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_photographs(folder / "raw/all", count, (width, height))
        weights = folder / WEIGHTS
        weights.parent.mkdir(parents=True)
        _write_checkpoint(weights, side)
        rates: dict[str, float] = {}
        for peer in PEERS:
            work = json.dumps({"peer": peer, "folder": name, "side": side})
            found = in_own_process([MODULE, "--work", work])
            rates[peer] = count / found.seconds
            times = rates[peer] / rates["lightly embed"]
            share = (folder / f"{peer}.share").read_text() if peer.startswith("ours") else ""
            print(
                f"| {count} of {pictures} | {side} | {peer} | {rates[peer]:.1f} | {times:.2f}"
                f" | {share} | {_cosine(folder, peer)} |",
                flush=True,
            )


def _work(peer: str, folder: str, side: int) -> None:
    """What happens in a peer's own process."""
    place = Path(folder)
    prepare = PEERS[peer]
    embed = prepare(place, side)
    embeddings_ND = report(embed, repeats=1)
    np.save(place / f"{peer}.npy", embeddings_ND)


def lightly_embed(folder: Path, side: int) -> Callable[[], Embeddings]:
    """The embed command of the package."""
    import lightly.cli
    from lightly.cli.embed_cli import _embed_cli
    from omegaconf import OmegaConf

    path = Path(lightly.cli.__file__).parent / "config/config.yaml"
    config = OmegaConf.load(path)
    config.input_dir = str(folder / "raw")
    config.checkpoint = str(folder / WEIGHTS)
    config.collate.input_size = side

    def embed() -> Embeddings:
        embeddings_ND, _, names = _embed_cli(config, is_cli_call=False)
        return np.asarray(embeddings_ND)[np.argsort(names)]

    return embed


def plain_loop(folder: Path, side: int) -> Callable[[], Embeddings]:
    """What one writes in ten minutes: `ImageFolder`, `DataLoader`, `model(batch)`."""
    import torch
    from torch.utils.data import DataLoader
    from torchvision import transforms
    from torchvision.datasets import ImageFolder

    from curation_job.embedding.networks import load_simclr, untrained

    network = untrained(_model(), seed=1)
    load_simclr(network, torch.load(folder / WEIGHTS, weights_only=True), source=WEIGHTS)
    backbone = network.backbone.eval()
    mean, deviation = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    steps = [transforms.Resize((side, side)), transforms.ToTensor()]
    transform = transforms.Compose([*steps, transforms.Normalize(mean, deviation)])

    def embed() -> Embeddings:
        images = ImageFolder(str(folder / "raw"), transform)
        loader = DataLoader(images, batch_size=32, num_workers=os.cpu_count() or 1)
        with torch.inference_mode():
            return np.concatenate([backbone(batch).flatten(1).numpy() for batch, _ in loader])

    return embed


def ours(folder: Path, side: int, *, exact: bool = False) -> Callable[[], Embeddings]:
    """The worker's stages up to embeddings, as a cluster runs them."""
    from curation_api.states import Stage
    from curation_job.opening import Address, open_derived, open_listed
    from curation_job.pipeline import curate
    from curation_job.runtime.progress import Progress
    from curation_job.runtime.stopping import StopRequest
    from curation_job.tables.samples import embeddings_of
    from curation_job.workspace import Workspace

    config = _config(side, exact=exact)
    raw = Address(config.datasource_spec.input_location, {}, folder)
    assert config.datasource_spec.lightly is not None
    derived = Address(config.datasource_spec.lightly, {}, folder)
    scratch = folder / f"scratch-{exact}"
    scratch.mkdir()

    def embed() -> Embeddings:
        space = Workspace(
            config=config,
            input=open_listed(raw),
            lightly=open_derived(derived),
            open_reader=raw.open_reader,
            scratch=scratch,
            progress=Progress(),
            stop=StopRequest(),
        )
        curate(space, Stage.PREPARE)
        curate(space, Stage.EMBED)
        efficiency = space.progress.seen().efficiency or 0
        (folder / f"{_name(exact=exact)}.share").write_text(f"{efficiency:.0%}")
        files = space.files(Stage.EMBED)
        tables = [files.read_table(name) for name in sorted(files.names()) if "part-" in name]
        return np.concatenate([embeddings_of(table) for table in tables if table is not None])

    return embed


def _name(*, exact: bool) -> str:
    return "ours, exact" if exact else "ours"


def ours_exactly(folder: Path, side: int) -> Callable[[], Embeddings]:
    """The same with `exactEmbeddings`: full precision from fully decoded images."""
    return ours(folder, side, exact=True)


PEERS: dict[str, Callable[[Path, int], Callable[[], Embeddings]]] = {
    "lightly embed": lightly_embed,
    "plain loop": plain_loop,
    "ours, exact": ours_exactly,
    "ours": ours,
}


def _config(side: int, *, exact: bool) -> "JobConfig":
    """What an operator would hand to a worker."""
    from curation_api import CurationRun, Datasource
    from curation_api.job_config import DatasourceIdentity, RunIdentity
    from curation_api.translation import job_config

    diversity = {"input": {"type": "EMBEDDINGS"}, "strategy": {"type": "DIVERSITY"}}
    run = CurationRun.model_validate(
        {
            "metadata": {"name": "embed"},
            "spec": {
                "datasourceRef": {"name": "pictures"},
                "workerConfig": {"exactEmbeddings": exact, "checkpoint": ".lightly/weights.ckpt"},
                "lightlyConfig": {"collate": {"inputSize": side}},
                "selectionConfig": {"nSamples": 1, "strategies": [diversity]},
            },
        }
    )
    datasource = Datasource.model_validate(
        {
            "metadata": {"name": "pictures"},
            "spec": {
                "type": "IMAGES",
                "input": {"local": {"claimName": "raw"}},
                "lightly": {"local": {"claimName": "derived"}},
            },
        }
    )
    uid = _name(exact=exact).replace(", ", "-")
    return job_config(
        run.spec,
        run=RunIdentity(name="embed", namespace="default", uid=uid),
        datasource=DatasourceIdentity(name="pictures", uid="pictures"),
        datasource_spec=datasource.spec,
        shards=1,
    )


def _model() -> Any:
    from curation_api.lightly_config import Model

    return Model()


def _write_checkpoint(path: Path, side: int) -> None:
    """A network with weights of chance, and batch statistics of noise: then nothing explodes."""
    import torch

    from curation_job.embedding.networks import untrained

    network = untrained(_model(), seed=1)
    with torch.no_grad():
        for _ in range(3):
            network.backbone(torch.randn(16, 3, side, side))
    state = {f"model.{key}": value for key, value in network.state_dict().items()}
    torch.save({"state_dict": state}, path)


def _cosine(folder: Path, peer: str) -> str:
    """The mean cosine to the embeddings of lightly's command, less the mean of all."""
    their_ND, other_ND = (np.load(folder / f"{who}.npy") for who in ("lightly embed", peer))
    their_ND, other_ND = their_ND - their_ND.mean(axis=0), other_ND - other_ND.mean(axis=0)
    lengths_N = np.linalg.norm(their_ND, axis=1) * np.linalg.norm(other_ND, axis=1)
    return f"{((their_ND * other_ND).sum(axis=1) / lengths_N).mean():.5f}"


if __name__ == "__main__":
    main()
