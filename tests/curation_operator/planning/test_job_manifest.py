"""What our Jobs and Pods ask for; a real API server judges them in `test_manifests_accepted`."""

import json
from dataclasses import replace
from typing import Any

import pytest

from curation_api import JobConfig
from curation_api.job_options import JobOptions
from curation_api.names import JOB_CONFIG_FILE
from curation_api.states import Priority, Stage
from curation_operator.planning.freezing import plan_manifest
from curation_operator.planning.job_manifest import job_manifest, probe_manifest
from curation_operator.planning.pod import TEMPORARY_FOLDER, in_mebibytes
from curation_operator.settings import OperatorSettings
from tests.curation_operator.builders import SETTINGS, a_datasource, a_run, frozen_for


def job(
    spec: dict[str, Any] | None = None,
    stage: Stage = Stage.ALL,
    settings: OperatorSettings = SETTINGS,
    **seen: Any,
) -> Any:
    run = a_run(spec, **seen)
    run = replace(run, options=settings.job_options(run.spec.job))
    return job_manifest(run, stage, frozen_for(run), settings)


def pod(spec: dict[str, Any] | None = None, stage: Stage = Stage.ALL, **more: Any) -> Any:
    return job(spec, stage, **more)["spec"]["template"]["spec"]


def worker(spec: dict[str, Any] | None = None, stage: Stage = Stage.ALL, **more: Any) -> Any:
    [container] = pod(spec, stage, **more)["containers"]
    return container


def mounts(spec: dict[str, Any]) -> dict[str, Any]:
    datasource = a_datasource(spec)
    return {mount["mountPath"]: mount for mount in worker(datasource=datasource)["volumeMounts"]}


def test_a_pod_has_as_little_privilege_as_possible() -> None:
    assert pod()["automountServiceAccountToken"] is False
    assert pod()["securityContext"]["runAsNonRoot"] is True
    assert worker()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_the_keys_of_the_two_places_are_mounted_apart_and_nowhere_else() -> None:
    manifest = job()
    volumes = {volume["name"]: volume for volume in manifest["spec"]["template"]["spec"]["volumes"]}

    assert volumes["curation-secret-input"]["secret"]["secretName"] == "farm-reader"
    assert volumes["curation-secret-lightly"]["secret"]["secretName"] == "farm-writer"
    assert "envFrom" not in worker()
    assert not any("secretKeyRef" in json.dumps(entry) for entry in worker()["env"])


def test_where_both_places_are_the_same_both_get_its_keys() -> None:
    paths = mounts({"lightly": None})

    assert {"/var/run/secrets/curation.dev/input", "/var/run/secrets/curation.dev/lightly"} <= set(
        paths
    )


@pytest.mark.covers("R3")
def test_a_volume_with_raw_files_is_mounted_read_only() -> None:
    paths = mounts(
        {"input": {"local": {"claimName": "raw"}}, "lightly": {"local": {"claimName": "derived"}}}
    )

    assert paths["/volumes/raw"]["readOnly"] is True
    assert "readOnly" not in paths["/volumes/derived"]


def test_a_volume_that_takes_the_results_too_is_writable() -> None:
    paths = mounts({"input": {"local": {"claimName": "raw"}}, "lightly": None})

    assert "readOnly" not in paths["/volumes/raw"]


def test_every_path_a_worker_uses_is_told_to_it() -> None:
    told = {entry["name"]: entry.get("value") for entry in worker()["env"]}

    assert told["CURATION_INPUT_SECRETS"] == "/var/run/secrets/curation.dev/input"
    assert told["CURATION_VOLUMES"] == "/volumes"
    assert told["CURATION_TERMINATION_LOG"] == worker()["terminationMessagePath"]
    assert told["TMPDIR"] == TEMPORARY_FOLDER
    assert worker()["args"] == ["run", "--config", "/etc/curation/job.json"]
    assert worker({"job": {"parallelism": 2}}, Stage.EMBED)["args"][-2:] == ["--stage", "embed"]


def test_a_user_may_add_to_the_environment_but_not_change_ours() -> None:
    env = [{"name": "HTTPS_PROXY", "value": "http://proxy"}, {"name": "TMPDIR", "value": "/etc"}]

    told = {entry["name"]: entry.get("value") for entry in worker({"job": {"env": env}})["env"]}

    assert (told["HTTPS_PROXY"], told["TMPDIR"]) == ("http://proxy", TEMPORARY_FOLDER)


@pytest.mark.covers("R199")
@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"memory": "32Gi"}, "8192Mi"),
        ({"memory": "2Gi"}, "1024Mi"),
        ({"memory": "1Ti"}, "16384Mi"),
        ({"shmSize": "3Gi"}, "3Gi"),
    ],
    ids=str,
)
def test_shared_memory_is_a_quarter_of_the_memory_within_reason(
    options: dict[str, str], size: str
) -> None:
    volumes = {volume["name"]: volume for volume in pod({"job": options})["volumes"]}

    assert volumes["curation-shm"]["emptyDir"] == {"medium": "Memory", "sizeLimit": size}


def test_gpus_are_called_as_the_cluster_calls_them_and_listing_takes_none() -> None:
    settings = SETTINGS.model_copy(update={"gpu_resource": "amd.com/gpu"})
    spec = {"job": {"gpus": 2, "parallelism": 4}}

    embed = worker(spec, Stage.EMBED, settings=settings)["resources"]
    prepare = worker(spec, Stage.PREPARE, settings=settings)["resources"]

    assert (embed["limits"]["amd.com/gpu"], embed["requests"]["amd.com/gpu"]) == (2, 2)
    assert "amd.com/gpu" not in prepare["limits"]


@pytest.mark.covers("R113")
def test_without_gpus_none_is_asked_for() -> None:
    assert set(worker({"job": {"gpus": 0}})["resources"]["limits"]) == {"memory"}


@pytest.mark.covers("R38", "C24")
def test_every_label_of_runs_on_must_be_there_whatever_else_is_asked_for() -> None:
    zone = {"key": "zone", "operator": "In", "values": ["a"]}
    disk = {"key": "disk", "operator": "Exists"}
    terms = [{"matchExpressions": [zone]}, {"matchExpressions": [disk]}]
    key = "requiredDuringSchedulingIgnoredDuringExecution"
    affinity = {"nodeAffinity": {key: {"nodeSelectorTerms": terms}}}

    asked = pod({"runsOn": ["gpu-large", "eu"], "job": {"affinity": affinity}})["affinity"]

    labels = [
        {"key": f"worker.curation.dev/{label}", "operator": "Exists"}
        for label in ("gpu-large", "eu")
    ]
    assert asked["nodeAffinity"][key]["nodeSelectorTerms"] == [
        {"matchExpressions": [zone, *labels]},
        {"matchExpressions": [disk, *labels]},
    ]


def test_affinity_is_passed_on_untouched_where_we_have_nothing_to_add() -> None:
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "loud"}}}]}}  # fmt: skip

    assert pod({"job": {"affinity": affinity}})["affinity"] == affinity
    assert "affinity" not in pod()


def test_a_priority_may_come_with_a_priority_class() -> None:
    settings = SETTINGS.model_copy(update={"priority_classes": {Priority.HIGH: "gpu-first"}})

    assert pod({"priority": "HIGH"}, settings=settings)["priorityClassName"] == "gpu-first"
    chosen = {"priority": "HIGH", "job": {"priorityClassName": "mine"}}
    assert pod(chosen, settings=settings)["priorityClassName"] == "mine"
    assert "priorityClassName" not in pod({"priority": "LOW"}, settings=settings)


def test_disruptions_come_before_exit_codes() -> None:
    rules = job()["spec"]["podFailurePolicy"]["rules"]

    assert [rule["action"] for rule in rules] == ["Ignore", "FailJob"]
    assert rules[1]["onExitCodes"]["values"] == [10, 11, 12, 13]


def test_one_poisonous_shard_fails_alone() -> None:
    spec = {"job": {"parallelism": 8, "maxFailedShardsPercent": 20, "retries": 2}}

    embed = job(spec, Stage.EMBED)["spec"]

    assert (embed["completions"], embed["parallelism"]) == (8, 8)
    assert (embed["backoffLimitPerIndex"], embed["maxFailedIndexes"]) == (2, 2)
    assert [rule["action"] for rule in embed["podFailurePolicy"]["rules"]] == [
        "Ignore", "FailIndex", "FailJob",
    ]  # fmt: skip


def test_a_finished_job_stays_until_it_has_been_written_down() -> None:
    assert "ttlSecondsAfterFinished" not in job()["spec"]


def test_the_queue_is_on_the_job_and_nobody_suspends_it_at_birth() -> None:
    manifest = job({"job": {"queueName": "gpus"}})

    assert manifest["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "gpus"
    assert "suspend" not in manifest["spec"]
    assert "kueue.x-k8s.io/queue-name" not in manifest["spec"]["template"]["metadata"]["labels"]


def test_labels_of_users_do_not_displace_ours() -> None:
    labels = job({"job": {"podLabels": {"team": "barn"}}})["spec"]["template"]["metadata"]["labels"]

    assert labels["team"] == "barn"
    assert "app.kubernetes.io/instance" not in labels


def test_what_is_frozen_is_read_back_as_it_was_written() -> None:
    run = a_run({"workerConfig": {"method": "random", "stoppingCondition": {"nSamples": 9}},
                 "selectionConfig": None, "job": {"parallelism": 3}})  # fmt: skip
    manifest = plan_manifest(run, frozen_for(run))

    read = JobConfig.model_validate(json.loads(manifest["data"][JOB_CONFIG_FILE]))

    assert read == frozen_for(run)
    assert (read.shards, manifest["immutable"]) == (3, True)


def test_a_probe_has_the_identity_keys_and_volumes_of_a_worker_but_no_gpu() -> None:
    datasource = a_datasource({"serviceAccountName": "curation-worker"})
    settings = SETTINGS.model_copy(update={"job": JobOptions(gpus=4, node_selector={"pool": "x"})})

    probe = probe_manifest(datasource, settings)["spec"]
    pod = probe["template"]["spec"]

    assert (probe["backoffLimit"], probe["activeDeadlineSeconds"]) == (0, 120)
    assert pod["serviceAccountName"] == "curation-worker"
    assert pod["nodeSelector"] == {"pool": "x"}
    assert "nvidia.com/gpu" not in pod["containers"][0]["resources"]["limits"]
    assert pod["containers"][0]["args"] == ["probe", "--config", "/etc/curation/probe.json"]


@pytest.mark.parametrize(
    ("amount", "mebibytes"),
    [("16Gi", 16384), ("512Mi", 512), (2**20, 1), ("1e9", 953.67), ("1.5G", 1430.5)],
)
def test_amounts_are_understood_as_kubernetes_writes_them(
    amount: int | str, mebibytes: float
) -> None:
    assert in_mebibytes(amount) == pytest.approx(mebibytes, rel=1e-3)


def test_settings_stand_between_a_run_and_what_is_built_in() -> None:
    settings = SETTINGS.model_copy(update={"job": JobOptions(memory="64Gi", retries=0)})

    options = settings.job_options(JobOptions(memory="8Gi"))

    assert (options.memory, options.retries, options.cpu) == ("8Gi", 0, 4)
