"""The parts of a run, in their order."""

from curation_api import CurationRunSpec
from curation_api.states import Stage


def stages_of(spec: CurationRunSpec, *, is_split_up: bool) -> tuple[Stage, ...]:
    """One Job for a run on one worker; otherwise a Job for each part, of which one is split up."""
    if not is_split_up:
        return (Stage.ALL,)
    train = (Stage.TRAIN,) if spec.worker_config.enable_training else ()
    return (Stage.PREPARE, *train, Stage.EMBED, Stage.SELECT)


def has_shards(stage: Stage) -> bool:
    """Whether many workers do this part side by side."""
    return stage is Stage.EMBED


def leaves_the_result(stage: Stage) -> bool:
    """Whether this part ends with what came of the run."""
    return stage in {Stage.ALL, Stage.SELECT}
