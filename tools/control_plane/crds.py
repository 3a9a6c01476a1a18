"""Makes an API server know our kinds."""

import json
from functools import partial
from http import HTTPStatus
from pathlib import Path

from tools.control_plane.cluster import ControlPlane
from tools.waiting import wait_until

# Serving a new kind takes a second or two.
PATIENCE_SECONDS = 30


def install_crds(control_plane: ControlPlane, folder: Path) -> None:
    """Install every CRD of the folder; afterwards kubectl knows, explains and stores objects."""
    printed = control_plane.kubectl("apply", "--server-side", "--output=json", f"-f={folder}")
    applied = json.loads(printed)
    for definition in applied["items"] if applied["kind"] == "List" else [applied]:
        spec = definition["spec"]
        for version in spec["versions"]:
            served_at = f"/apis/{spec['group']}/{version['name']}"
            wait_until(
                partial(_is_served, control_plane, served_at, spec["names"]["plural"]),
                seconds=PATIENCE_SECONDS,
                what=f"the API server serves {spec['names']['plural']} at {served_at}",
            )
    # kubectl looked around before our kinds were there, and would remember that for hours.
    control_plane.kubectl("api-resources", "--output=name")


def _is_served(control_plane: ControlPlane, served_at: str, plural: str) -> bool:
    """Whether a kind can be listed, found by its short name, and explained; each comes later."""
    listed = control_plane.api.get(f"{served_at}/{plural}")  # 404, then 429, then 200
    if listed.status != HTTPStatus.OK:
        return False
    explained = control_plane.api.get(f"/openapi/v3{served_at}")
    found = control_plane.api.get(served_at)
    return explained.status == HTTPStatus.OK and plural in {
        kind["name"] for kind in found.body["resources"]
    }
