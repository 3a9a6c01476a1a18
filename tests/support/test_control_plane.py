"""What the tests of this project may expect of their Kubernetes."""

import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.cluster_fixtures import RestrictedUser, new_namespace
from tools.control_plane.api import SERVER_SIDE_APPLY
from tools.control_plane.cluster import ControlPlane, KubectlError
from tools.control_plane.errors import ControlPlaneError
from tools.control_plane.pins import pinned_version
from tools.control_plane.processes import supervised_processes
from tools.waiting import wait_until

PATIENCE_SECONDS = 20

HOLD_A_CONTROL_PLANE = """
import json, sys, time
from pathlib import Path
from tools.control_plane.binaries import ensure_binaries
from tools.control_plane.processes import supervised_processes
from tools.control_plane.start import PROGRAMS, running_control_plane

with supervised_processes(Path(sys.argv[1])) as processes:
    with running_control_plane(processes, ensure_binaries(*PROGRAMS)):
        print(json.dumps(processes.pids), flush=True)
        time.sleep(600)
"""


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def a_job(name: str) -> dict[str, Any]:
    container = {"name": "work", "image": "nowhere/nothing:1"}
    pod = {"restartPolicy": "Never", "containers": [container]}
    return {"metadata": {"name": name}, "spec": {"template": {"spec": pod}}}


def test_it_is_ready_and_of_the_pinned_version(control_plane: ControlPlane) -> None:
    assert control_plane.api.get("/readyz").body == "ok"

    version = control_plane.api.get("/version").body["gitVersion"]

    assert version == pinned_version("kubernetes", "k8s.io/kubernetes")


def test_a_stranger_may_do_nothing_until_a_role_is_bound(
    control_plane: ControlPlane, namespace: str, restricted_user: Callable[[str], RestrictedUser]
) -> None:
    read_pods = ["get", "pods", f"--namespace={namespace}", "--output=name"]
    stranger = control_plane.kubeconfig_for("stranger@example.com")
    with pytest.raises(KubectlError, match="Forbidden"):
        control_plane.kubectl(*read_pods, f"--kubeconfig={stranger}")

    viewer = restricted_user("clusterrole/view")

    assert control_plane.kubectl(*read_pods, f"--kubeconfig={viewer.kubeconfig}") == ""
    assert control_plane.kubectl(*read_pods, as_user=viewer.name) == ""


def test_a_role_reaches_no_further_than_its_namespace(
    control_plane: ControlPlane, namespace: str, restricted_user: Callable[[str], RestrictedUser]
) -> None:
    viewer = restricted_user("clusterrole/view").name
    elsewhere = new_namespace(control_plane)

    here = control_plane.api.get(f"/api/v1/namespaces/{namespace}/pods", as_user=viewer)
    there = control_plane.api.get(f"/api/v1/namespaces/{elsewhere}/pods", as_user=viewer)

    assert (here.status, there.status) == (200, 403)


def test_a_member_of_a_bound_group_may_do_what_the_group_may(control_plane: ControlPlane) -> None:
    kubeconfig = control_plane.kubeconfig_for("ana", ["auditors", "system:masters"])

    said = control_plane.kubectl("auth", "whoami", "--output=json", f"--kubeconfig={kubeconfig}")

    user = json.loads(said)["status"]["userInfo"]
    assert user["username"] == "ana"
    assert {"auditors", "system:masters"} <= set(user["groups"])


def test_a_job_makes_a_pod_that_waits_for_a_node_to_its_liking(
    control_plane: ControlPlane, namespace: str
) -> None:
    jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    job = a_job("train")
    job["spec"]["template"]["spec"]["nodeSelector"] = {"floor": "thirteenth"}
    assert control_plane.api.post(jobs, job).status == 201

    def scheduling() -> Any:
        pods = control_plane.api.get(f"/api/v1/namespaces/{namespace}/pods").body["items"]
        return [pod["status"]["conditions"] for pod in pods if "conditions" in pod["status"]]

    [[condition]] = wait_until(
        scheduling, seconds=PATIENCE_SECONDS, what="the pod has been looked at by the scheduler"
    )
    assert (condition["type"], condition["reason"]) == ("PodScheduled", "Unschedulable")


def test_a_service_account_token_is_who_it_says(
    control_plane: ControlPlane, namespace: str
) -> None:
    token = control_plane.kubectl("create", "token", "default", f"--namespace={namespace}").strip()

    review = control_plane.api.post(
        "/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": token}}
    )

    user = review.body["status"]["user"]["username"]
    assert user == f"system:serviceaccount:{namespace}:default"


def test_every_test_has_a_namespace_of_its_own(control_plane: ControlPlane, namespace: str) -> None:
    config_map = {"metadata": {"name": "mine"}}
    control_plane.api.post(f"/api/v1/namespaces/{namespace}/configmaps", config_map)

    another = new_namespace(control_plane)

    found = control_plane.api.get(f"/api/v1/namespaces/{another}/configmaps/mine")
    assert found.status == 404


@pytest.mark.usefixtures("crds")
def test_our_kinds_are_served(control_plane: ControlPlane, namespace: str) -> None:
    path = f"/apis/curation.dev/v1alpha1/namespaces/{namespace}/datasources"

    assert control_plane.api.get(path).body["items"] == []


def test_kubectl_takes_a_manifest_and_tells_why_it_was_refused(
    control_plane: ControlPlane, namespace: str
) -> None:
    manifest = json.dumps({"apiVersion": "batch/v1", "kind": "Job", **a_job("Not_A_Name")})

    with pytest.raises(KubectlError, match='"Not_A_Name" is invalid'):
        control_plane.kubectl("create", "-f=-", f"--namespace={namespace}", input=manifest)


def test_the_api_creates_changes_and_deletes(control_plane: ControlPlane, namespace: str) -> None:
    api, all_of_them = control_plane.api, f"/api/v1/namespaces/{namespace}/configmaps"
    it = f"{all_of_them}/colours"
    applied = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "colours"}}

    created = api.post(all_of_them, {"metadata": {"name": "colours"}, "data": {"sky": "blue"}})
    assert (created.status, created.body["data"]) == (201, {"sky": "blue"})
    assert api.put(it, {**created.body, "data": {"sky": "red"}}).body["data"] == {"sky": "red"}
    assert api.patch(it, {"data": {"sky": "grey"}}).body["data"] == {"sky": "grey"}
    by_another = api.patch(
        f"{it}?fieldManager=another", {**applied, "data": {"sky": "red"}}, kind=SERVER_SIDE_APPLY
    )
    assert (by_another.status, by_another.body["reason"]) == (409, "Conflict")
    assert api.delete(it).status == 200
    assert api.get(it).status == 404


def test_the_api_passes_on_warnings(control_plane: ControlPlane, namespace: str) -> None:
    jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs?dryRun=All"

    created = control_plane.api.post(jobs, {**a_job("embed"), "colour": "green"})

    assert created.warnings == ['unknown field "colour"']


def test_a_program_that_ends_too_early_is_reported_with_its_last_words(tmp_path: Path) -> None:
    with supervised_processes(tmp_path / "data") as processes:
        processes.start("etcd", ["sh", "-c", "echo no space left >&2; exit 3"])

        with pytest.raises(ControlPlaneError, match=r"(?s)etcd .* exit code 3.*no space left"):
            wait_until(processes.check, seconds=PATIENCE_SECONDS, what="etcd ends")


def test_a_program_that_we_end_is_not_missed_and_may_be_started_again(tmp_path: Path) -> None:
    with supervised_processes(tmp_path / "data") as processes:
        processes.start("sleeper", ["sleep", "600"])
        first = processes.pids["sleeper"]

        processes.end("sleeper")
        processes.check()
        processes.start("sleeper", ["sleep", "600"])

        assert not is_running(first)
        assert is_running(processes.pids["sleeper"])


def test_a_forked_child_of_ours_does_not_keep_them_running(tmp_path: Path) -> None:
    with supervised_processes(tmp_path / "data") as processes:
        processes.start("sleeper", ["sleep", "600"])
        child = multiprocessing.get_context("fork").Process(target=time.sleep, args=[600])
        child.start()

    assert child.is_alive()
    assert not is_running(processes.pids["sleeper"])
    child.kill()
    child.join()


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with (
        supervised_processes(tmp_path / "data") as processes,
        pytest.raises(ControlPlaneError, match=r"etcd could not be started: .*no-such-program"),
    ):
        processes.start("etcd", ["no-such-program"])


@pytest.mark.usefixtures("control_plane_programs")
def test_a_killed_process_leaves_nothing_of_its_control_plane(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_A_CONTROL_PLANE, folder], stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        pids = json.loads(holder.stdout.readline())
        assert len(pids) == 4
        assert all(map(is_running, pids.values()))
        assert (folder / "kubeconfig").exists()

        holder.kill()

    wait_until(
        lambda: not any(map(is_running, pids.values())),
        seconds=PATIENCE_SECONDS,
        what="all four processes are gone",
    )
    wait_until(lambda: not folder.exists(), seconds=PATIENCE_SECONDS, what="the folder is gone")


def test_where_nothing_can_be_built_the_tests_are_skipped_and_say_why(tmp_path: Path) -> None:
    environ = {**os.environ, "CURATION_CACHE": str(tmp_path), "KUBEBUILDER_ASSETS": "", "PATH": ""}
    one_test = f"{__file__}::{test_it_is_ready_and_of_the_pinned_version.__name__}"

    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", one_test],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "1 skipped" in ran.stdout
    assert "No Go toolchain to build etcd, kube-apiserver" in ran.stdout
