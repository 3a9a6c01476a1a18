"""The documented network, to the letter: its shape, its checkpoints, its output."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from curation_api import CurationError, ExitCode, LightlyConfig
from curation_api.lightly_config import Model
from curation_job.embedding.embedder import Embedder, EmbedSettings, Precision, best_settings
from curation_job.embedding.networks import load_simclr, torchvision_backbone, untrained
from curation_job.embedding.weights import ModelMissingError, Places, find_model
from tests.support.images import an_image

SMALL = Model(name="resnet-9", num_ftrs=16, width=1)
CPU = torch.device("cpu")


def some_pixels(count: int, side: int, *, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (count, side, side, 3), np.uint8)


def an_embedder(*, side: int = 32, precision: Precision = Precision.FULL) -> Embedder:
    return Embedder(untrained(SMALL, seed=1).backbone, EmbedSettings(side, CPU, precision))


@pytest.mark.parametrize(
    ("name", "channels"), [("resnet-18", 512), ("resnet-34", 512), ("resnet-50", 2048)]
)
def test_the_backbone_is_the_documented_one(name: str, channels: int) -> None:
    backbone = untrained(Model(name=name, num_ftrs=32), seed=1).backbone

    norm, first, last, pool = backbone[0], backbone[1], backbone[7], backbone[8]
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.num_features == 3
    assert isinstance(first, nn.Conv2d)
    assert (first.kernel_size, first.stride) == ((3, 3), (1, 1))
    assert not any(isinstance(part, nn.MaxPool2d) for part in backbone.modules())
    assert isinstance(last, nn.Conv2d)
    assert (last.in_channels, last.out_channels, last.kernel_size) == (channels, 32, (1, 1))
    assert isinstance(pool, nn.AdaptiveAvgPool2d)


def test_the_head_has_two_layers_with_a_relu_between() -> None:
    head = untrained(Model(num_ftrs=32, out_dim=128), seed=1).projection_head

    linear = [part for part in head.modules() if isinstance(part, nn.Linear)]
    assert [(part.in_features, part.out_features) for part in linear] == [(32, 32), (32, 128)]
    assert sum(isinstance(part, nn.ReLU) for part in head.modules()) == 1


def test_the_same_seed_gives_the_same_network() -> None:
    one, same, other = (untrained(SMALL, seed=seed).state_dict() for seed in (1, 1, 2))

    assert all(torch.equal(one[key], same[key]) for key in one)
    assert not all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.covers("R46")
@pytest.mark.parametrize("backbone", ["backbone.", "features."])
def test_a_checkpoint_of_either_key_prefix_is_read(backbone: str) -> None:
    trained = untrained(SMALL, seed=7)
    checkpoint = {
        "state_dict": {
            f"model.{key.replace('backbone.', backbone)}": value
            for key, value in trained.state_dict().items()
        }
    }
    network = untrained(SMALL, seed=1)

    load_simclr(network, checkpoint, source="x.ckpt")

    assert all(torch.equal(network.state_dict()[k], v) for k, v in trained.state_dict().items())


@pytest.mark.covers("R116")
@pytest.mark.parametrize(
    "other", [Model(name="resnet-18", num_ftrs=16), Model(name="resnet-9", num_ftrs=8)]
)
def test_weights_of_another_network_are_refused_with_advice(other: Model) -> None:
    checkpoint = {"state_dict": untrained(other, seed=1).state_dict()}

    with pytest.raises(CurationError) as refusal:
        load_simclr(untrained(SMALL, seed=1), checkpoint, source="other.ckpt")

    assert "other.ckpt" in refusal.value.problem.message
    assert "config/config.yaml" in refusal.value.problem.fix
    assert refusal.value.problem.exit_code == ExitCode.INVALID_CONFIG


@pytest.mark.covers("R110")
def test_an_embedding_has_num_ftrs_numbers() -> None:
    assert an_embedder().embed(some_pixels(5, 32)).shape == (5, 16)


@pytest.mark.covers("R111", "R112")
@pytest.mark.parametrize("precision", list(Precision))
def test_a_row_depends_on_its_own_pixels_and_nothing_else(precision: Precision) -> None:
    embedder = an_embedder(side=16, precision=precision)
    pixels = some_pixels(embedder.settings.batch_size, 16)

    together = embedder.embed(pixels)
    reversed_ = embedder.embed(np.ascontiguousarray(pixels[::-1]))
    alone = np.concatenate([embedder.embed(pixels[row : row + 1]) for row in range(3)])

    assert np.array_equal(together, reversed_[::-1])
    assert np.array_equal(together[:3], alone)


def test_full_precision_is_what_the_network_says_as_it_stands() -> None:
    network = untrained(SMALL, seed=1).backbone.eval()
    pixels = some_pixels(4, 32)
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)

    with torch.no_grad():
        images = torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255
        expected = network((images - mean) / deviation).flatten(1).numpy()

    assert np.allclose(an_embedder().embed(pixels), expected, atol=1e-4)


def test_half_precision_stays_within_the_stated_tolerance() -> None:
    pixels = np.stack([np.asarray(an_image(n, width=16, height=16)) for n in range(64)])
    full = an_embedder(side=16).embed(pixels)
    half = an_embedder(side=16, precision=Precision.HALF).embed(pixels)

    # What two images differ by is what counts, not what all have in common.
    full, half = full - full.mean(0), half - half.mean(0)
    cosine = (full * half).sum(1) / np.linalg.norm(full, axis=1) / np.linalg.norm(half, axis=1)
    assert cosine.min() > 0.999


def test_exact_keeps_to_32_bits() -> None:
    assert best_settings(64, samples=10**6, exact=True).precision == Precision.FULL
    assert not best_settings(64, samples=10**6, exact=True).compile


@pytest.mark.parametrize(
    ("name", "numbers"),
    [("resnet18", 512), ("mobilenet_v3_small", 1024), ("vit_b_16", 768), ("efficientnet_b0", 1280)],
)
def test_a_torchvision_model_gives_what_its_classifier_would_see(name: str, numbers: int) -> None:
    backbone = torchvision_backbone(Model(name=f"torchvision/{name}")).eval()

    with torch.no_grad():
        assert backbone(torch.zeros(1, 3, 224, 224)).shape == (1, numbers)


class Bucket:
    """Files in a dictionary."""

    def __init__(self, **files: bytes) -> None:
        self.files = {key.replace("__", "/"): data for key, data in files.items()}

    def read(self, key: str) -> bytes | None:
        return self.files.get(key)


def places(tmp_path: Path, bucket: Bucket | None = None) -> Places:
    folders = (tmp_path / "image", tmp_path / "volume")
    return Places((bucket or Bucket()).read, tmp_path, folders, may_download=False)


def config(**model: Any) -> LightlyConfig:
    return LightlyConfig.model_validate({"model": model, "preTrained": True})


@pytest.mark.covers("R109")
def test_weights_that_are_nowhere_are_an_error_that_names_the_places_and_the_ways_out(
    tmp_path: Path,
) -> None:
    with pytest.raises(ModelMissingError) as missing:
        find_model(config(name="resnet-18"), "", places(tmp_path))

    problem = missing.value.problem
    assert problem.exit_code == ExitCode.MODEL_MISSING
    assert "whattolabel-resnet18-simclr-d32" in problem.message
    assert f"{tmp_path}/volume" in problem.message
    for way_out in ("workerConfig.checkpoint", "enableTraining", "preTrained: false"):
        assert way_out in problem.fix


def test_a_network_without_published_weights_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match="no published weights for resnet-50"):
        find_model(config(name="resnet-50"), "", places(tmp_path))


def weights_file(seed: int) -> bytes:
    buffer = io.BytesIO()
    torch.save({"state_dict": untrained(SMALL, seed=seed).state_dict()}, buffer)
    return buffer.getvalue()


@pytest.mark.covers("R46", "C31")
@pytest.mark.parametrize("place", ["image", "volume", "bucket", "weights in the bucket"])
def test_a_checkpoint_is_found_wherever_it_may_lie(tmp_path: Path, place: str) -> None:
    bucket = Bucket()
    if place == "bucket":
        bucket.files["mine.ckpt"] = weights_file(7)
    elif place == "weights in the bucket":
        bucket.files[".lightly/weights/mine.ckpt"] = weights_file(7)
    else:
        (tmp_path / place).mkdir()
        (tmp_path / place / "mine.ckpt").write_bytes(weights_file(7))

    found = find_model(config(name="resnet-9", num_ftrs=16), "mine.ckpt", places(tmp_path, bucket))

    loaded = found.load().state_dict()
    expected = untrained(SMALL, seed=7).backbone.state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in expected.items())


def test_a_checkpoint_that_is_nowhere_is_an_error_that_names_the_places(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match=r"'mine.ckpt' is nowhere: looked at .*volume"):
        find_model(config(), "mine.ckpt", places(tmp_path))


def test_a_checkpoint_that_holds_more_than_weights_is_refused(tmp_path: Path) -> None:
    class Surprise:
        def __reduce__(self) -> Any:
            return (print, ("executed",))

    (tmp_path / "image").mkdir()
    torch.save({"state_dict": Surprise()}, tmp_path / "image/evil.ckpt")

    with pytest.raises(ModelMissingError, match="cannot be read as weights"):
        find_model(config(), "evil.ckpt", places(tmp_path)).load()


def test_an_untrained_network_is_said_loudly(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found = find_model(LightlyConfig(pre_trained=False), "", places(tmp_path))

    assert found.is_untrained
    assert "UNTRAINED" in caplog.text


def test_the_digest_tells_weights_apart(tmp_path: Path) -> None:
    one, same, other = (
        find_model(LightlyConfig(pre_trained=False, seed=seed), "", places(tmp_path)).digest
        for seed in (1, 1, 2)
    )

    assert one == same
    assert one != other
