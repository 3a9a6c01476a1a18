"""The names of what we create. The same run and stage always give the same name."""

from curation_api.states import Stage
from curation_operator.planning.keys import DatasourceKey, RunKey

# Enough of a UID that a run deleted and made again under its old name gets other Jobs.
UID_LETTERS = 8


def job_name(run: RunKey, uid: str, stage: Stage, attempt: int, *, is_repeat: bool = False) -> str:
    """The Job of a stage. A repeat runs beside a finished Job whose last words were lost."""
    return f"{run.name}-{uid[:UID_LETTERS]}-{stage}-a{attempt}{'r' if is_repeat else ''}"


def is_repeat_of_another(name: str) -> bool:
    """Whether a Job of this name is a repeat."""
    return name.endswith("r") and name[:-1].rpartition("-a")[2].isdigit()


def plan_name(run: RunKey, uid: str, attempt: int) -> str:
    """The ConfigMap with what an attempt was started with."""
    return f"{run.name}-{uid[:UID_LETTERS]}-a{attempt}"


def probe_name(datasource: DatasourceKey, uid: str, digest: str) -> str:
    """The Job, and the ConfigMap, of a look at a Datasource's rights."""
    return f"{datasource.name}-{uid[:UID_LETTERS]}-probe-{digest[:UID_LETTERS]}"
