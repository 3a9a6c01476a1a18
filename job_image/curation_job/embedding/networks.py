"""The networks: the documented self-supervised one, to the letter, and those of torchvision.

Their libraries take seconds to import. They are imported where a network is made: a run that knows
all its embeddings makes none.
"""

from collections import OrderedDict
from typing import Any

import torch
from torch import Tensor, nn

from curation_api import CurationError, ExitCode, Reason
from curation_api.lightly_config import Model

TORCHVISION = "torchvision/"
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

# Where checkpoints of the documented product differ from ours.
_OLDER_PREFIX = "features."
_BACKBONE = "backbone."


class ModelMismatchError(CurationError):
    """Weights that belong to another network than the configured one."""

    reason = Reason.INVALID_CONFIG
    exit_code = ExitCode.INVALID_CONFIG


class SimClr(nn.Module):
    """The network that training sees: a backbone whose output is the embedding, and a head."""

    def __init__(self, model: Model) -> None:
        from lightly.models.modules import SimCLRProjectionHead

        super().__init__()
        self.backbone = _small_image_resnet(model)
        self.projection_head = SimCLRProjectionHead(
            model.num_ftrs, model.num_ftrs, model.out_dim, batch_norm=False
        )

    def forward(self, images: Tensor) -> Tensor:
        """What the loss compares."""
        projected: Tensor = self.projection_head(self.backbone(images).flatten(start_dim=1))
        return projected


def untrained(model: Model, *, seed: int) -> SimClr:
    """A fresh network; the same seed gives the same one."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return SimClr(model)


def _small_image_resnet(model: Model) -> nn.Sequential:
    """A ResNet for small images: its first convolution keeps the size, and nothing is pooled."""
    from lightly.models import ResNetGenerator

    resnet = ResNetGenerator(model.name, model.width)
    *trunk, linear = resnet.children()
    return nn.Sequential(
        nn.BatchNorm2d(3),
        *trunk,
        nn.Conv2d(linear.in_features, model.num_ftrs, kernel_size=1),
        nn.AdaptiveAvgPool2d(1),
    )


def is_torchvision(model: Model) -> bool:
    """Whether the model is one of torchvision's."""
    return model.name.startswith(TORCHVISION)


def torchvision_weights(model: Model) -> Any:
    """The entry of torchvision for it: where its weights are, and how images are prepared."""
    from torchvision import models

    name = model.name.removeprefix(TORCHVISION)
    try:
        return models.get_model_weights(name).DEFAULT
    except ValueError as error:
        known = ", ".join(models.list_models(models))
        raise ModelMismatchError(
            f"lightlyConfig.model.name {model.name!r} is no classification model of torchvision",
            fix=f"Choose one of {known}",
        ) from error


def torchvision_sides(model: Model) -> tuple[int, int]:
    """The side of the square that the model was trained on, and of the image it is cut from."""
    transform = torchvision_weights(model).transforms()
    return transform.crop_size[0], transform.resize_size[0]


def torchvision_backbone(model: Model) -> nn.Module:
    """The model without its last layer: its output is what the classifier would have seen."""
    from torchvision.models import get_model

    network: nn.Module = get_model(model.name.removeprefix(TORCHVISION), weights=None)
    for attribute in ("fc", "classifier", "heads", "head"):
        if hasattr(network, attribute):
            setattr(network, attribute, _without_last_linear(getattr(network, attribute)))
            return network
    raise ModelMismatchError(
        f"{model.name} has no layer that could be left out to get embeddings",
        fix="Choose another model, such as torchvision/resnet50",
    )


def _without_last_linear(head: nn.Module) -> nn.Module:
    if isinstance(head, nn.Linear):
        return nn.Identity()
    layers = OrderedDict(head.named_children())
    layers.popitem()
    return nn.Sequential(layers)


def load_simclr(network: SimClr, checkpoint: Any, *, source: str) -> None:
    """Put the weights of a checkpoint into the network; both documented key prefixes are read."""
    state = checkpoint.get("state_dict", checkpoint) if isinstance(checkpoint, dict) else None
    if not isinstance(state, dict) or not all(isinstance(key, str) for key in state):
        raise ModelMismatchError(
            f"{source} is no checkpoint of a self-supervised network",
            fix="Use a file that a training run wrote (lightly_epoch_X.ckpt)",
        )
    weights = {_renamed(key): value for key, value in state.items()}
    wanted = network.state_dict()
    # The head is only needed to go on training; without it a fresh one does.
    weights = {**{k: v for k, v in wanted.items() if k.startswith("projection_head")}, **weights}
    differing = sorted(
        key
        for key in wanted.keys() | weights.keys()
        if key not in wanted or key not in weights or wanted[key].shape != weights[key].shape
    )
    if differing:
        raise ModelMismatchError(
            f"The weights in {source} belong to another network: {len(differing)} of"
            f" {len(wanted)} parts differ, first {differing[0]!r}",
            fix="Set lightlyConfig.model (name, width, numFtrs, outDim) to what config/config.yaml"
            " of the run that wrote the checkpoint says",
        )
    network.load_state_dict(weights)


def _renamed(key: str) -> str:
    key = key.removeprefix("model.")
    return _BACKBONE + key.removeprefix(_OLDER_PREFIX) if key.startswith(_OLDER_PREFIX) else key
