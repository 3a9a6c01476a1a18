"""How the model is trained and applied: the documented `lightly_config`, every key of it."""

from enum import IntEnum, StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field

from curation_api.fields import Count, NotNegative, Positive, Share, ShortText
from curation_api.model import ApiModel, NoEffect, Rule, matching
from curation_api.worker_config import NO_TOKEN, as_list

_MODELS = "resnet-9, resnet-18, resnet-34, resnet-50, resnet-101, resnet-152"
_CLI = "A run takes its input and output from the Datasource."
_NO_UPLOAD = "Results lie in the LIGHTLY bucket; nothing is uploaded elsewhere."


class Precision(IntEnum):
    """Bits of a number during training."""

    HALF = 16
    FULL = 32


class Upload(StrEnum):
    """What an upload once sent."""

    FULL = "full"
    THUMBNAILS = "thumbnails"
    METADATA = "metadata"
    META = "meta"
    NONE = "none"


class Loader(ApiModel):
    """How samples are loaded."""

    batch_size: Annotated[int, Field(ge=1)] = 16
    """Samples a GPU works on at once."""

    shuffle: bool = True
    """Mix the samples before each training epoch. Embedding never does."""

    num_workers: Annotated[int, Field(ge=-1)] = -1
    """Processes that load samples; -1 means as many as there are processors."""

    drop_last: bool = True
    """Leave out a last training batch that is not full. Embedding never does."""


class Model(ApiModel):
    """The network."""

    name: Annotated[
        str,
        Field(max_length=128),
        matching(
            r"^(resnet-(9|18|34|50|101|152)|torchvision/[a-z0-9_]+)$",
            f"must be one of {_MODELS}, or torchvision/ and a model of it,"
            " such as torchvision/resnet50",
        ),
    ] = "resnet-18"
    """resnet-9, -18, -34, -50, -101, -152, or `torchvision/NAME` for a pretrained network."""

    out_dim: Annotated[int, Field(ge=1)] = 128
    """Numbers per sample that the training loss compares."""

    num_ftrs: Annotated[int, Field(ge=1)] = 32
    """Numbers per sample of the embedding."""

    width: Annotated[int, Field(ge=1)] = 1
    """How many times wider than usual each layer is."""


class Trainer(ApiModel):
    """How training proceeds."""

    gpus: Count = 1
    """GPUs to train on; without a GPU the processor is used."""

    max_epochs: Count = 100
    """How many times training sees every sample."""

    precision: Annotated[Precision, Field(strict=False)] = Precision.FULL
    """32, or 16 for mixed precision."""

    enable_model_summary: Annotated[bool | None, NoEffect("The log names the model.")] = None
    """Whether to print a summary of the model."""

    weights_summary: Annotated[ShortText | None, NoEffect("The log names the model.")] = None
    """Which summary of the model to print."""


class Criterion(ApiModel):
    """The training loss, NT-Xent."""

    temperature: Positive = 0.5
    """How sharply the loss tells samples apart; smaller is sharper."""

    memory_bank_size: Count = 0
    """Earlier samples to compare with beside those of the batch."""


class Optimizer(ApiModel):
    """Stochastic gradient descent."""

    lr: NotNegative = 1.0
    """Learning rate."""

    weight_decay: Share = 0.00001
    """How strongly weights are pulled towards zero."""


class Collate(ApiModel):
    """How an image becomes input of the network: its size, and how training varies it."""

    RULES = (
        Rule(
            cel="!has(self.rrDegrees) || size(self.rrDegrees) == 1"
            " || self.rrDegrees[0] <= self.rrDegrees[1]",
            holds=lambda collate: (
                collate.rr_degrees is None or collate.rr_degrees[0] <= collate.rr_degrees[-1]
            ),
            message="rrDegrees must be [degrees] or [least, most]",
        ),
        Rule(
            cel="self.sigmas[0] <= self.sigmas[1]",
            holds=lambda collate: collate.sigmas[0] <= collate.sigmas[1],
            message="sigmas must be [least, most]",
        ),
    )

    input_size: Annotated[int, Field(ge=1)] = 64
    """Side of the square that every image is scaled to, for training and for embedding."""

    cj_prob: Share = 0.8
    """How often colours are varied. Lower it when colour tells your classes apart."""

    cj_bright: Share = 0.7
    """How much brightness is varied."""

    cj_contrast: Share = 0.7
    """How much contrast is varied."""

    cj_sat: Share = 0.7
    """How much saturation is varied."""

    cj_hue: Share = 0.2
    """How much hue is varied."""

    min_scale: Share = 0.15
    """Smallest part of the image that a random crop keeps."""

    random_gray_scale: Share = 0.2
    """How often an image loses its colours."""

    gaussian_blur: Share = 0.5
    """How often an image is blurred."""

    kernel_size: Annotated[NotNegative | None, NoEffect("Use sigmas.")] = None
    """Size of the blur, when it was given by its kernel."""

    sigmas: Annotated[list[Positive], Field(min_length=2, max_length=2)] = [0.2, 2.0]  # noqa: RUF012
    """Least and most width of the blur, in pixels."""

    vf_prob: Share = 0.0
    """How often an image is flipped top to bottom."""

    hf_prob: Share = 0.5
    """How often an image is flipped left to right."""

    rr_prob: Share = 0.0
    """How often an image is rotated."""

    rr_degrees: (
        Annotated[list[float], BeforeValidator(as_list), Field(min_length=1, max_length=2)] | None
    ) = None
    """How far, counter-clockwise: [least, most], or [d] for -d to d. Left out: by 90 degrees."""


class CheckpointCallback(ApiModel):
    """Which weights training keeps."""

    save_last: bool = True
    """Keep the weights of the last epoch."""

    save_top_k: Annotated[int, Field(ge=-1)] = 1
    """Keep the weights of so many best epochs; -1 keeps all."""

    dirpath: Annotated[ShortText | None, NoEffect("Checkpoints lie in the run directory.")] = None
    """Where checkpoints lie."""


class SummaryCallback(ApiModel):
    """How the model was summarised."""

    max_depth: Annotated[int | None, NoEffect("The log names the model.")] = None
    """How deep the summary goes."""


class EnvironmentVariableNames(ApiModel):
    """How commands told each other what they made."""

    lightly_last_checkpoint_path: Annotated[ShortText | None, NoEffect(_CLI)] = None
    """Variable that named the last checkpoint."""

    lightly_last_embedding_path: Annotated[ShortText | None, NoEffect(_CLI)] = None
    """Variable that named the last embeddings."""

    lightly_last_dataset_id: Annotated[ShortText | None, NoEffect(_CLI)] = None
    """Variable that named the last dataset."""


class LightlyConfig(ApiModel):
    """How the self-supervised model is built, trained and applied."""

    loader: Loader = Loader()
    """How samples are loaded."""

    model: Model = Model()
    """The network."""

    trainer: Trainer = Trainer()
    """How training proceeds."""

    criterion: Criterion = Criterion()
    """The training loss."""

    optimizer: Optimizer = Optimizer()
    """The optimiser."""

    collate: Collate = Collate()
    """How an image becomes input of the network."""

    checkpoint_callback: CheckpointCallback = CheckpointCallback()
    """Which weights training keeps."""

    seed: int = 1
    """Where random numbers start; the same seed gives the same result."""

    pre_trained: bool = True
    """Start from published weights when no checkpoint is given; False is a seeded fresh network."""

    summary_callback: SummaryCallback | None = None
    """How the model was summarised."""

    environment_variable_names: EnvironmentVariableNames | None = None
    """How commands told each other what they made."""

    # Keys of the command line, from the time when results were uploaded.
    resize: Annotated[
        Annotated[list[int], BeforeValidator(as_list), Field(min_length=1, max_length=2)] | None,
        NoEffect("Use workerConfig.outputImageSize."),
    ] = None
    """Size of uploaded images."""

    upload: Annotated[Upload | None, Field(strict=False), NoEffect(_NO_UPLOAD)] = None
    """What was uploaded."""

    append: Annotated[bool | None, NoEffect("Use workerConfig.useDatapool.")] = None
    """Whether to add to an existing dataset."""

    embedding_name: Annotated[ShortText | None, NoEffect(_NO_UPLOAD)] = None
    """Name of the uploaded embedding."""

    emb_upload_bsz: Annotated[int | None, NoEffect(_NO_UPLOAD)] = None
    """Rows sent at once."""

    tag_name: Annotated[ShortText | None, NoEffect("Each run publishes a tag of its own.")] = None
    """Tag to download."""

    exclude_parent_tag: Annotated[bool | None, NoEffect("Each run publishes a tag of its own.")] = (
        None
    )
    """Whether to leave out the samples of the parent tag."""

    crop_padding: Annotated[
        NotNegative | None, NoEffect("Use workerConfig.objectLevel.padding.")
    ] = None
    """How much larger than their boxes crops were."""

    input_dir: Annotated[ShortText | None, NoEffect(_CLI)] = None
    """Folder of the input."""

    output_dir: Annotated[ShortText | None, NoEffect(_CLI)] = None
    """Folder of the output."""

    embeddings: Annotated[ShortText | None, NoEffect("Use workerConfig.embeddings.")] = None
    """File of embeddings."""

    checkpoint: Annotated[ShortText | None, NoEffect("Use workerConfig.checkpoint.")] = None
    """File of weights."""

    label_dir: Annotated[ShortText | None, NoEffect(_CLI)] = None
    """Folder of labels."""

    label_names_file: Annotated[ShortText | None, NoEffect(_CLI)] = None
    """File with the names of labels."""

    custom_metadata: Annotated[ShortText | None, NoEffect("Put it into .lightly/metadata/.")] = None
    """File of metadata."""

    token: Annotated[str, NO_TOKEN] | None = None
    """Not used, and refused unless empty: a run is readable by many, a token by nobody."""

    dataset_id: Annotated[ShortText | None, NoEffect("Use datasourceRef.")] = None
    """Dataset to work on."""

    new_dataset_name: Annotated[ShortText | None, NoEffect("Create a Datasource.")] = None
    """Dataset to create."""
