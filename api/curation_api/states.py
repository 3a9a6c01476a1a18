"""Where a run stands: its state for people, its step by the documented names, its stages."""

from enum import StrEnum


class RunState(StrEnum):
    """A run's state in one word."""

    PENDING = "Pending"
    QUEUED = "Queued"
    RUNNING = "Running"
    SUSPENDED = "Suspended"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CRASHED = "Crashed"
    ABORTED = "Aborted"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen unless somebody asks for another attempt."""
        return self in {self.COMPLETED, self.FAILED, self.CRASHED, self.ABORTED}


class Stage(StrEnum):
    """A part of a run that is done by one Job, in this order. ALL is a run in one Job."""

    ALL = "run"
    PREPARE = "prepare"
    TRAIN = "train"
    EMBED = "embed"
    SELECT = "select"


class Step(StrEnum):
    """What a worker is busy with, by the documented names, in the order in which they come."""

    STARTED = "STARTED"
    INITIALIZING = "INITIALIZING"
    LOADING_DATASET = "LOADING_DATASET"
    LOADING_METADATA = "LOADING_METADATA"
    LOADING_PREDICTION = "LOADING_PREDICTION"
    CHECKING_CORRUPTNESS = "CHECKING_CORRUPTNESS"
    INITIALIZING_OBJECT_CROPS = "INITIALIZING_OBJECT_CROPS"
    COMPUTING_METADATA = "COMPUTING_METADATA"
    TRAINING = "TRAINING"
    EMBEDDING = "EMBEDDING"
    EMBEDDING_OBJECT_CROPS = "EMBEDDING_OBJECT_CROPS"
    PRETAGGING = "PRETAGGING"
    COMPUTING_ACTIVE_LEARNING_SCORES = "COMPUTING_ACTIVE_LEARNING_SCORES"
    SAMPLING = "SAMPLING"
    EMBEDDING_FULL_IMAGES = "EMBEDDING_FULL_IMAGES"
    SAVING_RESULTS = "SAVING_RESULTS"
    UPLOADING_DATASET = "UPLOADING_DATASET"
    GENERATING_REPORT = "GENERATING_REPORT"
    UPLOADING_REPORT = "UPLOADING_REPORT"
    UPLOADED_REPORT = "UPLOADED_REPORT"
    UPLOADING_ARTIFACTS = "UPLOADING_ARTIFACTS"
    UPLOADED_ARTIFACTS = "UPLOADED_ARTIFACTS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CRASHED = "CRASHED"
    ABORTED = "ABORTED"


class Priority(StrEnum):
    """Which of several waiting runs comes first."""

    LOW = "LOW"
    MID = "MID"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


class ArtifactType(StrEnum):
    """What a file that a run leaves is."""

    REPORT_PDF = "REPORT_PDF"
    REPORT_JSON = "REPORT_JSON"
    REPORT_V2_JSON = "REPORT_V2_JSON"
    LOG = "LOG"
    MEMLOG = "MEMLOG"
    CHECKPOINT = "CHECKPOINT"
    CORRUPTNESS_CHECK_INFORMATION = "CORRUPTNESS_CHECK_INFORMATION"
    SEQUENCE_INFORMATION = "SEQUENCE_INFORMATION"
    RELEVANT_FILENAMES = "RELEVANT_FILENAMES"
    MANIFEST = "MANIFEST"
