"""What the chart makes of its values, with each Helm and for each Kubernetes."""

import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from curation_operator.settings import OperatorSettings
from tests.support.helm import (
    CHART,
    EVERYTHING,
    Helm,
    HelmError,
    environment_of,
    of_kind,
)
from tools.control_plane.cluster import ControlPlane
from tools.generate.chart_values import SET_BY_THE_CHART

ROOT = Path(__file__).parents[2]
SUPPORTED = ("1.31", "1.32", "1.33", "1.34", "1.35", "1.36", "1.37")

# Kinds that Kubernetes itself does not have.
OF_THE_PROMETHEUS_OPERATOR = {"PodMonitor", "PrometheusRule", "ServiceMonitor"}


def test_helm_finds_nothing_to_complain_about(helm: Helm) -> None:
    helm("lint", "--strict", str(CHART))


@pytest.mark.parametrize(
    ("version", "values"),
    [*((version, EVERYTHING) for version in SUPPORTED), (SUPPORTED[0], {}), (SUPPORTED[-1], {})],
    ids=[*SUPPORTED, f"defaults-{SUPPORTED[0]}", f"defaults-{SUPPORTED[-1]}"],
)
def test_every_object_is_valid(helm3: Helm, values: Any, version: str) -> None:
    # CRDs are as tests elsewhere have the API server take them, and take long to check here.
    without_crds = {**values, "crds": {"enabled": False}}
    for item in helm3.rendered(without_crds, f"--kube-version={version}"):
        if item["kind"] not in OF_THE_PROMETHEUS_OPERATOR:
            kubernetes_validate.validate(item, version, strict=True)


def test_both_helms_make_the_same(helm: Helm, helm3: Helm) -> None:
    assert helm.rendered(EVERYTHING) == helm3.rendered(EVERYTHING)


def test_an_older_kubernetes_is_refused(helm: Helm) -> None:
    with pytest.raises(HelmError, match=r"kubeVersion: >=1\.31\.0-0"):
        helm.rendered({}, "--kube-version=1.30")


def test_its_crds_are_ours_and_stay_when_the_release_goes(helm3: Helm) -> None:
    ours = {
        crd["metadata"]["name"]: crd
        for crd in (yaml.safe_load(path.read_text()) for path in (ROOT / "crds").iterdir())
    }

    rendered = of_kind("CustomResourceDefinition", helm3.rendered())

    assert {crd["metadata"]["name"]: crd["spec"] for crd in rendered} == {
        name: crd["spec"] for name, crd in ours.items()
    }
    for crd in rendered:
        assert crd["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert of_kind("CustomResourceDefinition", helm3.rendered({"crds": {"enabled": False}})) == []


ROLES = {
    role["metadata"]["name"]: role["rules"]
    for role in yaml.safe_load_all((ROOT / "operator/role.yaml").read_text())
}


def test_the_operator_has_the_rights_that_it_asks_for(helm3: Helm) -> None:
    objects = helm3.rendered({"replicas": 2, "settings": {"kueue": True}})

    [binding] = of_kind("ClusterRoleBinding", objects)
    rights = {role["metadata"]["name"]: role["rules"] for role in of_kind("ClusterRole", objects)}
    assert rights[binding["roleRef"]["name"]] == [
        *ROLES["curation-operator"],
        *ROLES["curation-operator-kueue"],
    ]
    [leases] = of_kind("Role", objects)
    assert leases["rules"] == ROLES["curation-operator-leases"]
    assert leases["metadata"]["namespace"] == "curation-system"


def test_for_some_namespaces_it_has_rights_there_and_nowhere_else(helm3: Helm) -> None:
    objects = helm3.rendered({"namespaces": ["farms", "roads"], "userRoles": {"enabled": False}})

    assert of_kind("ClusterRole", objects) == of_kind("ClusterRoleBinding", objects) == []
    for kind in ("Role", "RoleBinding"):
        places = [item["metadata"]["namespace"] for item in of_kind(kind, objects)]
        assert places == ["farms", "roads"]


SETTINGS = {
    "customImagesAllowed": True,
    "job": {"gpus": 2, "memory": "32Gi", "tolerations": [{"key": "gpu", "operator": "Exists"}]},
    "gpuResource": "amd.com/gpu",
    "priorityClasses": {"HIGH": "urgent"},
    "kueue": True,
    "probeQueueName": "probes",
    "probeIntervalSeconds": 1_000_000,
    "workers": 16,
    "progressSeconds": 0.5,
    "logLevel": "DEBUG",
}


def test_every_setting_reaches_the_operator(helm3: Helm, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"settings": SETTINGS, "namespaces": ["farms"], "replicas": 2,
              "jobImage": {"digest": f"sha256:{'0' * 64}"}}  # fmt: skip

    [deployment] = of_kind("Deployment", helm3.rendered(values))

    for name, value in environment_of(deployment).items():
        monkeypatch.setenv(name, value)
    assert OperatorSettings.from_environment().model_dump(exclude_defaults=True) == {
        **OperatorSettings.model_validate(
            {re.sub("([A-Z])", r"_\1", name).lower(): value for name, value in SETTINGS.items()}
        ).model_dump(exclude_defaults=True),
        "namespaces": ("farms",),
        "leader_election": True,
        "lease_name": "curation",
        "worker_image": f"curation-job@sha256:{'0' * 64}",
    }


def test_what_the_chart_fills_in_is_a_setting() -> None:
    assert set(OperatorSettings.model_fields) >= SET_BY_THE_CHART


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"replica": 2}, "additional properties 'replica' not allowed"),
        ({"replicas": "two"}, "/replicas': got string, want integer"),
        ({"settings": {"job": {"gpu": 1}}}, "additional properties 'gpu' not allowed"),
        ({"settings": {"job": {"gpus": -1}}}, "/settings/job/gpus': minimum: got -1, want 0"),
        ({"settings": {"logLevels": "INFO"}}, "additional properties 'logLevels' not allowed"),
        ({"settings": {"priorityClasses": {"URGENT": "x"}}}, "'URGENT'"),
        ({"image": {"digest": "latest"}}, "'latest' does not match pattern"),
        (
            {"settings": {"probeQueueName": "probes"}},
            "settings.probeQueueName names a queue of Kueue, but settings.kueue is not true. "
            "To fix it: set settings.kueue=true, or leave the queue out",
        ),
        (
            {"admissionPolicy": {"imagePrefixes": ["registry.example.com/"]}},
            "imagePrefixes allows images that settings.customImagesAllowed does not",
        ),
        (
            {"serviceAccount": {"create": False}},
            "say in serviceAccount.name which service account the operator is to have",
        ),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_with_a_sentence(helm: Helm, values: Any, sentence: str) -> None:
    with pytest.raises(HelmError) as refused:
        helm.rendered(values)

    assert sentence in str(refused.value)


def test_a_single_replica_is_never_two_and_of_several_one_stays(helm3: Helm) -> None:
    single, several = helm3.rendered(), helm3.rendered({"replicas": 2})

    [deployment] = of_kind("Deployment", single)
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    assert of_kind("PodDisruptionBudget", single) == []  # It could never be drained.
    [budget] = of_kind("PodDisruptionBudget", several)
    assert budget["spec"]["minAvailable"] == 1


def test_pods_pass_the_strictest_level(helm3: Helm, cluster: ControlPlane) -> None:
    namespace = "strict"
    cluster.kubectl("create", "namespace", namespace)
    level = "pod-security.kubernetes.io/enforce=restricted"
    cluster.kubectl("label", "namespace", namespace, level)
    [deployment] = of_kind("Deployment", helm3.rendered())
    template = deployment["spec"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", **template, "metadata": {"name": "operator"}}
    pod["spec"]["serviceAccountName"] = "default"

    answer = cluster.api.post(f"/api/v1/namespaces/{namespace}/pods?dryRun=All", pod)

    assert answer.status == 201, answer.body
