"""How and where a run's Jobs run. Each field that is left out has a default in the chart."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from curation_api.fields import Amount, Count, KubernetesName, QueueName, ShortText
from curation_api.model import ApiModel, Distinct, Rule, matching

# Labels and annotations that others act on: copied to a Pod they would make them act on ours.
_RESERVED = ("curation.dev/", "app.kubernetes.io/", "kueue.x-k8s.io/", "argocd.argoproj.io/")

LabelKey = Annotated[str, Field(min_length=1, max_length=317)]

NOT_RESERVED = Rule(
    cel=f"self.all(key, !{list(_RESERVED)}.exists(prefix, key.startsWith(prefix)))",
    holds=lambda labels: not any(key.startswith(_RESERVED) for key in labels),
    message=f"may not hold keys that start with {', '.join(_RESERVED)}: they belong to tools",
)


class TolerationOperator(StrEnum):
    """How a taint is compared."""

    EXISTS = "Exists"
    EQUAL = "Equal"


class TaintEffect(StrEnum):
    """What a taint does."""

    NO_SCHEDULE = "NoSchedule"
    PREFER_NO_SCHEDULE = "PreferNoSchedule"
    NO_EXECUTE = "NoExecute"


class Toleration(ApiModel):
    """A taint of a node that does not keep a worker away."""

    key: ShortText | None = None
    """The taint's key; left out with operator Exists: every taint."""

    operator: Annotated[TolerationOperator | None, Field(strict=False)] = None
    """Exists, or Equal to compare the value too."""

    value: ShortText | None = None
    """The taint's value, for operator Equal."""

    effect: Annotated[TaintEffect | None, Field(strict=False)] = None
    """NoSchedule, PreferNoSchedule or NoExecute; left out: all of them."""

    toleration_seconds: int | None = None
    """How long a NoExecute taint is tolerated."""


class SelectorOperator(StrEnum):
    """How a label is compared."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"
    GT = "Gt"
    LT = "Lt"


class NodeRequirement(ApiModel):
    """Something a node's label must be."""

    key: LabelKey
    """The label."""

    operator: Annotated[SelectorOperator, Field(strict=False)]
    """In, NotIn, Exists, DoesNotExist, Gt or Lt."""

    values: Annotated[list[ShortText], Field(max_length=64)] | None = None
    """What to compare with."""


class NodeTerm(ApiModel):
    """Requirements that must all hold."""

    match_expressions: Annotated[list[NodeRequirement], Field(max_length=16)] | None = None
    """Requirements on labels."""

    match_fields: Annotated[list[NodeRequirement], Field(max_length=16)] | None = None
    """Requirements on fields, such as metadata.name."""


class NodeSelector(ApiModel):
    """Terms of which one must hold."""

    node_selector_terms: Annotated[list[NodeTerm], Field(min_length=1, max_length=16)]
    """The terms."""


class PreferredNodeTerm(ApiModel):
    """A term that makes a node better."""

    weight: Annotated[int, Field(ge=1, le=100)]
    """How much better, 1 to 100."""

    preference: NodeTerm
    """The term."""


class NodeAffinity(ApiModel):
    """Which nodes must or should be used."""

    required_during_scheduling_ignored_during_execution: NodeSelector | None = None
    """What a node must fulfil."""

    preferred_during_scheduling_ignored_during_execution: (
        Annotated[list[PreferredNodeTerm], Field(max_length=16)] | None
    ) = None
    """What makes a node better."""


class LabelRequirement(ApiModel):
    """Something a Pod's label must be."""

    key: LabelKey
    """The label."""

    operator: Annotated[SelectorOperator, Field(strict=False)]
    """In, NotIn, Exists or DoesNotExist."""

    values: Annotated[list[ShortText], Field(max_length=64)] | None = None
    """What to compare with."""


class LabelSelector(ApiModel):
    """Which Pods are meant."""

    match_labels: Annotated[dict[str, ShortText], Field(max_length=16)] | None = None
    """Labels that must be equal."""

    match_expressions: Annotated[list[LabelRequirement], Field(max_length=16)] | None = None
    """Requirements on labels."""


class PodTerm(ApiModel):
    """Being near the Pods that are meant, or away from them."""

    label_selector: LabelSelector | None = None
    """Which Pods."""

    topology_key: LabelKey
    """What near means: the nodes that agree in this label."""

    namespaces: Annotated[list[KubernetesName], Field(max_length=16)] | None = None
    """Where to look for the Pods; left out: the run's namespace."""


class WeightedPodTerm(ApiModel):
    """A term that makes a node better."""

    weight: Annotated[int, Field(ge=1, le=100)]
    """How much better, 1 to 100."""

    pod_affinity_term: PodTerm
    """The term."""


class PodAffinity(ApiModel):
    """Which Pods a worker must or should be near to, or away from."""

    required_during_scheduling_ignored_during_execution: (
        Annotated[list[PodTerm], Field(max_length=16)] | None
    ) = None
    """What a node must fulfil."""

    preferred_during_scheduling_ignored_during_execution: (
        Annotated[list[WeightedPodTerm], Field(max_length=16)] | None
    ) = None
    """What makes a node better."""


class Affinity(ApiModel):
    """Which nodes and which neighbours a worker wants."""

    node_affinity: NodeAffinity | None = None
    """Which nodes."""

    pod_affinity: PodAffinity | None = None
    """Which neighbours."""

    pod_anti_affinity: PodAffinity | None = None
    """Which neighbours not."""


class WhenUnsatisfiable(StrEnum):
    """What to do where a spread is not possible."""

    DO_NOT_SCHEDULE = "DoNotSchedule"
    SCHEDULE_ANYWAY = "ScheduleAnyway"


class TopologySpread(ApiModel):
    """How evenly workers are spread."""

    max_skew: Annotated[int, Field(ge=1)]
    """The largest difference in number."""

    topology_key: LabelKey
    """The label whose values are compared."""

    when_unsatisfiable: Annotated[WhenUnsatisfiable, Field(strict=False)]
    """DoNotSchedule or ScheduleAnyway."""

    label_selector: LabelSelector | None = None
    """Which Pods count."""


class EnvironmentVariable(ApiModel):
    """A variable of the worker's environment. Not for secrets: who sees the run sees it."""

    name: Annotated[
        str,
        Field(max_length=256),
        matching(
            r"^[a-zA-Z_][a-zA-Z0-9_]*$",
            "must be the name of a variable: letters, digits and '_', no digit first",
        ),
    ]
    """Its name."""

    value: Annotated[str, Field(max_length=4096)] = ""
    """Its value."""


class ClaimVolume(ApiModel):
    """A PersistentVolumeClaim of the namespace."""

    claim_name: KubernetesName
    """The name of the claim."""


class ConfigMapVolume(ApiModel):
    """A ConfigMap of the namespace."""

    name: KubernetesName
    """The name of the ConfigMap."""


class EmptyDirVolume(ApiModel):
    """A folder that lives as long as the Pod."""

    size_limit: Amount | None = None
    """The most it may hold."""


def _kinds(volume: Any) -> int:
    kinds = (volume.persistent_volume_claim, volume.config_map, volume.empty_dir)
    return sum(kind is not None for kind in kinds)


class Volume(ApiModel):
    """Something mounted into the worker, such as a volume with model weights."""

    RULES = (
        Rule(
            cel="[has(self.persistentVolumeClaim), has(self.configMap), has(self.emptyDir)]"
            ".filter(given, given).size() == 1",
            holds=lambda volume: _kinds(volume) == 1,
            message="give exactly one of persistentVolumeClaim, configMap, emptyDir",
        ),
    )

    name: Annotated[
        str,
        Field(max_length=63),
        matching(
            r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
            "must be the name of a volume: small letters, digits and '-'",
        ),
    ]
    """Its name within the Pod."""

    mount_path: Annotated[
        str,
        Field(max_length=1024),
        matching(r"^/[^:]+$", "must be an absolute path, such as /models"),
    ]
    """Where the worker finds it."""

    sub_path: ShortText | None = None
    """Only this folder of it."""

    read_only: bool = True
    """Whether the worker may not write."""

    persistent_volume_claim: ClaimVolume | None = None
    """A PersistentVolumeClaim."""

    config_map: ConfigMapVolume | None = None
    """A ConfigMap."""

    empty_dir: EmptyDirVolume | None = None
    """A fresh folder."""


class JobOptions(ApiModel):
    """How and where a run's Jobs run."""

    gpus: Annotated[int, Field(ge=0, le=64)] | None = None
    """GPUs of each worker; 0 uses processors only."""

    parallelism: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """How many workers embed at the same time, each a part of the samples."""

    cpu: Amount | None = None
    """Processors of each worker, such as 4 or 500m."""

    memory: Amount | None = None
    """Memory of each worker, such as 16Gi. Includes `shmSize`."""

    shm_size: Amount | None = None
    """Memory that the processes of a worker share, such as 1Gi."""

    queue_name: QueueName | None = None
    """The LocalQueue of Kueue that admits this run. May change until the run has started."""

    node_selector: Annotated[dict[str, ShortText], Field(max_length=32)] | None = None
    """Labels that a node must have."""

    tolerations: Annotated[list[Toleration], Field(max_length=32)] | None = None
    """Taints that do not keep workers away."""

    affinity: Affinity | None = None
    """Which nodes and which neighbours a worker wants."""

    topology_spread_constraints: Annotated[list[TopologySpread], Field(max_length=8)] | None = None
    """How evenly workers are spread."""

    priority_class_name: KubernetesName | None = None
    """The PriorityClass of the Pods."""

    runtime_class_name: KubernetesName | None = None
    """The RuntimeClass of the Pods, such as nvidia."""

    service_account_name: KubernetesName | None = None
    """Whose identity workers have; left out: that of the Datasource."""

    image: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    """Another worker image, where the operator's settings allow it."""

    image_pull_secrets: Annotated[list[KubernetesName], Field(max_length=8)] | None = None
    """Secrets to pull the image with."""

    pod_labels: (
        Annotated[
            dict[str, Annotated[str, Field(max_length=63)]], Field(max_length=32), NOT_RESERVED
        ]
        | None
    ) = None
    """Labels to put on the Pods."""

    pod_annotations: (
        Annotated[
            dict[str, Annotated[str, Field(max_length=4096)]], Field(max_length=32), NOT_RESERVED
        ]
        | None
    ) = None
    """Annotations to put on the Pods."""

    env: Annotated[list[EnvironmentVariable], Field(max_length=64), Distinct("name")] | None = None
    """Variables of the worker's environment."""

    # Kubernetes 1.31 reckons that the rule on `sizeLimit` costs too much for more than ten of them.
    volumes: Annotated[list[Volume], Field(max_length=10), Distinct("name")] | None = None
    """Things mounted into the worker."""

    retries: Annotated[int, Field(ge=0, le=100)] | None = None
    """How often a failed worker is started again, where that can help."""

    max_disruptions: Count | None = None
    """How often a worker may be taken away (spot nodes, preemption) before the run fails."""

    max_failed_shards_percent: Annotated[int, Field(ge=0, le=100)] | None = None
    """Which part of a run that is split up may fail without failing the run."""

    start_deadline_seconds: Annotated[int, Field(ge=1)] | None = None
    """How long a Pod may take to start (image, volumes, Secret) before the run fails."""

    queue_deadline_seconds: Annotated[int, Field(ge=1)] | None = None
    """How long a run may wait for quota before it fails; left out: for ever."""

    ttl_seconds_after_finished: Count | None = None
    """How long finished Jobs are kept. The run itself and its results stay."""


# The queue is where a run waits; everything else is part of how it was accepted.
MAY_CHANGE_BEFORE_START = frozenset({"queue_name"})

FIXED_JOB_OPTIONS = tuple(
    str(field.alias)
    for name, field in JobOptions.model_fields.items()
    if name not in MAY_CHANGE_BEFORE_START
)
