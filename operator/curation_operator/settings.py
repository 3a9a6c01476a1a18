"""Everything that can be set about the operator, read once from the environment."""

from typing import Annotated, Self

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from curation_api.job_options import JobOptions
from curation_api.states import Priority

# What a worker gets where neither the run nor the settings say anything.
BUILT_IN_JOB_OPTIONS = JobOptions(
    gpus=1,
    parallelism=1,
    cpu=4,
    memory="16Gi",
    retries=3,
    max_disruptions=20,
    max_failed_shards_percent=0,
    start_deadline_seconds=1800,
    ttl_seconds_after_finished=86_400,
)

Seconds = Annotated[float, Field(gt=0)]


class OperatorSettings(BaseSettings):
    """Each is an environment variable: CURATION_ and the name in capitals, lists as JSON."""

    model_config = SettingsConfigDict(
        env_prefix="CURATION_", frozen=True, use_attribute_docstrings=True
    )

    namespaces: tuple[str, ...] = ()
    """The namespaces to serve, as a JSON list; empty serves the whole cluster."""

    operator_namespace: str = "curation-system"
    """Where the operator itself runs."""

    operator_name: str = "curation-operator"
    """What this replica is called in events and in the Lease; the name of its Pod."""

    version: str = "0.1.0"
    """The version of the operator, as Jobs and status name it."""

    worker_image: str = "curation-job:0.1.0"
    """The image of workers and probes."""

    custom_images_allowed: bool = False
    """Whether a run may name another worker image in `job.image`."""

    job: JobOptions = JobOptions()
    """Defaults for `job` of every run, as a JSON object; a run's own fields win."""

    gpu_resource: str = "nvidia.com/gpu"
    """What the cluster calls a GPU."""

    priority_classes: dict[Priority, str] = {}
    """The PriorityClass of the Pods for each priority of a run, as a JSON object."""

    kueue: bool = False
    """Whether Kueue is installed: its Workloads are read to say why a run waits."""

    probe_queue_name: str | None = None
    """The LocalQueue for probes, where Kueue holds every Job that names none."""

    probe_cpu: str = "100m"
    """Processors of a probe."""

    probe_memory: str = "512Mi"
    """Memory of a probe."""

    probe_deadline_seconds: Annotated[int, Field(ge=1)] = 120
    """How long a probe may take."""

    probe_interval_seconds: Seconds = 6 * 3600
    """How often rights that were fine are looked at again."""

    probes_in_flight: Annotated[int, Field(ge=1)] = 20
    """How many probes may run at the same time."""

    workers: Annotated[int, Field(ge=1)] = 8
    """How many objects are looked at at the same time."""

    resync_seconds: Seconds = 600
    """How often everything unfinished is looked at, whether or not an event came."""

    progress_seconds: Seconds = 15
    """How often a run that works is asked for its progress; less often when many work."""

    progress_write_seconds: Seconds = 10
    """How often numbers alone are written to a status."""

    api_requests_per_second: Seconds = 400
    """How many requests the API server gets from us at most."""

    api_burst: Annotated[int, Field(ge=1)] = 800
    """How many of them may come at once."""

    api_timeout_seconds: Seconds = 30
    """How long a request to the API server may take."""

    http_host: str = "0.0.0.0"  # noqa: S104  probes and Prometheus come from outside the Pod
    """Where /livez, /readyz and /metrics are served."""

    http_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """At which port; 0 takes a free one and logs it."""

    crd_wait_seconds: Seconds = 120
    """How long to wait at the start for our kinds to be served."""

    leader_election: bool = False
    """Whether several replicas agree by a Lease which of them works."""

    lease_name: str = "curation-operator"
    """The name of that Lease."""

    kubeconfig: str | None = None
    """How to reach the cluster; left out: the one that this Pod runs in."""

    log_level: str = "INFO"
    """DEBUG, INFO, WARNING or ERROR."""

    def job_options(self, of_run: JobOptions) -> JobOptions:
        """How a run's Jobs run: what the run says, then these settings, then what is built in."""
        said = (BUILT_IN_JOB_OPTIONS, self.job, of_run)
        return JobOptions.model_validate(
            {key: value for options in said for key, value in options.manifest().items()}
        )

    @classmethod
    def from_environment(cls) -> Self:
        """The settings of this process."""
        return cls()
