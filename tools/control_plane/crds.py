"""Makes an API server know our kinds."""

import json
from functools import partial
from http import HTTPStatus
from pathlib import Path

from tools.control_plane.cluster import Cluster, KubectlError
from tools.waiting import wait_until

# Serving a new kind takes a second or two.
PATIENCE_SECONDS = 30


def install_crds(control_plane: Cluster, folder: Path) -> None:
    """Install every CRD of the folder; afterwards kubectl knows, explains and stores objects."""
    printed = control_plane.kubectl("apply", "--server-side", "--output=json", f"-f={folder}")
    applied = json.loads(printed)
    for definition in applied["items"] if applied["kind"] == "List" else [applied]:
        spec = definition["spec"]
        for version in spec["versions"]:
            kind, group = spec["names"]["plural"], f"{spec['group']}/{version['name']}"
            for comes_true in (partial(_is_served, group), _is_known, _is_explained):
                wait_until(
                    partial(comes_true, kind, control_plane),
                    seconds=PATIENCE_SECONDS,
                    what=f"the API server serves and explains {kind}",
                )


def _is_served(group: str, kind: str, control_plane: Cluster) -> bool:
    """For a moment after a CRD is Established, a list is still refused: 404, then 429."""
    return control_plane.api.get(f"/apis/{group}/{kind}").status == HTTPStatus.OK


def _is_known(kind: str, control_plane: Cluster) -> bool:
    """Whether kubectl finds the kind; it remembers for hours what it did not find."""
    return f"{kind}." in control_plane.kubectl("api-resources", "--output=name")


def _is_explained(kind: str, control_plane: Cluster) -> bool:
    """Documentation is published last, and for a moment without the newest kind."""
    try:
        control_plane.kubectl("explain", kind)
    except KubectlError:
        return False
    return True
