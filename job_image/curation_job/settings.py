"""What a worker is told by its surroundings: paths, and the port it answers on."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from curation_api.names import SHARD_VARIABLE, WORKER_PORT


class WorkerSettings(BaseSettings):
    """Read once, from the environment of the Pod; command line options go before it."""

    model_config = SettingsConfigDict(
        env_prefix="CURATION_", frozen=True, use_attribute_docstrings=True, populate_by_name=True
    )

    input_secrets: Path = Path("/var/run/secrets/curation.dev/input")
    """A file for each key to the raw files."""

    lightly_secrets: Path = Path("/var/run/secrets/curation.dev/lightly")
    """A file for each key to the place for results."""

    volumes: Path = Path("/volumes")
    """The folder NAME of it is the volume of the claim NAME."""

    termination_log: Path = Path("/dev/termination-log")
    """Where the worker leaves its last words."""

    scratch: Path | None = None
    """A folder for temporary files; left out, the system chooses one."""

    pod_ip: str = ""
    """The address at which the port is; left out, all of this machine."""

    port: int = WORKER_PORT
    """Where `/progress` and `/metrics` are answered; 0 chooses a free port."""

    shard: int | None = Field(default=None, validation_alias=SHARD_VARIABLE)
    """Which part of a run that is split up this worker does."""
