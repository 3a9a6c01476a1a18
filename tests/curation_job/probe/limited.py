"""Places where somebody may do only some things, by the means of each provider."""

import os
from collections.abc import Sequence
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

from tests.support.servers.gcs import Account
from tests.support.servers.session import Servers
from tests.support.storage_owners import S3Owner
from tests.support.storage_places import (
    StoragePlace,
    azure_place,
    gcs_place,
    local_place,
    s3_bucket,
    s3_delegated_place,
    s3_place,
    unique,
    with_sas,
)

# What somebody may do: "list", "read", "write" (new files), "overwrite" (existing ones).
Limits = frozenset[str]

# Root passes over all modes of files; without these two capabilities even root does not.
AS_ANYBODY: Sequence[str] = (
    ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
)


def limited_place(
    provider: str, may: Limits, servers: Servers, folder: Path, *, below: str = ""
) -> StoragePlace:
    """A place with one raw file; with `below`, all rights hold below this prefix only."""
    match provider:
        case "s3":
            place = _s3(servers, folder, may, below)
        case "s3-delegated":
            place = _s3_delegated(servers, folder, may, below)
        case "gcs":
            place = _gcs(servers, folder, may, below)
        case "azure":
            place = _azure(servers, folder, may)
        case _:
            place = _local(servers, folder, may)
    return place


def _s3(servers: Servers, folder: Path, may: Limits, below: str) -> StoragePlace:
    place = s3_place(servers, folder)
    assert isinstance(place.owner, S3Owner)
    place.owner.allow(*_statements(place.owner.bucket, may, below))
    if "write" in may and "overwrite" not in may:
        # A condition of AWS that Ceph does not know.
        servers.aws_rules.create_only.add(place.owner.bucket)
        place = place.elsewhere(endpointUrl=f"http://127.0.0.1:{servers.keys_gate_port}")
    place.put("a.jpg")
    return place


def _s3_delegated(servers: Servers, folder: Path, may: Limits, below: str) -> StoragePlace:
    owner = s3_bucket(servers)
    statements = _statements(owner.bucket, may, below)
    place = s3_delegated_place(servers, folder, *statements, owner=owner)
    if "write" in may and "overwrite" not in may:
        servers.aws_rules.create_only.add(owner.bucket)
    place.put("a.jpg")
    return place


def _statements(bucket: str, may: Limits, below: str) -> list[dict[str, Any]]:
    whole, files = f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/{below}*"
    listing: dict[str, Any] = {"Action": ["s3:ListBucket"], "Resource": [whole]}
    if below:
        listing["Condition"] = {"StringLike": {"s3:prefix": [f"{below}*"]}}
    statements = {
        "list": listing,
        "read": {"Action": ["s3:GetObject"], "Resource": [files]},
        "write": {"Action": ["s3:PutObject"], "Resource": [files]},
        "delete": {"Action": ["s3:DeleteObject"], "Resource": [files]},
    }
    # A policy must say something.
    nothing = {"Action": ["s3:ListBucket"], "Resource": ["arn:aws:s3:::another-bucket"]}
    return [statements[right] for right in statements if right in may] or [nothing]


def _gcs(servers: Servers, folder: Path, may: Limits, below: str) -> StoragePlace:
    # Google has no right to overwrite: it is to delete and to create.
    granted = {"list": "list", "read": "get", "write": "create", "overwrite": "delete"}
    rights = frozenset(granted[right] for right in may & granted.keys())
    account = Account(f"{unique('worker')}@acme.iam.gserviceaccount.com", rights, below)
    place = gcs_place(servers, folder, account)
    place.put("a.jpg")
    return place


def _azure(servers: Servers, folder: Path, may: Limits) -> StoragePlace:
    letters = {"list": "l", "read": "r", "write": "c", "overwrite": "w", "delete": "d"}
    place = azure_place(servers, folder)
    place.put("a.jpg")
    # A token must allow something: setting tags is of no use to us.
    return with_sas(place, "".join(letters[right] for right in sorted(may)) or "t")


def _local(servers: Servers, folder: Path, may: Limits) -> StoragePlace:
    place = local_place(servers, folder)
    place.put("a.jpg")
    root = place.volumes / "images/farm"
    (root / "a.jpg").chmod(0o400 if "read" in may else 0)
    bits = {"list": 0o500, "read": 0o100, "write": 0o300}
    root.chmod(reduce(or_, (bits[right] for right in may & bits.keys()), 0))
    return place
