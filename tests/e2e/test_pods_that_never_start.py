"""Failure modes that keep a Pod from starting, on any cluster: what the status says of each."""

import re
from typing import Any

import pytest

from tests.curation_operator.conftest import Operators
from tests.curation_operator.farm import Farm, condition
from tests.e2e.runs import PATIENCE_SECONDS, UNVERIFIED, why_not_ready

BUCKET = {"s3": {"resourcePath": "s3://datalake/farm/", "region": "eu-central-1"}}
WITH_KEYS = {**BUCKET, "credentials": {"secretRef": {"name": "farm-reader"}}}


def create_run(field: Farm, place: Any = BUCKET, **spec: Any) -> None:
    """A run that starts at once, and would fail on a bucket that is not there if it ever ran."""
    field.create_datasource(input=place, lightly=BUCKET)
    field.create_run(workerConfig=UNVERIFIED, **spec)


def test_an_image_that_no_registry_has_is_named_and_ends_the_run_after_a_while(
    field: Farm, operators: Operators
) -> None:
    image = "127.0.0.1:9/curation-job:missing"
    with operators(worker_image=image):
        create_run(field, job={"startDeadlineSeconds": 5})
        waiting = field.wait_for_reason("ImagePullError")
        status = field.wait_for_state("Aborted", seconds=PATIENCE_SECONDS)

    assert waiting["state"] == "Pending"
    assert condition(waiting, "Running")["reason"] == "ImagePullError"
    _, message = why_not_ready(waiting)
    assert re.match(r"The image of Pod first-\S+ cannot be had \((Err|)Image\S+\): ", message)
    assert image in message
    assert why_not_ready(status)[0] == "StartTimeout"


@pytest.mark.usefixtures("operator")
def test_a_secret_that_is_missing_is_named_and_with_it_the_run_goes_on(field: Farm) -> None:
    create_run(field, WITH_KEYS)

    status = field.wait_for_reason("SecretMissing", seconds=PATIENCE_SECONDS)

    [pod] = field.pods(of="first-")
    assert status["state"] == "Pending"
    assert why_not_ready(status)[1] == (
        f"Pod {pod['metadata']['name']} waits for Secret farm-reader, which does not exist."
        " To fix it: create it; the run goes on by itself."
    )
    field.create_secret("farm-reader", {"accessKeyId": "moo"})
    field.wait_for_run(
        lambda status: why_not_ready(status)[0] != "SecretMissing",
        "it goes on",
        seconds=PATIENCE_SECONDS,
    )


@pytest.mark.usefixtures("operator")
def test_a_run_that_needs_more_gpus_than_any_node_has_says_so_in_the_words_of_the_scheduler(
    field: Farm,
) -> None:
    create_run(field, job={"gpus": 64})

    status = field.wait_for_reason("Unschedulable")

    [pod] = field.pods(of="first-")
    assert status["state"] == "Pending"
    _, message = why_not_ready(status)
    assert message.startswith(f"No node takes Pod {pod['metadata']['name']}: 0/")
    assert "Insufficient nvidia.com/gpu" in message


@pytest.mark.usefixtures("operator")
def test_a_quota_that_is_used_up_is_a_queue(field: Farm) -> None:
    field.control_plane.kubectl(
        "create", "quota", "tiny", "--hard=requests.memory=1Mi", f"--namespace={field.namespace}"
    )
    create_run(field)

    status = field.wait_for_reason("QuotaExceeded")

    assert (status["state"], condition(status, "Queued")["status"]) == ("Queued", "True")
    _, message = why_not_ready(status)
    assert message.startswith("The quota of the namespace is used up: ")
    assert "exceeded quota: tiny, requested: requests.memory=64Mi" in message


@pytest.mark.usefixtures("operator")
def test_pods_that_pod_security_refuses_end_the_run_with_what_it_says(field: Farm) -> None:
    unconfined = {"container.apparmor.security.beta.kubernetes.io/worker": "unconfined"}
    create_run(field, job={"podAnnotations": unconfined})

    status = field.wait_for_state("Failed")

    reason, message = why_not_ready(status)
    assert reason == "PodTemplateRejected"
    assert condition(status, "Accepted")["status"] == "False"
    assert message.startswith("The cluster does not take Pods like these: ")
    assert 'violates PodSecurity "restricted:latest": forbidden AppArmor profile' in message
    field.wait(lambda: not field.jobs(of="first-"), "its Job is gone")
