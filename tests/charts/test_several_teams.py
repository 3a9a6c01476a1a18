"""Who may do little in a namespace cannot have the operator do more for them."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import yaml

from curation_api.names import API_VERSION
from tests.curation_operator.farm import SELECTION
from tests.support.cluster_fixtures import PATIENCE_SECONDS, new_namespace
from tests.support.helm import CHART, Helm, of_kind
from tools.control_plane.api import Answer
from tools.control_plane.cluster import ControlPlane
from tools.waiting import wait_until

ANA = "ana@acme.com"
PREFIX = "registry.example.com/team/"

# What Ana may have beside runs and Datasources, each of it by name.
HERS = [
    {"apiGroups": [""], "resources": [resource], "resourceNames": ["hers"], "verbs": [verb]}
    for resource, verb in (
        ("secrets", "get"),
        ("configmaps", "get"),
        ("persistentvolumeclaims", "get"),
        ("serviceaccounts", "impersonate"),
    )
]


@pytest.fixture(scope="module")
def policies(helm3: Helm, cluster: ControlPlane) -> Iterator[None]:
    """A release that has all but the operator itself."""
    helm = Helm(helm3.program, cluster.kubeconfig)
    where = "--namespace=curation-system"
    values = {
        "replicas": 0,
        "serviceAccount": {"name": "nobody"},
        "admissionPolicy": {"imagePrefixes": [PREFIX]},
        "settings": {"customImagesAllowed": True},
    }
    helm("install", "curation", str(CHART), where, "--create-namespace", values=values)
    yield
    helm("uninstall", "curation", where)


@pytest.fixture(scope="module")
def field(policies: None, cluster: ControlPlane) -> str:
    """A namespace where Ana may edit runs and Datasources, and use little else."""
    del policies
    namespace = new_namespace(cluster)
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "hers"},
        "rules": HERS,
    }
    cluster.kubectl("create", "-n", namespace, "-f", "-", input=yaml.safe_dump(role))
    for name, roles in (("ours", "--clusterrole=curation-edit"), ("hers", "--role=hers"),
                        ("view", "--clusterrole=curation-view")):  # fmt: skip
        cluster.kubectl("create", "rolebinding", name, roles, f"--user={ANA}", "-n", namespace)
    for status, tries, what in (
        (201, partial(tries_datasource, keys="hers"), "Ana may create a Datasource"),
        (403, partial(tries_datasource, keys="theirs"), "the policy for Datasources is in force"),
        (403, partial(tries_run, imagePullSecrets=["theirs"]), "the policy for runs is in force"),
    ):
        is_so = partial(answers, status, partial(tries, cluster, namespace))
        wait_until(is_so, seconds=PATIENCE_SECONDS, what=what)
    answer = cluster.api.post(path(namespace, "datasources"), datasource("there", keys="hers"))
    assert answer.status == 201, answer.body
    return namespace


def answers(status: int, tries: Callable[[], Answer]) -> bool:
    return tries().status == status


def path(namespace: str, plural: str, options: str = "") -> str:
    return f"/apis/{API_VERSION}/namespaces/{namespace}/{plural}{options}"


def datasource(name: str = "try", *, keys: str = "hers", **spec: Any) -> Any:
    place = {
        "s3": {"resourcePath": "s3://datalake/farm/", "region": "eu-central-1"},
        "credentials": {"secretRef": {"name": keys}},
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "Datasource",
        "metadata": {"name": name},
        "spec": {"type": "IMAGES", "input": place, **spec},
    }


def tries_datasource(
    cluster: ControlPlane, namespace: str, *, as_user: str = ANA, **spec: Any
) -> Answer:
    body = datasource(**spec)
    return cluster.api.post(path(namespace, "datasources", "?dryRun=All"), body, as_user=as_user)


def tries_run(
    cluster: ControlPlane, namespace: str, *, of: str = "there", as_user: str = ANA, **job: Any
) -> Answer:
    body = {
        "apiVersion": API_VERSION,
        "kind": "CurationRun",
        "metadata": {"name": "try"},
        "spec": {"datasourceRef": {"name": of}, "selectionConfig": SELECTION, "job": job},
    }
    return cluster.api.post(path(namespace, "curationruns", "?dryRun=All"), body, as_user=as_user)


def volume(**source: Any) -> Any:
    return {"name": "v", "mountPath": "/v", **source}


def test_with_what_is_hers_ana_gets_along(cluster: ControlPlane, field: str) -> None:
    mine = tries_datasource(
        cluster, field, serviceAccountName="hers", lightly={"local": {"claimName": "hers"}}
    )
    run = tries_run(
        cluster,
        field,
        serviceAccountName="hers",
        imagePullSecrets=["hers"] * 1,
        image=f"{PREFIX}worker:1",
        volumes=[volume(persistentVolumeClaim={"claimName": "hers"})]
        + [{**volume(configMap={"name": "hers"}), "name": f"v{i}", "mountPath": f"/v{i}"}
           for i in range(9)],
    )  # fmt: skip

    assert mine.status == 201, mine.body
    assert run.status == 201, run.body


ELSEWHERE = {"s3": {"resourcePath": "s3://elsewhere/farm/", "region": "eu-central-1"}}


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ({"keys": "theirs"}, 'spec.input.credentials: ana@acme.com may not get Secret "theirs"'),
        (
            {"lightly": {**ELSEWHERE, "credentials": {"secretRef": {"name": "theirs"}}}},
            'spec.lightly.credentials: ana@acme.com may not get Secret "theirs"',
        ),
        (
            {"lightly": {"local": {"claimName": "theirs"}}},
            'spec.lightly.local: ana@acme.com may not get PersistentVolumeClaim "theirs"',
        ),
        (
            {"serviceAccountName": "theirs"},
            'spec.serviceAccountName: ana@acme.com may not impersonate ServiceAccount "theirs"',
        ),
    ],
    ids=["secret-of-the-input", "secret-of-the-results", "volume", "service-account"],
)  # fmt: skip
def test_a_datasource_cannot_use_what_is_theirs(
    cluster: ControlPlane, field: str, spec: Any, sentence: str
) -> None:
    refused = tries_datasource(cluster, field, **spec)

    assert refused.status == 403
    assert sentence in refused.body["message"]
    assert "ask for the right to" in refused.body["message"]


@pytest.mark.parametrize(
    ("job", "sentence"),
    [
        (
            {"serviceAccountName": "theirs"},
            'spec.job.serviceAccountName: ana@acme.com may not impersonate ServiceAccount "theirs"',
        ),
        (
            {"imagePullSecrets": ["hers", "theirs"]},
            'spec.job.imagePullSecrets[1]: ana@acme.com may not get Secret "theirs"',
        ),
        (
            {"volumes": [volume(persistentVolumeClaim={"claimName": "theirs"})]},
            'spec.job.volumes[0]: ana@acme.com may not get PersistentVolumeClaim "theirs"',
        ),
        (
            {"volumes": [volume(configMap={"name": "theirs"})]},
            'spec.job.volumes[0]: ana@acme.com may not get ConfigMap "theirs"',
        ),
        (
            {"image": "registry.example.com/other:1"},
            'spec.job.image: "registry.example.com/other:1" starts with none of',
        ),
    ],
    ids=["service-account", "pull-secret", "volume", "config-map", "image"],
)  # fmt: skip
def test_a_run_cannot_use_what_is_theirs(
    cluster: ControlPlane, field: str, job: Any, sentence: str
) -> None:
    refused = tries_run(cluster, field, **job)

    assert refused.status == 403
    assert sentence in refused.body["message"]


def test_a_run_cannot_read_a_datasource_that_its_user_may_not_read(
    cluster: ControlPlane, field: str
) -> None:
    cluster.kubectl("create", "rolebinding", "blind", "--clusterrole=curation-edit",
                    "--user=ben@acme.com", "-n", field)  # fmt: skip

    def refusal() -> str:
        answer = tries_run(cluster, field, as_user="ben@acme.com")
        return str(answer.body["message"]) if "spec.datasourceRef" in str(answer.body) else ""

    said = wait_until(refusal, seconds=PATIENCE_SECONDS, what="Ben may create runs")

    assert 'ben@acme.com may not get Datasource "there"' in said


def test_a_datasource_of_others_cannot_be_pointed_elsewhere(
    cluster: ControlPlane, field: str
) -> None:
    others = path(field, "datasources") + "/theirs"
    body = datasource("theirs", keys="theirs")
    assert cluster.api.post(path(field, "datasources"), body).status == 201

    pointed = cluster.api.patch(others, {"spec": {"input": ELSEWHERE}}, as_user=ANA)
    labelled = cluster.api.patch(others, {"metadata": {"labels": {"team": "a"}}}, as_user=ANA)

    assert pointed.status == 403
    assert labelled.status == 200, labelled.body


def may(cluster: ControlPlane, user: str, verb: str, namespace: str) -> bool:
    attributes = {"group": "curation.dev", "resource": "datasources", "namespace": namespace}
    answer = cluster.api.post(
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        {"spec": {"user": user, "resourceAttributes": {**attributes, "verb": verb}}},
    )
    return bool(answer.body["status"]["allowed"])


@pytest.mark.parametrize(
    ("role", "allowed", "refused"),
    [("view", "list", "create"), ("edit", "create", "deletecollection"),
     ("admin", "deletecollection", None)],
)  # fmt: skip
def test_the_usual_roles_hold_for_our_kinds(
    cluster: ControlPlane, field: str, role: str, allowed: str, refused: str | None
) -> None:
    user = f"{role}@acme.com"
    binding = ["create", "rolebinding", f"the-{role}", f"--clusterrole={role}", f"--user={user}"]
    cluster.kubectl(*binding, "-n", field)

    wait_until(
        lambda: may(cluster, user, allowed, field),
        seconds=PATIENCE_SECONDS,
        what=f"{role} may {allowed} Datasources",
    )
    assert refused is None or not may(cluster, user, refused, field)


def test_without_the_policy_anything_goes(helm3: Helm) -> None:
    objects = helm3.rendered({"admissionPolicy": {"enabled": False}})

    assert of_kind("ValidatingAdmissionPolicy", objects) == []
    assert of_kind("ValidatingAdmissionPolicyBinding", objects) == []
