"""Users who may do only some things."""

from functools import partial

from tests.support.cluster_fixtures import RestrictedUser
from tools.control_plane.cluster import ControlPlane
from tools.waiting import wait_until


def somebody(
    control_plane: ControlPlane, namespace: str, name: str, *rights: str
) -> RestrictedUser:
    """A user who may do these things in the namespace: `VERB,VERB RESOURCE`."""
    where, plain = f"--namespace={namespace}", name.replace(":", "-")
    for number, right in enumerate(rights):
        verbs, resource = right.split()
        role = ("create", "role", f"{plain}-{number}", f"--verb={verbs}", f"--resource={resource}")
        binding = ("create", "rolebinding", f"{plain}-{number}", f"--role={plain}-{number}")
        control_plane.kubectl(*role, where)
        control_plane.kubectl(*binding, f"--user={name}", where)
    for right in rights:
        verbs, resource = right.split()
        wait_until(
            partial(_may, control_plane, name, namespace, verbs.split(",")[0], resource),
            seconds=20,
            what=f"{name} has the right to {right}",
        )
    return RestrictedUser(name, control_plane.kubeconfig_for(name))


def _may(control_plane: ControlPlane, user: str, namespace: str, verb: str, resource: str) -> bool:
    plural, _, group = resource.partition(".")
    asked = {"namespace": namespace, "verb": verb, "resource": plural, "group": group}
    review = {"spec": {"user": user, "resourceAttributes": asked}}
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    return bool(control_plane.api.post(path, review).body["status"]["allowed"])
