"""Pods that fail, are taken away, or never start: what the status says, and what follows."""

import json

import pytest

from tests.curation_operator.conftest import Operators
from tests.curation_operator.farm import Farm, condition
from tests.support.cluster_fixtures import new_namespace

GATED = {"run": {"wait_for": "gate"}}


@pytest.mark.covers("C37")
@pytest.mark.usefixtures("operator")
def test_what_a_worker_says_is_passed_on_and_it_is_not_tried_again(farm: Farm) -> None:
    script = {"exit": 12, "reason": "NoSamplesFound", "message": "No image found in /pictures."}
    farm.create_datasource()
    farm.create_run(script={"run": script})

    status = farm.wait_for_state("Failed")

    assert condition(status, "Ready")["reason"] == "NoSamplesFound"
    assert condition(status, "Ready")["message"] == "No image found in /pictures."
    assert status["lastFailure"]["retryable"] is False
    assert len([line for line in farm.journal() if line["what"] == "began"]) == 1


@pytest.mark.usefixtures("operator")
def test_after_access_was_denied_the_rights_are_looked_at_again_at_once(farm: Farm) -> None:
    farm.create_datasource()
    farm.wait_for_datasource("ProbeSucceeded")
    before = farm.datasource()["status"]["probeSerial"]
    farm.create_run(script={"run": {"exit": 11}})

    status = farm.wait_for_state("Failed")

    assert condition(status, "Ready")["reason"] == "DatasourceAccessDenied"
    farm.wait(lambda: farm.datasource()["status"]["probeSerial"] > before, "it is probed again")


@pytest.mark.covers("C37", "R158")
def test_a_worker_that_keeps_dying_has_crashed(farm: Farm, operators: Operators) -> None:
    with operators():
        farm.create_datasource()
        farm.create_run(
            script={"run": {"exit": 1, "message": "ZeroDivisionError"}}, job={"retries": 0}
        )

        status = farm.wait_for_state("Crashed")

    assert status["step"] == "CRASHED"
    assert "ZeroDivisionError" in condition(status, "Ready")["message"]


@pytest.mark.covers("C37")
@pytest.mark.usefixtures("operator")
def test_a_worker_that_runs_out_of_memory_twice_ends_the_run_with_advice(farm: Farm) -> None:
    farm.create_datasource()
    farm.create_run(script={"run": {"kill": "SIGKILL"}})

    status = farm.wait_for_state("Crashed")

    assert condition(status, "Ready")["reason"] == "OutOfMemory"
    assert "job.memory" in condition(status, "Ready")["message"]
    assert status["lastFailure"]["exitCode"] == 137
    farm.wait(lambda: not farm.jobs(of="first-"), "its Job is gone")


@pytest.mark.usefixtures("operator")
def test_one_poisonous_shard_may_fail_where_that_is_allowed(farm: Farm) -> None:
    farm.create_datasource()
    farm.create_run(
        script={"embed": [{}, {"exit": 14}, {}]},
        job={"parallelism": 3, "maxFailedShardsPercent": 34},
    )

    status = farm.wait_for_state("Completed")

    assert condition(status, "Complete")["reason"] == "SucceededWithSkippedShards"
    [embed] = [stage for stage in status["stages"] if stage["name"] == "embed"]
    assert (embed["shards"]["failed"], embed["shards"]["failedIndexes"]) == (1, "1")


@pytest.mark.usefixtures("operator")
def test_more_failed_shards_than_that_end_the_run(farm: Farm) -> None:
    farm.create_datasource()
    farm.create_run(script={"embed": [{}, {"exit": 14}]}, job={"parallelism": 2})

    status = farm.wait_for_state("Failed")

    assert condition(status, "Ready")["reason"] == "TooManyFailedShards"


@pytest.mark.usefixtures("operator")
def test_an_evicted_worker_is_replaced_and_costs_no_retry(farm: Farm) -> None:
    farm.create_datasource()
    farm.create_run(script=GATED, job={"retries": 0})
    farm.wait(farm.journal, "a worker has begun")
    pod = farm.wait_for_pod(of="first")

    farm.evict(pod["metadata"]["name"])
    farm.wait(lambda: len(began(farm)) == 2, "another worker has begun")
    farm.open_gate()
    status = farm.wait_for_state("Completed")

    [stage] = status["stages"]
    assert stage.get("disruptions") == 1
    assert stage.get("retries", 0) == 0


@pytest.mark.usefixtures("operator")
def test_a_worker_that_is_taken_away_too_often_ends_the_run(farm: Farm) -> None:
    farm.create_datasource()
    farm.create_run(script=GATED, job={"maxDisruptions": 0})
    pod = farm.wait_for_pod(of="first")

    farm.evict(pod["metadata"]["name"])

    status = farm.wait_for_state("Aborted")
    assert condition(status, "Ready")["reason"] == "DisruptionLimitExceeded"


@pytest.mark.usefixtures("operator")
def test_a_pod_that_somebody_deletes_is_replaced_by_kubernetes(farm: Farm) -> None:
    farm.create_datasource()
    farm.create_run(script=GATED)
    pod = farm.wait_for_pod(of="first")

    farm.control_plane.kubectl(
        "delete", "pod", pod["metadata"]["name"], f"--namespace={farm.namespace}", "--wait=false"
    )
    farm.open_gate()

    farm.wait_for_state("Completed")
    assert len(farm.jobs(of="first-")) == 1


@pytest.mark.usefixtures("operator")
def test_a_job_that_somebody_deletes_is_made_again_and_shards_that_are_done_are_kept(
    farm: Farm,
) -> None:
    farm.create_datasource()
    farm.create_run(script={"embed": [{}, {"wait_for": "gate"}]}, job={"parallelism": 2})
    farm.wait(lambda: any(line["shard"] == 0 and line["what"] == "succeeded"
                          for line in farm.journal()), "one shard is done")  # fmt: skip
    farm.wait(lambda: any(line["shard"] == 1 for line in farm.journal()), "the other has begun")
    farm.wait_for_state("Running")

    farm.delete_job(of="embed")
    farm.wait(lambda: any(event["reason"] == "JobDeletedExternally" for event in farm.events()),
              "that is told")  # fmt: skip
    farm.open_gate()

    farm.wait_for_state("Completed")


def test_an_image_that_cannot_be_had_is_named_and_ends_the_run_after_a_while(
    farm: Farm, operators: Operators
) -> None:
    with operators():
        farm.create_datasource()
        farm.wait_for_datasource("ProbeSucceeded")
    with operators(worker_image="curation-job:missing"):
        farm.create_run(job={"startDeadlineSeconds": 3})
        waiting = farm.wait_for_reason("ImagePullError")
        status = farm.wait_for_state("Aborted")

    assert condition(waiting, "Running")["reason"] == "ImagePullError"
    assert "curation-job:missing" in waiting["message"]
    assert condition(status, "Ready")["reason"] == "StartTimeout"


@pytest.mark.usefixtures("operator")
def test_what_no_node_can_offer_is_said_in_the_words_of_the_scheduler(farm: Farm) -> None:
    farm.create_datasource()
    farm.create_run(job={"gpus": 64, "nodeSelector": {"gpu": "huge"}})

    status = farm.wait_for_reason("Unschedulable")

    assert status["state"] == "Pending"
    assert "didn't match" in status["message"]


@pytest.mark.usefixtures("operator")
def test_a_missing_secret_is_named_and_the_run_goes_on_when_it_is_there(farm: Farm) -> None:
    place = {"s3": {"resourcePath": "s3://curated/farm/", "region": "eu-central-1"}}
    farm.create_datasource(lightly={**place, "credentials": {"secretRef": {"name": "farm-writer"}}})
    farm.create_run(workerConfig={"datasource": {"bypassVerify": True}})

    status = farm.wait_for_reason("SecretMissing")

    assert "farm-writer" in status["message"]
    farm.control_plane.kubectl(
        "create", "secret", "generic", "farm-writer", "--from-literal=accessKeyId=moo",
        f"--namespace={farm.namespace}",
    )  # fmt: skip
    farm.wait_for_run(
        lambda status: condition(status, "Ready").get("reason") != "SecretMissing", "it goes on"
    )


@pytest.mark.usefixtures("operator")
def test_a_quota_that_is_used_up_is_a_queue(farm: Farm) -> None:
    farm.create_datasource()
    farm.wait_for_datasource("ProbeSucceeded")
    farm.control_plane.kubectl(
        "create", "quota", "no-pods", "--hard=requests.memory=1", f"--namespace={farm.namespace}"
    )
    farm.create_run()

    status = farm.wait_for_reason("QuotaExceeded")

    assert (status["state"], condition(status, "Queued")["status"]) == ("Queued", "True")
    assert "no-pods" in status["message"]
    farm.control_plane.kubectl("delete", "quota", "no-pods", f"--namespace={farm.namespace}")
    farm.delete_job(of="first-")
    farm.wait_for_state("Completed")


@pytest.mark.usefixtures("operator")
def test_pods_that_the_namespace_never_takes_end_the_run(farm: Farm) -> None:
    farm.create_datasource()
    farm.wait_for_datasource("ProbeSucceeded")
    policy = {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": {"name": "tiny"},
        "spec": {"limits": [{"type": "Container", "max": {"memory": "1Mi"}}]},
    }
    farm.control_plane.kubectl(
        "create", f"--namespace={farm.namespace}", "-f", "-", input=json.dumps(policy)
    )
    farm.create_run()

    status = farm.wait_for_state("Failed")

    assert condition(status, "Ready")["reason"] == "PodTemplateRejected"
    assert condition(status, "Accepted")["status"] == "False"
    assert "maximum memory usage" in status["message"]
    farm.wait(lambda: not farm.jobs(of="first-"), "its Job is gone")


@pytest.mark.usefixtures("operator")
def test_a_job_that_a_policy_denies_ends_the_run_before_anything_is_created(farm: Farm) -> None:
    farm.create_datasource()
    farm.wait_for_datasource("ProbeSucceeded")
    deny_jobs_with_label(farm, "team")
    farm.create_run(job={"podLabels": {"team": "barn"}, "parallelism": 2})

    status = farm.wait_for_state("Failed")

    assert condition(status, "Ready")["reason"] == "PodTemplateRejected"
    assert "no barn here" in status["message"]
    assert farm.jobs(of="first-") == []


def deny_jobs_with_label(farm: Farm, label: str) -> None:
    """A policy of the cluster for this namespace only."""
    name = f"deny-{farm.namespace}"
    selected = {"matchLabels": {"kubernetes.io/metadata.name": farm.namespace}}
    rule = {
        "apiGroups": ["batch"],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["jobs"],
    }
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "matchConstraints": {"resourceRules": [rule]},
            "validations": [
                {
                    "expression": f"!('{label}' in object.spec.template.metadata.labels)",
                    "message": "no barn here",
                }
            ],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {
            "policyName": name,
            "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": selected},
        },
    }
    for body in (policy, binding):
        farm.control_plane.kubectl("create", "-f", "-", input=json.dumps(body))
    pod = {"restartPolicy": "Never", "containers": [{"name": "x", "image": "x"}]}
    template = {"metadata": {"labels": {label: "x"}}, "spec": pod}
    job = {"metadata": {"generateName": "x-"}, "spec": {"template": template}}
    farm.wait(
        lambda: (
            farm.api.post(f"/apis/batch/v1/namespaces/{farm.namespace}/jobs?dryRun=All", job).status
            == 422
        ),
        "the policy is in force",
    )


@pytest.mark.usefixtures("operator")
def test_a_job_of_somebody_else_by_our_name_is_left_alone(farm: Farm) -> None:
    farm.create_datasource()
    farm.wait_for_datasource("ProbeSucceeded")
    farm.create_run(suspend=True)
    theirs = farm.take_job_name("first")

    farm.change_run(suspend=False)

    status = farm.wait_for_state("Failed")
    assert condition(status, "Ready")["reason"] == "NameConflict"
    [left] = farm.jobs(of="first-")
    assert (left["metadata"]["uid"], left["spec"]) == (theirs["metadata"]["uid"], theirs["spec"])
    assert "ownerReferences" not in left["metadata"]


def test_elsewhere_nothing_happens(farm: Farm, operators: Operators) -> None:
    elsewhere = new_namespace(farm.control_plane)
    with operators():
        farm.create_datasource()
        farm.wait_for_datasource("ProbeSucceeded")

    jobs = farm.api.get(f"/apis/batch/v1/namespaces/{elsewhere}/jobs").body["items"]
    assert jobs == []


def began(farm: Farm) -> list[object]:
    return [line for line in farm.journal() if line["what"] == "began"]
