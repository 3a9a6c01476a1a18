"""The first run of the examples, on S3 with the rights of our pages, by real Pods without any."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.curation_operator.conftest import Operators
from tests.curation_operator.farm import Farm, condition
from tests.support.documented_places import s3_places
from tests.support.node_fixtures import REAL
from tests.support.servers.session import Servers
from tests.support.storage_places import StoragePlace
from tools.demo.data import make_pictures
from tools.dev import PICTURES_OF_A_KIND
from tools.real_node.images import ROOT
from tools.real_node.node import RealNode

# A machine that does other things takes long to start programs with torch in them.
PATIENCE_SECONDS = 180

EXAMPLE = ROOT / "examples/first-run/first.yaml"


@pytest.mark.covers("R36")
def test_the_first_run_completes_on_s3_with_nothing_but_the_documented_rights(
    farm: Farm, node: RealNode, operators: Operators, servers: Servers, tmp_path: Path
) -> None:
    raw, derived = s3_places(servers)
    port = servers.ceph.keys_port
    node.network.let_out(port)
    fill(raw, tmp_path)
    before = set(raw.names())
    for role, place in (("reader", raw), ("writer", derived)):
        farm.create_secret(role, place.secret)
    farm.create_datasource(
        input=seen_from_pods(raw, node, port, "reader"),
        lightly=seen_from_pods(derived, node, port, "writer"),
    )
    spec = yaml.safe_load(EXAMPLE.read_text())["spec"]

    with operators(worker_image=REAL, job={}):
        farm.wait_for_datasource("ProbeSucceeded", seconds=PATIENCE_SECONDS)
        farm.create_run(**spec)
        status = farm.wait_for_state("Completed", "Failed", "Crashed", seconds=PATIENCE_SECONDS)

    assert status["state"] == "Completed", status
    assert condition(status, "Complete")["reason"] == "AllStagesSucceeded"
    assert status["result"]["selected"] == 20
    rights = farm.datasource()["status"]
    assert rights["input"] == {"canList": True, "canRead": True}
    assert rights["lightly"]["canWrite"] is True
    uid = farm.run()["metadata"]["uid"]
    assert f".lightly/runs/{uid}/report.pdf" in derived.names()
    assert set(raw.names()) == before


def seen_from_pods(place: StoragePlace, node: RealNode, port: int, secret: str) -> Any:
    """The location as a Datasource of this cluster has it."""
    s3 = {**place.location["s3"], "endpointUrl": f"http://{node.network.address}:{port}"}
    return {"s3": s3, "credentials": {"secretRef": {"name": secret}}}


def fill(place: StoragePlace, folder: Path) -> None:
    """The pictures that `make dev` starts with."""
    make_pictures(folder, of_a_kind=PICTURES_OF_A_KIND)
    for path in folder.rglob("*.jpg"):
        place.put(str(path.relative_to(folder)), path.read_bytes())
