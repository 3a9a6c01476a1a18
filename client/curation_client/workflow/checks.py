"""Files that a run will need: better known when it is asked for than when it has started."""

import json
import re
from collections.abc import Iterator
from typing import Any

from curation_api import CurationRunSpec
from curation_api.names import METADATA, PREDICTIONS, PRETAGGING_TASK, WORKER_METADATA_PREFIX
from curation_api.problems import CurationError, InvalidConfigurationError
from curation_api.translation import translate
from curation_client.cluster.objects import StoredDatasource
from curation_client.cluster.places import Places
from curation_storage import NotFoundError, Writable


def check_files(spec: CurationRunSpec, datasource: StoredDatasource, places: Places) -> None:
    """`InvalidConfigurationError` (422) for each file that is missing or not what it should be.

    Where the bucket cannot be opened from here, the worker is left to find out.
    """
    worker = spec.worker_config
    if worker.datasource is not None and worker.datasource.bypass_verify:
        return
    needed = [*_needed(spec, datasource)]
    if not needed and not worker.relevant_filenames_file:
        return
    try:
        bucket = places.open_lightly(datasource)
        problems = [*_problems(bucket, worker.relevant_filenames_file, needed)]
    except InvalidConfigurationError:
        raise
    except CurationError:
        return
    if problems:
        raise InvalidConfigurationError(
            "\n".join(problems), fix=f"Write what is missing to {bucket.location}"
        )


def _needed(spec: CurationRunSpec, datasource: StoredDatasource) -> Iterator[str]:
    """The files that describe the predictions and the metadata that the selection uses."""
    today = translate(spec)
    selection = today.selection
    inputs = [strategy.input for strategy in selection.strategies]
    own = {PRETAGGING_TASK, *(task.name for task in selection.auto_tasks or [])}
    tasks = {one.task for one in inputs if one.task} - own
    if tasks:
        yield f"{PREDICTIONS}/tasks.json"
        yield from (f"{PREDICTIONS}/{task}/schema.json" for task in sorted(tasks))
    known = {field.path for field in datasource.spec.metadata_fields or []}
    if selection.lightly_path_regex:
        known |= set(re.compile(selection.lightly_path_regex).groupindex)
    keys = {one.key for one in inputs if one.key} - known
    if any(not key.startswith(WORKER_METADATA_PREFIX) for key in keys):
        yield f"{METADATA}/schema.json"


def _problems(bucket: Writable, relevant: str | None, needed: list[str]) -> Iterator[str]:
    if relevant and not bucket.exists(relevant):
        yield f"workerConfig.relevantFilenamesFile: there is no {relevant} in {bucket.location}"
    for name in needed:
        try:
            content: Any = json.loads(bucket.read(name))
        except NotFoundError:
            yield f"There is no {name} in {bucket.location}, and the selection needs it"
        except ValueError as error:
            yield f"{bucket.location}{name} is no valid JSON: {error}"
        else:
            if not isinstance(content, list | dict):
                yield f"{bucket.location}{name} must be a list or an object"
