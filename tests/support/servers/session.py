"""The servers of a test session: each starts when it is first asked for, and once."""

import tempfile
from contextlib import AbstractContextManager, ExitStack
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import boto3  # type: ignore[import-untyped]
from azure.storage.blob import BlobServiceClient
from botocore.config import Config  # type: ignore[import-untyped]

from tests.support.servers.aws_gate import AwsRules
from tests.support.servers.azurite import ACCOUNT_KEY, Azurite, running_azurite
from tests.support.servers.ceph import Ceph, Keys, running_ceph
from tests.support.servers.gate import running_gate
from tests.support.servers.gcs import Gcs, running_gcs
from tools.control_plane.processes import Processes, supervised_processes
from tools.test_servers import need_azurite, need_ceph

T = TypeVar("T")


class Servers:
    """What runs in this session. All of it ends with the session, however that ends."""

    def __init__(self) -> None:
        self._open = ExitStack()

    def close(self) -> None:
        """Stop everything."""
        self._open.close()

    @cached_property
    def ceph(self) -> Ceph:
        """S3 with signatures, policies and roles."""
        need_ceph()
        return self._entered(running_ceph(self._processes("ceph")))

    @cached_property
    def aws_rules(self) -> AwsRules:
        """What both gates in front of Ceph enforce on top of it."""
        return AwsRules()

    @cached_property
    def keys_gate_port(self) -> int:
        """S3 by keys, as AWS would answer."""
        return self._entered(running_gate(self.aws_rules, self.ceph.keys_port))

    @cached_property
    def sts_gate_port(self) -> int:
        """STS, and S3 by the sessions that it hands out."""
        return self._entered(running_gate(self.aws_rules, self.ceph.sts_port))

    @cached_property
    def worker(self) -> Keys:
        """A user of S3 who has no rights but those that a bucket gives."""
        return self.ceph.make_user("worker")

    @cached_property
    def gcs(self) -> Gcs:
        """Google Cloud Storage."""
        return self._entered(running_gcs())

    @cached_property
    def azurite(self) -> Azurite:
        """Azure Blob Storage."""
        need_azurite()
        return self._entered(running_azurite(self._processes("azurite")))

    @cached_property
    def azure_owner(self) -> BlobServiceClient:
        """Whoever owns all containers."""
        return BlobServiceClient(self.azurite.endpoint, credential=ACCOUNT_KEY)

    @cached_property
    def s3_owner(self):  # type: ignore[no-untyped-def]  # boto3 has no types
        """Whoever owns all buckets."""
        return client_of(self.ceph.admin, self.ceph.keys_port)

    def _processes(self, name: str) -> Processes:
        folder = self._entered(tempfile.TemporaryDirectory(prefix="curation-test-"))
        return self._entered(supervised_processes(Path(folder) / name))

    def _entered(self, context: AbstractContextManager[T]) -> T:
        return self._open.enter_context(context)


def client_of(keys: Keys, port: int, service: str = "s3"):  # type: ignore[no-untyped-def]
    """A client of boto3 for somebody."""
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
        region_name="us-east-1",
        config=Config(signature_version="s3v4" if service == "s3" else None),
    )
