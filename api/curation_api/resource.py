"""What every resource has: a name, and whatever else Kubernetes keeps about an object."""

import re
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from curation_api.fields import LONGEST_RUN_NAME
from curation_api.model import ApiModel, Rule

_LABEL = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")


class ObjectMeta(ApiModel):
    """Name, namespace, labels and whatever else the API server keeps."""

    model_config = ConfigDict(extra="allow")

    name: Annotated[str, Field(min_length=1)] | None = None
    """The name of the object."""

    generate_name: str | None = None
    """What a generated name begins with."""

    namespace: str | None = None
    """Where the object lives."""

    labels: dict[str, str] | None = None
    """Labels to select by."""

    annotations: dict[str, str] | None = None
    """Remarks for tools."""

    uid: str | None = None
    """What tells this object from a later one of the same name."""

    generation: int | None = None
    """Counts the changes of the spec."""


class Resource(ApiModel):
    """An object of ours in the API server."""

    api_version: str
    """curation.dev/v1alpha1."""

    kind: str
    """What the object is."""

    metadata: ObjectMeta
    """Name, namespace, labels and annotations."""

    def manifest(self) -> dict[str, Any]:
        """As plain data for `kubectl apply`, with only what was said and none of the defaults."""
        return {"apiVersion": self.api_version, "kind": self.kind, **super().manifest()}


def short_name(kind: str) -> Rule:
    """Names of Jobs and Pods are made from this name, and must fit into 63 characters."""

    def holds(resource: object) -> bool:
        name = getattr(getattr(resource, "metadata", None), "name", None)
        return name is None or (len(name) <= LONGEST_RUN_NAME and _LABEL.match(name) is not None)

    return Rule(
        cel=f"size(self.metadata.name) <= {LONGEST_RUN_NAME}"
        " && self.metadata.name.matches(r'^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
        holds=holds,
        message=f"metadata.name of a {kind} may have at most {LONGEST_RUN_NAME} characters:"
        " small letters, digits and '-', with a letter or digit at both ends",
    )
