"""What this version cannot do yet is refused before any work, never ignored."""

from collections.abc import Iterator

from curation_api import JobConfig
from curation_api.names import WORKER_METADATA_PREFIX
from curation_api.problems import InvalidConfigurationError
from curation_api.selection_config import InputType

_FIX = "Leave it out, or wait for the version that brings it"


def refuse_what_is_not_there_yet(config: JobConfig) -> None:
    """Raise with every key that asks for something this worker does not do."""
    keys = list(_unsupported(config))
    if keys:
        raise InvalidConfigurationError(
            "This version cannot do what the run asks for with " + ", ".join(keys), fix=_FIX
        )


def _unsupported(config: JobConfig) -> Iterator[str]:
    worker = config.worker_config
    asked = {
        "workerConfig.pretagging": worker.pretagging,
        "workerConfig.pretaggingConfig": config.pretagging_minima_file is not None,
        "workerConfig.selectedSequenceLength": worker.selected_sequence_length > 1,
        "workerConfig.useDatapool": worker.use_datapool,
        "workerConfig.training.taskName": worker.training.task_name != "",
    }
    yield from (key for key, is_asked in asked.items() if is_asked)
    if worker.datasource.input_expiration is not None and not _says_when_files_expire(config):
        yield "workerConfig.datasource.inputExpiration (the input is neither on S3 nor a volume)"
    selection = config.selection_config
    if selection.auto_tasks:
        yield "selectionConfig.autoTasks"
    if selection.lightly_path_regex:
        yield "selectionConfig.lightlyPathRegex"
    for number, entry in enumerate(selection.strategies):
        here = f"selectionConfig.strategies[{number}].input"
        if entry.input.task is not None:
            yield f"{here}.task"
        if entry.input.dataset_id is not None:
            yield f"{here}.datasetId"
        is_own = entry.input.type is InputType.METADATA and not str(entry.input.key).startswith(
            WORKER_METADATA_PREFIX
        )
        if is_own:
            yield f"{here}.key"


def _says_when_files_expire(config: JobConfig) -> bool:
    place = config.datasource_spec.input_location
    return bool(place.s3 or place.s3_delegated_access or place.local)
