"""Who the API server takes us for."""

from curation_client.cluster.api_server import ApiServer
from curation_client.cluster.errors import ForbiddenException, NotFoundException

REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


def username(server: ApiServer) -> str | None:
    """The name of the caller; None where the cluster does not tell."""
    try:
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        review = server.post(REVIEW, body)
    except (ForbiddenException, NotFoundException):
        return None
    name: str = review["status"]["userInfo"]["username"]
    return name
