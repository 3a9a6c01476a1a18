"""Every value of the chart. `values.yaml`, its schema and the README are made from these models."""

# ruff: noqa: RUF012  pydantic gives each object its own.

from typing import Annotated, Any, Literal

from pydantic import Field

from curation_api.fields import Amount, KubernetesName
from curation_api.job_options import Affinity, Toleration
from curation_api.model import ApiModel

# Settings that the chart itself fills in, from values of their own or from the Pod.
SET_BY_THE_CHART = frozenset(
    {
        "http_host",
        "http_port",
        "kubeconfig",
        "leader_election",
        "lease_name",
        "namespaces",
        "operator_name",
        "operator_namespace",
        "version",
        "worker_image",
    }
)

Text = Annotated[str, Field(max_length=1024)]
Labels = dict[str, Annotated[str, Field(max_length=63)]]
Annotations = dict[str, str]
Port = Annotated[int, Field(ge=1, le=65535)]


class JobImage(ApiModel):
    """An image that the operator asks for in Jobs."""

    repository: Annotated[str, Field(min_length=1)] = "curation-job"
    """Registry and name."""

    tag: Text = ""
    """Left empty: the version of the chart."""

    digest: Annotated[str, Field(pattern=r"^(sha256:[0-9a-f]{64})?$")] = ""
    """Given: exactly this image, whatever the tag says."""


class Image(JobImage):
    """The image of the operator."""

    repository: Annotated[str, Field(min_length=1)] = "curation-operator"
    """Registry and name."""

    pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    """When the node asks the registry."""


class Switch(ApiModel):
    """Something that is made unless it is not wanted."""

    enabled: bool = True
    """Whether the chart makes it."""


class ServiceAccount(ApiModel):
    """Whose rights the operator has."""

    create: bool = True
    """Whether the chart makes it; false: it is there already."""

    name: Text = ""
    """Left empty: the name of the release."""

    annotations: Annotations = {}
    """Annotations to put on it."""


class Rbac(ApiModel):
    """The rights of the operator."""

    create: bool = True
    """Whether the chart makes its roles; false: somebody else has, see `files/role.yaml`."""


class AdmissionPolicy(Switch):
    """What users may make the operator do for them."""

    image_prefixes: list[Annotated[str, Field(min_length=1)]] = []
    """Where `settings.customImagesAllowed`: what the worker image of a run must start with."""


class NetworkPolicies(ApiModel):
    """Who may talk to whom, where the network of the cluster enforces it."""

    enabled: bool = False
    """Whether NetworkPolicies are made for the operator, and for workers in `namespaces`."""

    api_server_ports: list[Port] = [443, 6443]
    """Where the API server listens; it has no Pod that could be named instead."""

    scraper: dict[str, Any] = {}
    """A peer, as in a NetworkPolicy, that may read metrics; left empty: everybody may."""


class Monitor(ApiModel):
    """An object of the Prometheus operator."""

    enabled: bool = False
    """Whether the chart makes it. Its kind must be known to the cluster."""

    labels: Labels = {}
    """Labels by which Prometheus finds it."""


class Scrape(Monitor):
    """Something to be scraped."""

    interval: Annotated[str, Field(pattern=r"^[0-9]+(ms|s|m)$")] = "30s"
    """How often it is asked."""


class Alerts(Monitor):
    """Alerts, each with a page that says what to do."""

    runbook_url: Annotated[str, Field(min_length=1)] = "https://curation.dev/docs/runbook"
    """Where `docs/runbook.md` can be read; the name of the alert is put after a #."""


class Dashboard(ApiModel):
    """A dashboard for Grafana, in a ConfigMap."""

    enabled: bool = False
    """Whether the chart makes it."""

    labels: Labels = {"grafana_dashboard": "1"}
    """Labels by which Grafana's sidecar finds it."""


class Monitoring(ApiModel):
    """What is told to Prometheus and Grafana."""

    service_monitor: Scrape = Scrape()
    """Scrapes the operator."""

    pod_monitor: Scrape = Scrape()
    """Scrapes workers."""

    alerts: Alerts = Alerts()
    """A PrometheusRule."""

    dashboard: Dashboard = Dashboard()
    """A dashboard."""


class ResourceAmounts(ApiModel):
    """Amounts of what a container needs."""

    cpu: Amount | None = None
    """Processors."""

    memory: Amount | None = None
    """Memory."""


class Resources(ApiModel):
    """What the operator needs."""

    requests: ResourceAmounts = ResourceAmounts(cpu="50m", memory="128Mi")
    """What is kept for it."""

    limits: ResourceAmounts = ResourceAmounts(memory="512Mi")
    """What it may use at most. Without a limit on processors it is never slowed down."""


class ChartValues(ApiModel):
    """The values of the chart."""

    image: Image = Image()
    """The image of the operator."""

    job_image: JobImage = JobImage()
    """The image of workers and probes."""

    image_pull_secrets: list[KubernetesName] = []
    """Secrets to pull the operator's image with; for workers: `settings.job.imagePullSecrets`."""

    replicas: Annotated[int, Field(ge=0, le=9)] = 1
    """With more than one, a Lease decides which works, and a disruption budget keeps one."""

    namespaces: list[KubernetesName] = []
    """The namespaces to serve, with rights in these alone; left empty: the whole cluster."""

    settings: dict[str, Any] = {}
    """Settings of the operator by their names in camelCase (docs/reference/operator-settings.md):
    `job` (defaults for runs), `gpuResource`, `priorityClasses`, `kueue`, `logLevel` and others."""

    crds: Switch = Switch()
    """The CRDs. They stay when the release is uninstalled, and with them every run."""

    service_account: ServiceAccount = ServiceAccount()
    """Whose rights the operator has."""

    rbac: Rbac = Rbac()
    """The rights of the operator."""

    user_roles: Switch = Switch()
    """Lets whoever may view, edit or administer a namespace do so with our kinds."""

    admission_policy: AdmissionPolicy = AdmissionPolicy()
    """Refuses a Secret, service account, volume or Datasource that its user has no right to."""

    network_policies: NetworkPolicies = NetworkPolicies()
    """Who may talk to whom."""

    monitoring: Monitoring = Monitoring()
    """What is told to Prometheus and Grafana."""

    resources: Resources = Resources()
    """What the operator needs."""

    node_selector: Labels = {}
    """Labels that its node must have."""

    tolerations: list[Toleration] = []
    """Taints that do not keep it away."""

    affinity: Affinity | None = None
    """Which nodes and which neighbours it wants."""

    priority_class_name: Text = ""
    """The PriorityClass of its Pod."""

    pod_labels: Labels = {}
    """Labels to put on its Pod."""

    pod_annotations: Annotations = {}
    """Annotations to put on its Pod."""

    env: dict[str, str] = {}
    """Further variables of its environment, such as HTTPS_PROXY."""
