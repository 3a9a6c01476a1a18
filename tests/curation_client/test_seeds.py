"""Every printed Python snippet of the discontinued product runs here, on a real control plane.

The bucket is on a store that checks keys. Where the documents wait for a worker, a thread of the
test leaves in the bucket and in the status what a worker and the operator leave.
"""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from curation_client import ApiWorkflowClient
from curation_job.opening import Address, open_derived
from curation_job.publishing import Tags
from tests.curation_client.operators_part import Cluster, a_job_config
from tests.curation_client.seeds import Script, snippets
from tests.support.servers.session import Servers
from tests.support.storage_places import StoragePlace, s3_place
from tools.control_plane.cluster import ControlPlane

PICTURES = {f"{number}.png": f"picture {number}".encode() for number in range(5)}
SELECTED = ["1.png", "3.png"]
ARTIFACTS = {
    "REPORT_PDF": "report.pdf",
    "REPORT_JSON": "report.json",
    "LOG": "log.txt",
    "MEMLOG": "memlog.txt",
    "CHECKPOINT": "checkpoint.ckpt",
}


class Worker:
    """Completes every run that is asked for, until it is told to stop."""

    def __init__(self, cluster: Cluster, place: StoragePlace, scratch: Path) -> None:
        self._cluster, self._place, self._scratch = cluster, place, scratch
        self._stop = threading.Event()

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        thread = threading.Thread(target=self._work)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _work(self) -> None:
        while not self._stop.wait(0.2):
            for run in self._cluster.runs():
                if "status" not in run:
                    self._complete(run["metadata"]["uid"])

    def _complete(self, uid: str) -> None:
        folder = f".lightly/runs/{uid}"
        for name in ARTIFACTS.values():
            self._place.put(f"lightly/{folder}/{name}", name.encode())
        derived = self._place.elsewhere(
            resourcePath=self._place.location["s3"]["resourcePath"] + "/lightly"
        )
        bucket = open_derived(Address(derived.parsed, self._place.secret, Path()))
        config = a_job_config({"type": "IMAGES", "input": derived.location}, uid, uid[:8])
        Tags(bucket, self._scratch).publish(config, SELECTED, SELECTED)
        artifacts = [
            {"type": kind, "key": f"{folder}/{name}", "sizeBytes": len(name)}
            for kind, name in ARTIFACTS.items()
        ]
        id_ = uid.replace("-", "")[:24]
        self._cluster.say(id_, "Running", "EMBEDDING", message="1 of 2")
        self._cluster.say(id_, "Completed", "COMPLETED", artifacts=artifacts, message="Selected 2.")


@pytest.fixture
def place(servers: Servers, tmp_path: Path) -> StoragePlace:
    """A bucket with pictures, and with the list that the documents name."""
    place = s3_place(servers, tmp_path)
    for name, content in PICTURES.items():
        place.put(f"input/{name}", content)
    place.put("lightly/.lightly/relevant_filenames.txt", b"1.png\n")
    return place


@pytest.fixture
def values(
    control_plane: ControlPlane,
    crds: None,
    namespace: str,
    place: StoragePlace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, str]:
    """A user's own names and keys for those that are printed, and what a user has set."""
    del crds
    where = f"--namespace={namespace}"
    binding = ("create", "rolebinding", "user", "--clusterrole=cluster-admin")
    control_plane.kubectl(*binding, f"--serviceaccount={namespace}:default", where)
    monkeypatch.setenv("LIGHTLY_SERVER_LOCATION", control_plane.server)
    monkeypatch.setenv("LIGHTLY_CA_CERTS", str(control_plane.ca_file))
    monkeypatch.setenv("CURATION_NAMESPACE", namespace)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", place.location["s3"]["endpointUrl"])
    monkeypatch.chdir(tmp_path)
    for name in ("credentials_read.json", "credentials_write.json"):
        Path(name).write_text('{"type": "service_account"}')
    path = place.location["s3"]["resourcePath"]
    return {
        "MY_AWESOME_TOKEN": control_plane.kubectl("create", "token", "default", where).strip(),
        "s3://bucket/input/": f"{path}/input/",
        "s3://bucket/lightly/": f"{path}/lightly/",
        "s3://bucket/output/": f"{path}/lightly/",
        "S3-ACCESS-KEY": place.secret["accessKeyId"],
        "S3-SECRET-ACCESS-KEY": place.secret["secretAccessKey"],
        "S3-ROLE-ARN": "arn:aws:iam::123456789012:role/Reader",
        "ACCOUNT-NAME": "accountname",
        "{SHARED_DIR}": "shared",
    }


# In the order in which a reader gets to them; of the providers S3 comes last, and stays.
ORDER = {
    "000": (
        *(86, 166, 191, 216, 141, 252, 296, 328, 365, 437, 460, 561, 603, 637, 672, 713, 727, 746),
        *(874, 892, 910, 931),
    ),
    "001": (72, 102, 155, 128, 191, 263, 298, 413),
    "002": (106, 186, 211, 236, 161, 272, 316, 348, 385, 468, 574, 607, 625, 643, 664),
}


# The printed code leaves files open.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:Dataset id is not set:UserWarning")
@pytest.mark.covers("C13", "C22", "C33", "C40", "C43", "C44", "C56", "C61", "C63", "C72", "C73")
@pytest.mark.parametrize("document", ORDER)
def test_a_document_runs_from_its_first_line_to_its_last(
    document: str,
    values: dict[str, str],
    place: StoragePlace,
    control_plane: ControlPlane,
    namespace: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    script = Script(document, values)
    cluster = Cluster(control_plane, namespace)
    script.run(ORDER[document][0])
    client: ApiWorkflowClient = script.variables["client"]
    script.values |= {"'xyz'": repr(client.dataset_id), "MY_DATASET_ID": client.dataset_id}

    with Worker(cluster, place, tmp_path).at_work():
        script.run(*ORDER[document][1:])

    assert script.done == {key for key in snippets() if key[0] == document}
    assert len(cluster.runs()) == sum(
        "schedule_compute_worker_run(" in snippet.code
        for key, snippet in snippets().items()
        if key[0] == document
    )
    if document == "001":
        return
    assert "SUCCESS" in capsys.readouterr().out
    assert Path("filenames-of-initial-tag.txt").read_text() == "\n".join(SELECTED)
    found = {path.name: path.read_bytes() for path in Path("my/output/path").iterdir()}
    assert found == {name: PICTURES[name] for name in SELECTED}
    if document == "000":
        written: dict[str, Any] = {
            path.name: path.read_text() for path in Path("my_run/artifacts").iterdir()
        }
        assert written == {name: name for name in ARTIFACTS.values()}


def test_no_printed_snippet_is_left_out() -> None:
    assert set(snippets()) == {
        (document, line) for document, lines in ORDER.items() for line in lines
    }
