"""Who owns buckets: puts files there and sees all of them, whatever the worker may do."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.support.servers.ceph import Keys


class Owner(Protocol):
    """Writes and reads a whole bucket. Names are whole keys."""

    def put(self, key: str, content: bytes) -> None: ...

    def all_keys(self) -> list[str]: ...


@dataclass(frozen=True)
class S3Owner:
    """The owner of a bucket on Ceph."""

    client: Any
    bucket: str
    worker: Keys

    def put(self, key: str, content: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=key, Body=content)

    def all_keys(self) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        return [entry["Key"] for page in pages for entry in page.get("Contents", ())]

    def allow(self, *statements: dict[str, Any]) -> None:
        """Give the worker these rights and no others."""
        principal = {"AWS": [self.worker.arn]}
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": principal, **statement} for statement in statements
            ],
        }
        self.client.put_bucket_policy(Bucket=self.bucket, Policy=json.dumps(policy))


@dataclass(frozen=True)
class GcsOwner:
    """The owner of a bucket on GCS."""

    bucket: Any

    def put(self, key: str, content: bytes) -> None:
        self.bucket.blob(key).upload_from_string(content, "application/octet-stream")

    def all_keys(self) -> list[str]:
        return [blob.name for blob in self.bucket.list_blobs()]


@dataclass(frozen=True)
class AzureOwner:
    """The owner of a container on Azurite."""

    container: Any

    def put(self, key: str, content: bytes) -> None:
        self.container.upload_blob(key, content, overwrite=True)

    def all_keys(self) -> list[str]:
        return list(self.container.list_blob_names())


@dataclass(frozen=True)
class FolderOwner:
    """The owner of a folder."""

    root: Path

    def put(self, key: str, content: bytes) -> None:
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def all_keys(self) -> list[str]:
        return sorted(_files_below(self.root))


def _files_below(root: Path) -> Iterator[str]:
    for path in root.rglob("*"):
        if path.is_file():
            yield str(path.relative_to(root))
