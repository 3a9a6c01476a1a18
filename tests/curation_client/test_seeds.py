"""Every printed Python snippet of the discontinued product runs here, on a real control plane.

A real operator starts real workers, on an S3 store that checks keys and on folders of volumes.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from curation_api.job_options import JobOptions
from curation_client import ApiWorkflowClient
from tests.curation_client.seeds import Script, snippets
from tests.curation_operator.conftest import a_farm, an_operator, settings_for
from tests.curation_operator.farm import Farm
from tests.support.background import Background
from tests.support.images import an_image, encoded
from tests.support.node_fixtures import REAL
from tests.support.servers.session import Servers
from tests.support.storage_places import s3_place
from tests.support.weights import leave_weights
from tools.control_plane.cluster import ControlPlane
from tools.node.node import Node

PICTURES = {
    f"{number:02}.png": encoded(an_image(number, width=40, height=40), "png")
    for number in range(60)
}
RELEVANT = b"00.png\n0* 07.png\n10.png\n11.png\n"

# As the documents print it, training takes longer than a test should.
SHORTER = {"'max_epochs': 100": "'max_epochs': 1"}

SCHEDULES = "schedule_compute_worker_run("
ARTIFACTS = {"report.pdf", "report.json", "log.txt", "memlog.txt"}


class Bucket(NamedTuple):
    """Where a document's files lie: how to put one there, and what a user sets for it."""

    put: Callable[[str, bytes], None]
    values: dict[str, str]
    configure: Callable[[ApiWorkflowClient], None] = lambda _: None


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the documents take for granted: weights that are there."""
    return leave_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture
def real_farm(control_plane: ControlPlane, node: Background[Node]) -> Iterator[Farm]:
    """A namespace with an operator that starts real workers."""
    del node  # It has to be there and no more.
    job = JobOptions(gpus=0, cpu="100m", memory="4Gi", retries=3)
    with a_farm(control_plane) as farm:
        farm.prepare()
        settings = settings_for(farm.namespace, worker_image=REAL, job=job)
        with an_operator(control_plane.kubeconfig, settings):
            yield farm


@pytest.fixture
def bucket(
    request: pytest.FixtureRequest, real_farm: Farm, weights: Path, tmp_path: Path
) -> Bucket:
    """A bucket with pictures, with weights, and with the list that the documents name."""
    made: Bucket = request.param(request, real_farm, tmp_path)
    for name, content in PICTURES.items():
        made.put(f"input/{name}", content)
    made.put(f"lightly/.lightly/weights/{weights.name}", weights.read_bytes())
    made.put("lightly/.lightly/relevant_filenames.txt", RELEVANT)
    return made


def on_s3(request: pytest.FixtureRequest, farm: Farm, folder: Path) -> Bucket:
    del farm
    servers: Servers = request.getfixturevalue("servers")
    place = s3_place(servers, folder)
    request.getfixturevalue("monkeypatch").setenv(
        "AWS_ENDPOINT_URL_S3", place.location["s3"]["endpointUrl"]
    )
    path = place.location["s3"]["resourcePath"]
    values = {
        "s3://bucket/input/": f"{path}/input/",
        "s3://bucket/lightly/": f"{path}/lightly/",
        "s3://bucket/output/": f"{path}/lightly/",
        "S3-ACCESS-KEY": place.secret["accessKeyId"],
        "S3-SECRET-ACCESS-KEY": place.secret["secretAccessKey"],
    }
    return Bucket(place.put, values)


def on_folders(request: pytest.FixtureRequest, farm: Farm, folder: Path) -> Bucket:
    """The printed buckets, and after them the folders that the page on local storage sets."""
    volumes = farm.folders["results"].parent
    request.getfixturevalue("monkeypatch").setenv("CURATION_VOLUMES", str(volumes))

    def put(name: str, content: bytes) -> None:
        path = farm.folders["results"] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def configure(client: ApiWorkflowClient) -> None:
        client.set_local_config("input", purpose="INPUT", claim_name="results")
        client.set_local_config("lightly", purpose="LIGHTLY", claim_name="results")

    del folder
    return Bucket(put, {}, configure)


@pytest.fixture
def values(
    control_plane: ControlPlane,
    real_farm: Farm,
    bucket: Bucket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, str]:
    """A user's own names and keys for those that are printed, and what a user has set."""
    where = f"--namespace={real_farm.namespace}"
    control_plane.kubectl("create", "serviceaccount", "user", where)
    account = f"--serviceaccount={real_farm.namespace}:user"
    control_plane.kubectl(
        "create", "rolebinding", "user", "--clusterrole=cluster-admin", account, where
    )
    monkeypatch.setenv("LIGHTLY_SERVER_LOCATION", control_plane.server)
    monkeypatch.setenv("LIGHTLY_CA_CERTS", str(control_plane.ca_file))
    monkeypatch.setenv("CURATION_NAMESPACE", real_farm.namespace)
    monkeypatch.chdir(tmp_path)
    for name in ("credentials_read.json", "credentials_write.json"):
        Path(name).write_text('{"type": "service_account"}')
    return {
        "MY_AWESOME_TOKEN": control_plane.kubectl("create", "token", "user", where).strip(),
        "S3-ROLE-ARN": "arn:aws:iam::123456789012:role/Reader",
        "ACCOUNT-NAME": "accountname",
        "{SHARED_DIR}": "shared",
        **SHORTER,
        **bucket.values,
    }


class Reader:
    """Somebody who follows a document, and does in between what it says beside its code."""

    def __init__(self, script: Script, bucket: Bucket) -> None:
        self._script, self._bucket = script, bucket

    @property
    def client(self) -> ApiWorkflowClient:
        client: ApiWorkflowClient = self._script.variables["client"]
        return client

    def run(self, *lines: int) -> None:
        self._script.run(*lines)

    def create(self, first: int, *places: int) -> None:
        """Create the dataset and say where its files lie."""
        self.run(first, *places)
        self._bucket.configure(self.client)
        of_ours = {"'xyz'": repr(self.client.dataset_id), "MY_DATASET_ID": self.client.dataset_id}
        self._script.values |= of_ours

    def run_and_abort(self, *lines: int) -> None:
        """Ask for runs that nobody waits for: enough others show that they complete."""
        for line in lines:
            self.run(line)
            for run in self.client.get_scheduled_compute_worker_runs():
                self.client.abort_compute_worker_run(run.id)

    def wait(self) -> Any:
        """The end of the run that was asked for last."""
        *_, end = self.client.compute_worker_run_info_generator(self._last_run())
        return end

    def _last_run(self) -> str:
        return str(self.client.get_scheduled_compute_worker_runs()[-1].id)

    def artifacts_of_last_run(self) -> set[str]:
        """The names of the files that it has left."""
        last = self.client.get_compute_worker_runs(self.client.dataset_id)[-1]
        return {artifact.file_name for artifact in last.artifacts or []}

    def has_followed(self, document: str) -> bool:
        """Whether every block ran, and no run exists that none of them asked for."""
        blocks = {key: block for key, block in snippets().items() if key[0] == document}
        asked = [block for block in blocks.values() if SCHEDULES in block.code]
        runs = list(self.client._current.runs.each())
        return self._script.done == blocks.keys() and len(runs) == len(asked)

    def selected_first(self) -> list[str]:
        """What the first run says that it has selected."""
        first = self.client.get_compute_worker_runs(self.client.dataset_id)[0]
        uid = self.client._current.runs.get_by_id(first.id).uid
        listed = f".lightly/runs/{uid}/filenames/sampled_filenames_excluding_datapool.txt"
        bucket = self.client._current.places.open_lightly(self.client._current.dataset())
        return bucket.read(listed).decode().split()


def follow_000(reader: Reader) -> None:
    reader.create(86, 166, 191, 216, 141)  # every provider in turn; S3 is what stays
    reader.run(252, 296)
    reader.run_and_abort(328)
    reader.run(365, 437, 746)
    trained = Path("shared/checkpoint.ckpt").read_bytes()
    assert Path("my_run/artifacts/checkpoint.ckpt").read_bytes() == trained
    reader.run_and_abort(460, 561)
    reader.run(603, 637, 672, 713, 727)
    assert reader.artifacts_of_last_run() >= ARTIFACTS
    written = {path.name for path in Path("my_run/artifacts").iterdir()}
    assert written == {*reader.artifacts_of_last_run(), "checkpoint.ckpt"}
    reader.run(874, 892, 910, 931)


def follow_001(reader: Reader) -> None:
    reader.create(72, 102, 155, 128)
    reader.run(191)
    assert reader.wait().ended_successfully()
    reader.run_and_abort(263, 298, 413)


def follow_002(reader: Reader) -> None:
    reader.create(106, 186, 211, 236, 161)
    reader.run(272, 316)
    reader.run_and_abort(348, 385, 468, 574)
    reader.run(607, 625, 643, 664)


DOCUMENTS = [("000", on_s3, follow_000), ("002", on_folders, follow_002)]


# The printed code leaves files open.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:Dataset id is not set:UserWarning")
@pytest.mark.covers("C13", "C22", "C33", "C40", "C43", "C44", "C56", "C61", "C63", "C72", "C73")
@pytest.mark.parametrize(("document", "bucket", "follow"), DOCUMENTS, indirect=["bucket"])
def test_a_document_runs_from_its_first_line_to_its_last(
    document: str,
    bucket: Bucket,
    follow: Callable[[Reader], None],
    values: dict[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    reader = Reader(Script(document, values), bucket)

    follow(reader)

    assert reader.has_followed(document)
    assert "SUCCESS" in capsys.readouterr().out
    names = Path("filenames-of-initial-tag.txt").read_text().split("\n")
    assert len(names) == 50
    assert sorted(names) == sorted(reader.selected_first())
    found = {path.name: path.read_bytes() for path in Path("my/output/path").iterdir()}
    assert found == {name: PICTURES[name] for name in names}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:Dataset id is not set:UserWarning")
@pytest.mark.covers("C13", "C22", "C33")
@pytest.mark.parametrize("bucket", [on_s3], indirect=True)
def test_the_oldest_document_runs_from_its_first_line_to_its_last(
    bucket: Bucket, values: dict[str, str]
) -> None:
    reader = Reader(Script("001", values), bucket)

    follow_001(reader)

    assert reader.has_followed("001")


def test_no_printed_snippet_is_left_out() -> None:
    assert {document for document, _ in snippets()} == {"000", "001", "002"}
