"""What a run is started with: one ConfigMap that decides the result and never changes."""

import json

from curation_api import JobConfig
from curation_api.curation_run import FrozenPlan
from curation_api.job_config import DatasourceIdentity, RunIdentity
from curation_api.names import JOB_CONFIG_FILE
from curation_api.translation import job_config
from curation_operator.planning.digest import digest
from curation_operator.planning.metadata import labels_of_run, owned_by_run
from curation_operator.planning.naming import plan_name
from curation_operator.planning.plan import Manifest
from curation_operator.planning.seen import DatasourceSeen, RunSeen
from curation_operator.settings import OperatorSettings


def freeze(seen: RunSeen, datasource: DatasourceSeen) -> JobConfig:
    """The configuration of every worker of this attempt."""
    return job_config(
        # The volumes of the operator's own defaults may hold weights, too.
        seen.spec.model_copy(update={"job": seen.options}),
        run=RunIdentity(name=seen.key.name, namespace=seen.key.namespace, uid=seen.uid),
        datasource=DatasourceIdentity(name=datasource.key.name, uid=datasource.uid),
        datasource_spec=datasource.spec,
        shards=seen.shards,
        gpus=seen.options.gpus or 0,
    )


def plan_manifest(seen: RunSeen, frozen: JobConfig) -> Manifest:
    """The ConfigMap that holds it."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": plan_name(seen.key, seen.uid, seen.attempt),
            "namespace": seen.key.namespace,
            "labels": labels_of_run(seen),
            "ownerReferences": [owned_by_run(seen)],
        },
        "immutable": True,
        "data": {JOB_CONFIG_FILE: json.dumps(frozen.complete(), indent=1)},
    }


def frozen_plan(seen: RunSeen, frozen: JobConfig, settings: OperatorSettings) -> FrozenPlan:
    """What the status says about it."""
    return FrozenPlan(
        config_map=plan_name(seen.key, seen.uid, seen.attempt),
        spec_hash=digest(frozen.complete()),
        image=worker_image(seen, settings),
        operator_version=settings.version,
    )


def worker_image(seen: RunSeen, settings: OperatorSettings) -> str:
    """The image of this run's workers."""
    return seen.options.image or settings.worker_image
