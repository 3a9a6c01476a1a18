"""The operator's role is what it really asks for, and with no more than that it does its work."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.curation_operator.conftest import Operators
from tests.curation_operator.farm import Farm
from tests.support.api_proxy import Access, Proxy, api_proxy
from tests.support.background import in_background
from tools.control_plane.cluster import ControlPlane

ROLES = {
    role["metadata"]["name"]: role
    for role in yaml.safe_load_all((Path(__file__).parents[2] / "operator/role.yaml").read_text())
}
GATED = {"run": {"wait_for": "gate"}}

# The API server asks for these on our behalf where owners must be allowed to block deletion.
NEVER_SEEN = {
    Access("update", "curation.dev", "curationruns/finalizers"),
    Access("update", "curation.dev", "datasources/finalizers"),
}


@pytest.fixture
def proxy(control_plane: ControlPlane, tmp_path: Path) -> Iterator[Proxy]:
    with in_background(api_proxy(control_plane, tmp_path)) as running:
        yield running.thing


def granted(role: Any) -> set[Access]:
    return {
        Access(verb, group, resource)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def live_through_everything(farm: Farm) -> None:
    """A scenario with every kind of call the operator makes."""
    farm.create_datasource()
    farm.create_run("sharded", job={"parallelism": 2})
    farm.wait_for_state("Completed", name="sharded")
    farm.create_run("paused", script=GATED)
    farm.wait_for_state("Running", name="paused")
    for suspend, state in ((True, "Suspended"), (False, "Running"), (True, "Suspended")):
        farm.change_run("paused", suspend=suspend)
        farm.wait_for_state(state, name="paused")
    farm.change_run("paused", cancel=True)
    farm.wait_for_state("Aborted", name="paused")
    farm.create_run("in-the-way", suspend=True)
    farm.take_job_name("in-the-way")
    farm.change_run("in-the-way", suspend=False)
    farm.wait_for_reason("NameConflict", name="in-the-way")
    farm.control_plane.kubectl(
        "create", "quota", "none", "--hard=requests.memory=1", f"--namespace={farm.namespace}"
    )
    farm.create_run("over-quota")
    farm.wait_for_reason("QuotaExceeded", name="over-quota")


def test_the_role_grants_exactly_what_is_asked_for(
    farm: Farm, proxy: Proxy, operators: Operators
) -> None:
    with operators(kubeconfig=proxy.kubeconfig):
        live_through_everything(farm)

    assert granted(ROLES["curation-operator"]) - NEVER_SEEN == proxy.accesses()


def test_with_exactly_this_role_everything_works(
    control_plane: ControlPlane, farm: Farm, operators: Operators
) -> None:
    user = "operator@example.com"
    for arguments in (
        ["create", "-f", "-"],
        ["create", "rolebinding", "operator", "--role=curation-operator", f"--user={user}"],
    ):
        farm.control_plane.kubectl(
            *arguments,
            f"--namespace={farm.namespace}",
            input=yaml.safe_dump(ROLES["curation-operator"]),
        )
    kubeconfig = control_plane.kubeconfig_for(user)

    with operators(kubeconfig=kubeconfig):
        live_through_everything(farm)


@pytest.mark.parametrize("role", ROLES)
def test_no_role_reaches_for_what_an_operator_has_no_business_with(role: str) -> None:
    accesses = granted(ROLES[role])

    assert not any("*" in access for access in accesses)
    assert not {"secrets", "pods/exec", "pods/log", "roles"} & {
        access.resource for access in accesses
    }
    written = {access.resource for access in accesses if access.verb in {"patch", "update"}}
    assert not {"curationruns", "datasources"} & written
