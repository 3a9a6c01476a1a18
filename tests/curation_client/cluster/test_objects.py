"""Our objects on a real API server, through one that stumbles."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from curation_api.names import ID_LABEL
from curation_client.cluster.access import Access
from curation_client.cluster.api_server import ApiServer, Retries
from curation_client.cluster.errors import (
    AlreadyExistsException,
    ForbiddenException,
    MaxRetryError,
    NotFoundException,
)
from curation_client.cluster.objects import Datasources, datasources_of, id_of
from curation_client.cluster.secrets import keep_secret, read_secret
from tests.support.api_proxy import Call, Proxy, api_proxy
from tests.support.background import in_background
from tests.support.cluster_fixtures import RestrictedUser
from tools.control_plane.cluster import ControlPlane

SPEC: dict[str, Any] = {
    "type": "IMAGES",
    "input": {"s3": {"resourcePath": "s3://datalake/farm/", "region": "eu-central-1"}},
}
AT_ONCE = Retries(first_seconds=0.01, after_throttling_seconds=0.02)


def server_of(kubeconfig: Path, namespace: str) -> ApiServer:
    return ApiServer(Access(kubeconfig=str(kubeconfig), namespace=namespace), AT_ONCE)


pytestmark = pytest.mark.usefixtures("crds")


@pytest.fixture
def server(control_plane: ControlPlane, namespace: str) -> ApiServer:
    return server_of(control_plane.kubeconfig, namespace)


@pytest.fixture
def proxy(control_plane: ControlPlane, tmp_path: Path) -> Iterator[Proxy]:
    with in_background(api_proxy(control_plane, tmp_path)) as running:
        yield running.thing


@pytest.fixture
def farms(server: ApiServer) -> Datasources:
    return datasources_of(server)


def is_creation(call: Call) -> bool:
    return call.method == "POST" and call.path.endswith("datasources")


def test_it_is_found_by_its_id(farms: Datasources) -> None:
    created = farms.create("farm", SPEC)

    found = farms.find_by_id(created.id)

    assert found is not None
    assert (found.name, found.labels[ID_LABEL]) == ("farm", created.id)
    assert len(created.id) == 24


def test_one_that_was_made_by_kubectl_is_found_by_its_id_too(
    farms: Datasources, control_plane: ControlPlane, namespace: str
) -> None:
    path = f"/apis/curation.dev/v1alpha1/namespaces/{namespace}/datasources"
    made = control_plane.api.post(
        path,
        {
            "apiVersion": "curation.dev/v1alpha1",
            "kind": "Datasource",
            "metadata": {"name": "farm"},
            "spec": SPEC,
        },
    ).body

    assert farms.get_by_id(id_of(made["metadata"]["uid"])).name == "farm"


def test_a_copied_label_misleads_nobody(farms: Datasources) -> None:
    real = farms.create("farm", SPEC)
    farms.create("copy", SPEC)
    farms.change("copy", {"metadata": {"labels": {ID_LABEL: real.id}}})
    farms.change("farm", {"metadata": {"labels": {ID_LABEL: None}}})

    assert farms.get_by_id(real.id).name == "farm"


def test_an_unknown_id_or_name_is_told_with_what_to_do(farms: Datasources) -> None:
    with pytest.raises(NotFoundException, match="There is no Datasource with the id 'xyz'"):
        farms.get_by_id("xyz")
    with pytest.raises(NotFoundException, match="kubectl get datasources"):
        farms.get("farm")


def test_a_lost_answer_makes_nothing_twice(proxy: Proxy, namespace: str) -> None:
    proxy.fault(is_creation, times=1, lose_answer=True)
    farms = datasources_of(server_of(proxy.kubeconfig, namespace))

    created = farms.create("farm", SPEC)

    assert [one.uid for one in farms.each()] == [created.uid]


def test_what_somebody_else_made_is_not_taken_for_ours(farms: Datasources) -> None:
    farms.create("farm", SPEC)

    with pytest.raises(AlreadyExistsException):
        farms.create("farm", SPEC)


@pytest.mark.covers("C78")
@pytest.mark.parametrize("status", [400, 408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_asked_again(proxy: Proxy, namespace: str, status: int) -> None:
    stumbling = proxy.fault(lambda call: call.method == "GET", times=2, status=status)
    farms = datasources_of(server_of(proxy.kubeconfig, namespace))

    assert [*farms.each()] == []
    assert stumbling.met == 2


@pytest.mark.covers("C78")
@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_will_not_pass_is_asked_once(proxy: Proxy, namespace: str, status: int) -> None:
    refused = proxy.fault(lambda _: True, status=status)
    farms = datasources_of(server_of(proxy.kubeconfig, namespace))

    with pytest.raises(Exception, match=r"GET|knows no"):
        [*farms.each()]

    assert refused.met == 1


@pytest.mark.covers("C78")
def test_after_five_more_tries_it_gives_up(proxy: Proxy, namespace: str) -> None:
    down = proxy.fault(lambda _: True, status=503)
    farms = datasources_of(server_of(proxy.kubeconfig, namespace))

    with pytest.raises(MaxRetryError, match="6 times"):
        [*farms.each()]

    assert down.met == 6


def test_the_pauses_are_the_documented_ones() -> None:
    for failed, seconds in {1: 1, 2: 2, 3: 4, 4: 8, 9: 120}.items():
        assert seconds <= Retries().pause(failed, 503) <= 1.1 * seconds
    assert Retries().pause(1, 429) >= 10


def test_a_cluster_without_our_kinds_is_told_so(proxy: Proxy, namespace: str) -> None:
    proxy.fault(lambda _: True, status=404)

    with pytest.raises(NotFoundException, match="Install Curation"):
        [*datasources_of(server_of(proxy.kubeconfig, namespace)).each()]


@pytest.mark.covers("C17")
def test_credentials_lie_in_a_secret_of_the_datasource(
    farms: Datasources, server: ApiServer, control_plane: ControlPlane, namespace: str
) -> None:
    farm = farms.create("farm", SPEC)

    keep_secret(server, farm, "farm-input", {"accessKeyId": "old", "sessionToken": "gone"})
    keep_secret(server, farm, "farm-input", {"accessKeyId": "new"})

    assert read_secret(server, namespace, "farm-input") == {"accessKeyId": "new"}
    secret = control_plane.api.get(f"/api/v1/namespaces/{namespace}/secrets/farm-input").body
    assert [owner["uid"] for owner in secret["metadata"]["ownerReferences"]] == [farm.uid]


def test_what_is_not_allowed_is_told_with_who_asked_for_what(
    control_plane: ControlPlane, namespace: str
) -> None:
    nobody = RestrictedUser("ben", control_plane.kubeconfig_for("ben"))

    with pytest.raises(ForbiddenException, match='User "ben" cannot list'):
        [*datasources_of(server_of(nobody.kubeconfig, namespace)).each()]
