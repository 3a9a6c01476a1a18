"""What a worker does with the samples: the documented `worker_config`, of every generation."""

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field

from curation_api.fields import (
    LONGEST_PATH,
    NO_DOT_PARTS,
    LongText,
    NotNegative,
    Positive,
    RelativePath,
    Share,
    ShortText,
    TaskName,
    below,
    has_dot_parts,
)
from curation_api.model import ApiModel, NoEffect, Rule, matching
from curation_api.names import DERIVED, RUNS

NO_TOKEN = Rule(
    cel="self == ''",
    holds=lambda token: token == "",
    message="must stay empty: a token is a secret and does not belong into a run;"
    " access is given by the kubeconfig and by the Secret of the Datasource",
)


def as_list(value: object) -> object:
    """A single number where the documentation also allows a list."""
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else value


class Method(StrEnum):
    """The older way to choose a strategy."""

    CORESET = "coreset"
    RANDOM = "random"
    CORAL = "coral"
    ACTIVE_LEARNING = "active_learning"


class ScoreName(StrEnum):
    """The scores that the older style can use."""

    UNCERTAINTY_LEAST_CONFIDENCE = "uncertainty_least_confidence"
    UNCERTAINTY_MARGIN = "uncertainty_margin"
    UNCERTAINTY_ENTROPY = "uncertainty_entropy"


class ExpirationStrategy(StrEnum):
    """What to do about objects that the bucket will delete soon."""

    SKIP = "SKIP"
    ABORT = "ABORT"


class WorkerIdentity(ApiModel):
    """Who the worker was, when workers were registered one by one."""

    worker_id: Annotated[
        ShortText | None,
        NoEffect("The operator starts a worker for each run; use runsOn to choose nodes."),
    ] = None
    """The id of a registered worker."""

    force_start: Annotated[bool | None, NoEffect("A worker lives for one run.")] = None
    """Whether to start even if a worker of the same id is online."""


class CorruptnessCheck(ApiModel):
    """How strict the check of video frames is."""

    corruption_threshold: Share = 0.1
    """Frames of a video with a higher corruption score are left out, 0 to 1."""


class Training(ApiModel):
    """What to train on."""

    task_name: TaskName = ""
    """Train on the crops of this prediction task instead of whole images."""


class StoppingCondition(ApiModel):
    """Older style: when to stop selecting. The first condition that is met ends the selection."""

    RULES = (
        Rule(
            cel="(has(self.nSamples) && self.nSamples != -1.0)"
            " || (has(self.minDistance) && self.minDistance != -1.0)",
            holds=lambda stop: (
                stop.n_samples not in {None, -1} or stop.min_distance not in {None, -1}
            ),
            message="stoppingCondition needs nSamples or minDistance; -1 switches one off",
        ),
    )

    n_samples: Annotated[
        float | None,
        Rule(
            cel="self == -1.0 || (self > 0.0 && self < 1.0)"
            " || (self >= 2.0 && self == double(int(self)))",
            holds=lambda n: n == -1 or 0 < n < 1 or (n >= 2 and n == int(n)),
            message="must be a share between 0 and 1, a whole number from 2 on, or -1 for off;"
            " 1 could mean one sample or all of them: write selectionConfig.nSamples: 1"
            " or selectionConfig.proportionSamples: 1 instead",
        ),
    ] = None
    """How many samples to keep: a whole number, or a share between 0 and 1; -1 is off."""

    min_distance: Annotated[
        float | None,
        Rule(
            cel="self == -1.0 || self >= 0.0",
            holds=lambda distance: distance == -1 or distance >= 0,
            message="must be 0 or more, or -1 for off",
        ),
    ] = None
    """Keep no two samples closer than this, 0 to 2 for normalised embeddings; -1 is off."""


class ScorerConfig(ApiModel):
    """How `object_frequency` is computed."""

    frequency_penalty: Share = 0.25
    """How much a further object of a class already seen in the image counts, 0 to 1."""

    min_score: Share = 0.9
    """The score of the least interesting image; the most interesting one has 1."""


class ActiveLearning(ApiModel):
    """Older style: which predictions to score."""

    task_name: TaskName = ""
    """The prediction task to score."""

    score_name: Annotated[ScoreName, Field(strict=False)] = ScoreName.UNCERTAINTY_MARGIN
    """The score to use."""


class ObjectLevel(ApiModel):
    """How objects are cut out of images. In the older style it also switches to object level."""

    task_name: TaskName = ""
    """Older style: select among the objects of this task. Today: EMBEDDINGS with task."""

    crop_dataset_name: Annotated[
        str,
        Field(max_length=256),
        matching(r"^[a-zA-Z0-9 _-]*$", "may hold letters, digits, spaces, '_' and '-' only"),
    ] = ""
    """Where the crops are recorded; empty means the name of the Datasource with `-crops`."""

    padding: NotNegative = 0.0
    """How much wider and higher than its box a crop is: 0.1 is ten per cent."""


class Crops(ApiModel):
    """Whether crops of objects are kept."""

    enable_upload: bool = True
    """Write the crops of selected objects and record them. False keeps only the predictions."""

    enable_upload_for_tasks: Annotated[list[TaskName], Field(max_length=100)] | None = None
    """Only for these tasks; leave it out for all."""


class Datapool(ApiModel):
    """The older way to add to what is already selected."""

    name: Annotated[ShortText | None, NoEffect("Use useDatapool: true.")] = None
    """The name of the pool. A name switches `useDatapool` on."""

    keep_history: Annotated[bool | None, NoEffect("Every state of a Datasource is a tag.")] = None
    """Whether to keep earlier states."""

    dataset_id: Annotated[ShortText | None, NoEffect("Use datasourceRef.")] = None
    """The dataset that holds the pool."""


class InputExpiration(ApiModel):
    """What to do about objects that the bucket's own rules will delete soon."""

    min_days_to_expiration: NotNegative
    """Objects with fewer days left than this are special. It costs a request for each file."""

    handling_strategy: Annotated[ExpirationStrategy, Field(strict=False)]
    """SKIP leaves such objects out, ABORT ends the run."""


class DatasourceOptions(ApiModel):
    """How the input is read."""

    dataset_id: Annotated[ShortText | None, NoEffect("Use datasourceRef.")] = None
    """The dataset whose files are used."""

    process_all: bool = False
    """Look at the whole bucket again instead of only at what came since the last run."""

    enable_datapool_update: bool = True
    """False selects without adding to what is already selected."""

    use_frame_count_metadata: bool = False
    """Trust the number of frames a video claims to have: faster, but wrong for damaged videos."""

    use_redirected_read_url: Annotated[
        bool | None, NoEffect("Workers read with their own credentials, renewed as needed.")
    ] = None
    """Whether to read through redirected addresses."""

    bypass_verify: bool = False
    """Start without checking the rights on the buckets first."""

    input_expiration: InputExpiration | None = None
    """What to do about objects that will be deleted soon."""


class WorkerConfig(ApiModel):
    """What happens with the samples before and after the selection."""

    RULES = (
        Rule(
            cel="!self.enableTraining || self.embeddings == ''",
            holds=lambda worker: not (worker.enable_training and worker.embeddings),
            message="enableTraining and embeddings exclude each other: given ones need no model",
        ),
        Rule(
            cel="!self.enableTraining || !self.useDatapool",
            holds=lambda worker: not (worker.enable_training and worker.use_datapool),
            message="enableTraining and useDatapool exclude each other:"
            " a newly trained model gives embeddings that do not compare with those of the pool",
        ),
        Rule(
            cel="self.checkpoint == '' || !has(self.checkpointRunId)",
            holds=lambda worker: not (worker.checkpoint and worker.checkpoint_run_id),
            message="give either checkpoint or checkpointRunId, not both",
        ),
        Rule(
            cel="!has(self.objectLevel) || self.objectLevel.taskName != 'lightly_pretagging'"
            " || self.pretagging",
            holds=lambda worker: (
                worker.object_level is None
                or worker.object_level.task_name != "lightly_pretagging"
                or worker.pretagging
            ),
            message="objectLevel.taskName lightly_pretagging needs pretagging: true",
        ),
    )

    # Checks and clean-up.
    enable_corruptness_check: bool = True
    """Look for samples that are missing, unreadable, mislabelled or damaged, and leave them out."""

    corruptness_check: CorruptnessCheck = CorruptnessCheck()
    """How strict the check of video frames is."""

    remove_exact_duplicates: bool = True
    """Keep one of several identical samples: the first by name."""

    relevant_filenames_file: Annotated[
        str, Field(max_length=LONGEST_PATH), below(DERIVED, or_empty=True)
    ] = ""
    """A list of the files to use, below `.lightly/` of the LIGHTLY bucket; empty: all files."""

    # The model.
    enable_training: bool = False
    """Train a self-supervised model on the samples before embedding them."""

    training: Training = Training()
    """What to train on."""

    checkpoint: Annotated[
        str,
        Field(max_length=LONGEST_PATH),
        Rule(
            cel=f"!self.contains('://') && {NO_DOT_PARTS}",
            holds=lambda path: "://" not in path and not has_dot_parts(path),
            message="must be a path without '://', '.' or '..' parts: a file in the image,"
            " on a mounted volume, or below .lightly/ of the LIGHTLY bucket",
        ),
    ] = ""
    """Weights to start from: a file in the image, on a mounted volume or in the LIGHTLY bucket."""

    checkpoint_run_id: Annotated[str, Field(min_length=1, max_length=63)] | None = None
    """Start from the weights that this run (its uid or its run directory) trained."""

    embeddings: RelativePath = ""
    """A CSV file below `.lightly/embeddings/` to use instead of computing embeddings."""

    normalize_embeddings: bool = True
    """Scale embeddings to length 1 before selecting, so that distances lie between 0 and 2."""

    exact_embeddings: bool = False
    """Embed in full precision from fully decoded images: slower, and the same to the last digit."""

    append_weak_labels: Annotated[
        bool | None, NoEffect("Weak labels are a column of embeddings.csv and colour the plots.")
    ] = None
    """Whether to append weak labels to the embeddings."""

    # Built-in predictions.
    pretagging: bool = False
    """Run the built-in detector; its predictions are the task `lightly_pretagging`."""

    pretagging_debug: bool = False
    """Show some images with their boxes in the report."""

    pretagging_upload: bool = False
    """Write the predictions of the built-in detector to the LIGHTLY bucket."""

    # Sequences, crops, and what is already selected.
    selected_sequence_length: Annotated[int, Field(ge=1)] = 1
    """Select sequences of this many consecutive frames instead of single frames."""

    crops: Crops = Crops()
    """Whether crops of objects are kept."""

    use_datapool: bool = False
    """Add to what earlier runs selected from this Datasource instead of starting from nothing."""

    datasource: DatasourceOptions = DatasourceOptions()
    """How the input is read."""

    datapool: Datapool | None = None
    """The older way to add to what is already selected; see `useDatapool`."""

    # Outputs.
    dump_dataset: bool = False
    """Copy the selected images, or extract the selected frames, into the run directory."""

    dump_sampled_embeddings: bool = True
    """Write the embeddings of the selected samples."""

    output_image_size: Annotated[
        list[int],
        BeforeValidator(as_list),
        Field(min_length=1, max_length=2),
        Rule(
            cel="self == [-1] || self.all(side, side >= 1)",
            holds=lambda size: size == [-1] or all(side >= 1 for side in size),
            message="must be [-1] to keep the size, [x] for the shorter side, or [height, width]",
        ),
    ] = [-1]  # noqa: RUF012  the model is frozen
    """Size of dumped images: [x] for the shorter side, [height, width], or [-1] to keep it."""

    output_image_format: Annotated[
        str,
        Field(max_length=8),
        matching(r"^[a-z0-9]+$", "must be the ending of an image file, such as png or jpg"),
    ] = "png"
    """Format of dumped and extracted frames; jpg is smaller, png is exact."""

    upload_dataset: Annotated[
        bool | None, NoEffect("Selected samples are published as a tag in every run.")
    ] = None
    """Whether to publish the selected samples."""

    upload_report: bool = True
    """Put the report into the LIGHTLY bucket."""

    n_example_images: Annotated[
        int,
        Field(ge=0, le=1000),
        Rule(
            cel="self % 2 == 0",
            holds=lambda count: count % 2 == 0,
            message="must be an even number: the images are shown in pairs",
        ),
    ] = 6
    """How many example images (kept and removed, in pairs) the report shows."""

    memory_requirement_in_GB: Annotated[Positive, Field(alias="memoryRequirementInGB")] = 2.0
    """Most memory for the distances in the report's statistics; above it they use a sample."""

    show_video_sampling_timeline: bool = True
    """Show for each video when its frames were selected; best switched off above 20 videos."""

    run_directory: Annotated[RelativePath | None, Field(min_length=1)] = None
    """A fixed name for the run's directory instead of its uid."""

    # Resources of the worker process.
    num_processes: Annotated[int, Field(ge=-1)] = -1
    """Most processes that decode images; -1 means as many as there are processors."""

    num_threads: Annotated[int, Field(ge=-1)] = -1
    """Most threads that compute; -1 means as many as there are processors."""

    cache_size: Annotated[int, Field(ge=-1)] = -1
    """Bytes of local disk for cached files; 0 or less switches the cache off."""

    sanity_check: bool = False
    """Only print the version and end."""

    shutdown_when_job_finished: Annotated[bool | None, NoEffect("A worker lives for one run.")] = (
        None
    )
    """Whether the worker ends after one job."""

    token: Annotated[str, NO_TOKEN] | None = None
    """Not used, and refused unless empty: a run is readable by many, a token by nobody."""

    worker: Annotated[WorkerIdentity | None, NoEffect("The operator starts workers.")] = None
    """Which registered worker to be."""

    # Older style. Translated to selectionConfig, and refused together with it.
    method: Annotated[Method, Field(strict=False)] | None = None
    """Older style: coreset, random, coral or active_learning. Today: selectionConfig.strategies."""

    stopping_condition: StoppingCondition | None = None
    """Older style: how many samples. Today: selectionConfig.nSamples or proportionSamples."""

    scorer: Annotated[
        str | None,
        Rule(
            cel="self in ['', 'object-frequency', 'object_frequency']",
            holds=lambda scorer: scorer in {"", "object-frequency", "object_frequency"},
            message="must be object-frequency, or empty for none",
        ),
        Field(max_length=64),
    ] = None
    """Older style: score for the built-in predictions. Today: an input of type SCORES."""

    scorer_config: ScorerConfig | None = None
    """How the score `object_frequency` is computed."""

    active_learning: ActiveLearning | None = None
    """Older style: which predictions to score. Today: an input of type SCORES."""

    active_learning_score_column_name: Annotated[
        ShortText | None, NoEffect("Give scores as predictions and use an input of type SCORES.")
    ] = None
    """Older style: the column of the embeddings file that holds scores."""

    object_level: ObjectLevel | None = None
    """How objects are cut out of images."""

    pretagging_config: Annotated[LongText, Field(max_length=LONGEST_PATH)] | None = None
    """Older style: a JSON file with the least number of objects by class, as {"car": 2}."""

    def folder_of(self, uid: str) -> str:
        """Where the run of this uid leaves its files, below the LIGHTLY location."""
        return f"{RUNS}/{self.run_directory or uid}"


def uses_older_style(worker: WorkerConfig) -> bool:
    """Whether the configuration chooses samples in the older way."""
    return (
        any(
            value is not None
            for value in (
                worker.method,
                worker.stopping_condition,
                worker.scorer,
                worker.scorer_config,
                worker.active_learning,
            )
        )
        or bool(worker.pretagging_config)
        or (worker.object_level is not None and worker.object_level.task_name != "")
    )


# The same question for the API server; `self` is the spec of a run.
USES_OLDER_STYLE = (
    "(has(self.workerConfig.method) || has(self.workerConfig.stoppingCondition)"
    " || has(self.workerConfig.scorer) || has(self.workerConfig.scorerConfig)"
    " || has(self.workerConfig.activeLearning)"
    " || (has(self.workerConfig.pretaggingConfig) && self.workerConfig.pretaggingConfig != '')"
    " || (has(self.workerConfig.objectLevel) && self.workerConfig.objectLevel.taskName != ''))"
)
