"""The Jobs of a run, and the Job that looks at a Datasource's rights."""

import json

from curation_api import JobConfig
from curation_api.job_options import JobOptions
from curation_api.names import (
    JOB_CONFIG_FILE,
    OPERATOR_VERSION_ANNOTATION,
    PROBE_CONFIG_FILE,
    QUEUE_NAME_LABEL,
    SPEC_HASH_ANNOTATION,
    TEMPLATE_HASH_ANNOTATION,
)
from curation_api.problems import ExitCode, Reason
from curation_api.states import Stage
from curation_operator.planning.digest import digest
from curation_operator.planning.failures import tolerated_shards
from curation_operator.planning.freezing import worker_image
from curation_operator.planning.metadata import (
    labels_of_probe,
    labels_of_stage,
    owned_by_datasource,
    owned_by_run,
)
from curation_operator.planning.naming import job_name, plan_name, probe_name
from curation_operator.planning.plan import Manifest
from curation_operator.planning.pod import (
    CONFIG_FOLDER,
    WORKER_CONTAINER,
    PodRequest,
    pod_template,
)
from curation_operator.planning.seen import DatasourceSeen, RunSeen
from curation_operator.planning.stages import has_shards
from curation_operator.settings import OperatorSettings

# Trying again cannot help: the Job ends at once, and no GPU burns for nothing.
HOPELESS = (
    ExitCode.INVALID_CONFIG,
    ExitCode.ACCESS_DENIED,
    ExitCode.DATA_UNUSABLE,
    ExitCode.MODEL_MISSING,
)


def job_manifest(
    seen: RunSeen,
    stage: Stage,
    frozen: JobConfig,
    settings: OperatorSettings,
    *,
    is_repeat: bool = False,
) -> Manifest:
    """The Job that does one stage of a run."""
    arguments = ("run", "--config", f"{CONFIG_FOLDER}/{JOB_CONFIG_FILE}")
    part = () if stage is Stage.ALL else ("--stage", str(stage))
    template = pod_template(
        PodRequest(
            arguments=(*arguments, *part),
            config_map=plan_name(seen.key, seen.uid, seen.attempt),
            image=worker_image(seen, settings),
            options=_options_of(stage, seen),
            datasource=frozen.datasource_spec,
            labels=labels_of_stage(seen, stage),
            gpu_resource=settings.gpu_resource,
            worker_labels=tuple(seen.spec.runs_on or ()),
            avoided_node=_node_with_a_broken_gpu(seen),
            priority_class=settings.priority_classes.get(seen.spec.priority),
        )
    )
    queue = seen.options.queue_name
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name(seen.key, seen.uid, stage, seen.attempt, is_repeat=is_repeat),
            "namespace": seen.key.namespace,
            "labels": {
                **labels_of_stage(seen, stage),
                **({QUEUE_NAME_LABEL: queue} if queue else {}),
            },
            "annotations": _annotations(frozen.complete(), template, settings),
            "ownerReferences": [owned_by_run(seen)],
        },
        # No ttlSecondsAfterFinished: a Job that vanished looks like one never started.
        "spec": {**_repetition(seen, stage, frozen.shards), "template": template},
    }


def _options_of(stage: Stage, seen: RunSeen) -> JobOptions:
    """Listing files needs no GPU; a stage that holds one idle keeps others waiting."""
    needs_gpu = stage is not Stage.PREPARE
    return seen.options if needs_gpu else seen.options.model_copy(update={"gpus": 0})


def _node_with_a_broken_gpu(seen: RunSeen) -> str | None:
    """A later attempt keeps away from the node whose GPU failed."""
    failure = seen.status.last_failure
    if failure is None or failure.reason != Reason.GPU_HARDWARE:
        return None
    return failure.node


def _repetition(seen: RunSeen, stage: Stage, shards: int) -> Manifest:
    """How many Pods, and which of their failures count."""
    retries = seen.options.retries or 0
    # Order matters: a worker that is taken away ends with a code that a later rule may know.
    disrupted = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}
    hopeless = {"action": "FailJob", "onExitCodes": _exit_codes(*HOPELESS)}
    common = {"podReplacementPolicy": "Failed"}
    if not has_shards(stage):
        return {
            **common,
            "completions": 1,
            "parallelism": 1,
            "backoffLimit": retries,
            "podFailurePolicy": {"rules": [disrupted, hopeless]},
        }
    poison = {"action": "FailIndex", "onExitCodes": _exit_codes(ExitCode.POISON_SHARD)}
    allowed = seen.options.max_failed_shards_percent or 0
    return {
        **common,
        "completionMode": "Indexed",
        "completions": shards,
        "parallelism": min(shards, seen.shards),
        "backoffLimitPerIndex": retries,
        "maxFailedIndexes": tolerated_shards(shards, allowed),
        "podFailurePolicy": {"rules": [disrupted, poison, hopeless]},
    }


def _exit_codes(*codes: ExitCode) -> Manifest:
    return {"containerName": WORKER_CONTAINER, "operator": "In", "values": sorted(map(int, codes))}


def _annotations(
    content: Manifest, template: Manifest, settings: OperatorSettings
) -> dict[str, str]:
    """For people who wonder what a Job was made from; nothing is ever decided by them."""
    return {
        SPEC_HASH_ANNOTATION: digest(content),
        TEMPLATE_HASH_ANNOTATION: digest(template),
        OPERATOR_VERSION_ANNOTATION: settings.version,
    }


def probe_digest(seen: DatasourceSeen) -> str:
    """Changes whenever another look is due, and only then."""
    return digest(seen.spec.complete(), seen.reprobe, seen.status.probe_serial or 0)


def probe_config_name(seen: DatasourceSeen) -> str:
    """The ConfigMap of all probes of the same spec: looking often leaves nothing behind."""
    return probe_name(seen.key, seen.uid, digest(seen.spec.complete()))


def probe_config_manifest(seen: DatasourceSeen) -> Manifest:
    """The ConfigMap with the spec that a probe looks at."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": probe_config_name(seen),
            "namespace": seen.key.namespace,
            "labels": labels_of_probe(seen),
            "ownerReferences": [owned_by_datasource(seen)],
        },
        "immutable": True,
        "data": {PROBE_CONFIG_FILE: json.dumps(seen.spec.complete(), indent=1)},
    }


def probe_manifest(seen: DatasourceSeen, settings: OperatorSettings) -> Manifest:
    """The Job that looks at the rights, with the identity, keys and network that workers have."""
    options = settings.job_options(settings.job).model_copy(
        update={
            "gpus": 0,
            "cpu": settings.probe_cpu,
            "memory": settings.probe_memory,
            "shm_size": "16Mi",
        }
    )
    template = pod_template(
        PodRequest(
            arguments=("probe", "--config", f"{CONFIG_FOLDER}/{PROBE_CONFIG_FILE}"),
            config_map=probe_config_name(seen),
            image=options.image or settings.worker_image,
            options=options,
            datasource=seen.spec,
            labels=labels_of_probe(seen),
            gpu_resource=settings.gpu_resource,
        )
    )
    queue = settings.probe_queue_name
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": probe_name(seen.key, seen.uid, probe_digest(seen)),
            "namespace": seen.key.namespace,
            "labels": {**labels_of_probe(seen), **({QUEUE_NAME_LABEL: queue} if queue else {})},
            "annotations": _annotations(seen.spec.complete(), template, settings),
            "ownerReferences": [owned_by_datasource(seen)],
        },
        "spec": {
            "completions": 1,
            "parallelism": 1,
            "backoffLimit": 0,
            "activeDeadlineSeconds": settings.probe_deadline_seconds,
            "template": template,
        },
    }
