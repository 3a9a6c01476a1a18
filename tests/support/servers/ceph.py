"""An S3 store that keeps its promises: the RADOS gateway of Ceph, in memory, on loopback.

It enforces signatures, user and bucket policies with conditions, roles and session tokens, and
answers as AWS does. Two gateways share the data: one for keys, one that also takes the tokens of
taken-on roles. With tokens switched on, a gateway calls every bad key AccessDenied.
"""

import json
import secrets
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.servers.ports import free_ports, listens
from tools.control_plane.processes import Processes
from tools.waiting import wait_until

PATIENCE_SECONDS = 60
STS_KEY = "abcdefghijklmnop"

# Users and roles belong to a tenant of this name, so that their ARNs look as on AWS.
ACCOUNT = "123456789012"

CONFIGURATION = """\
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{mon2},v1:127.0.0.1:{mon1}]
public network = 127.0.0.0/8
keyring = {folder}/keyring
auth allow insecure global id reclaim = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon warn on pool no redundancy = false
osd crush chooseleaf type = 0
osd crush update on start = false
paxos propose interval = 0.02
paxos min wait = 0.01
mon max pg per osd = 2000
run dir = {folder}/run
admin socket = {folder}/run/$name.asok
pid file = {folder}/run/$name.pid
log to stderr = true
log to file = false
mon data avail crit = 1
mon data avail warn = 2
osd objectstore = memstore
memstore device bytes = 2147483648
osd data = {folder}/osd
mon data = {folder}/mon
[client.rgw.keys]
rgw data = {folder}/rgw-keys
rgw frontends = beast endpoint=127.0.0.1:{keys} tcp_nodelay=1
[client.rgw.sts]
rgw data = {folder}/rgw-sts
rgw frontends = beast endpoint=127.0.0.1:{sts} tcp_nodelay=1
rgw s3 auth use sts = true
rgw sts key = {sts_key}
"""


@dataclass(frozen=True, slots=True)
class Keys:
    """Who a user is, and what they sign with."""

    arn: str
    access_key: str
    secret_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ceph:
    """A running store."""

    keys_port: int
    """Answers requests that are signed with keys."""
    sts_port: int
    """Hands out roles, and answers requests that are signed with a role's session."""
    admin: Keys
    """Owns every bucket and makes roles."""
    folder: Path

    def make_user(self, name: str) -> Keys:
        """A user without any rights."""
        return _make_user(self.folder, name)


@contextmanager
def running_ceph(processes: Processes) -> Iterator[Ceph]:
    """Start everything; it ends with the processes."""
    ceph = _Starting(processes)
    ceph.prepare()
    ceph.start_monitor()
    ceph.start_disk()
    yield ceph.start_gateways()


class _Starting:
    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._folder = processes.folder
        self._ports = dict(zip(("mon1", "mon2", "keys", "sts"), free_ports(4), strict=True))
        self._fsid = str(uuid.uuid4())

    def prepare(self) -> None:
        for name in ("mon", "osd", "rgw-keys", "rgw-sts", "run"):
            (self._folder / name).mkdir()
        text = CONFIGURATION.format(
            fsid=self._fsid, folder=self._folder, sts_key=STS_KEY, **self._ports
        )
        (self._folder / "ceph.conf").write_text(text)
        keyring = str(self._folder / "keyring")
        capabilities = {
            "mon.": ("mon", "allow *"),
            "client.admin": ("mon", "allow *", "osd", "allow *"),
            "client.rgw.keys": ("mon", "allow rw", "osd", "allow rwx"),
            "client.rgw.sts": ("mon", "allow rw", "osd", "allow rwx"),
            "osd.0": ("mon", "allow profile osd", "osd", "allow *"),
        }
        for number, (name, rights) in enumerate(capabilities.items()):
            caps = [
                part
                for kind, right in zip(rights[::2], rights[1::2], strict=True)
                for part in ("--cap", kind, right)
            ]
            create = ["--create-keyring"] if number == 0 else []
            self._run("ceph-authtool", *create, keyring, "--gen-key", "-n", name, *caps)
        addresses = f"[v2:127.0.0.1:{self._ports['mon2']},v1:127.0.0.1:{self._ports['mon1']}]"
        monmap = str(self._folder / "monmap")
        self._run("monmaptool", "--create", "--fsid", self._fsid, "--addv", "a", addresses, monmap)

    def start_monitor(self) -> None:
        keyring, monmap = self._folder / "keyring", self._folder / "monmap"
        self._run(
            "ceph-mon", "--mkfs", "--keyring", str(keyring), "-i", "a", "--monmap", str(monmap)
        )
        self._daemon("monitor", "ceph-mon", "-i", "a")

    def start_disk(self) -> None:
        disk = str(uuid.uuid4())
        self._run("ceph", "osd", "new", disk)
        self._run("ceph", "osd", "crush", "add", "osd.0", "1.0", "root=default", "host=localhost")
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", disk)
        self._daemon("disk", "ceph-osd", "-i", "0")

    def start_gateways(self) -> Ceph:
        self._daemon("gateway-keys", "radosgw", "-n", "client.rgw.keys")
        self._wait_for("keys")
        self._daemon("gateway-sts", "radosgw", "-n", "client.rgw.sts")
        admin = _make_user(self._folder, "admin", "--caps=roles=*;user-policy=*")
        self._wait_for("sts")
        return Ceph(self._ports["keys"], self._ports["sts"], admin, self._folder)

    def _wait_for(self, port: str) -> None:
        def answers() -> bool:
            self._processes.check()
            return listens(self._ports[port])

        wait_until(answers, seconds=PATIENCE_SECONDS, what=f"gateway {port} listens")

    def _run(self, program: str, *arguments: str) -> None:
        run_ceph(self._folder, program, *arguments)

    def _daemon(self, name: str, program: str, *arguments: str) -> None:
        configuration = self._folder / "ceph.conf"
        self._processes.start(name, [program, "-c", configuration, *arguments, "-f"])


def run_ceph(folder: Path, program: str, *arguments: str) -> str:
    """Run one of Ceph's commands to its end."""
    command = [program, "-c", str(folder / "ceph.conf"), *arguments]
    finished = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
    )
    if finished.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed: {finished.stderr[-2000:]}")
    return finished.stdout


def _make_user(folder: Path, name: str, *options: str) -> Keys:
    arn = f"arn:aws:iam::{ACCOUNT}:user/{name}"
    keys = Keys(arn, f"AKIA{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30))
    said = run_ceph(
        folder, "radosgw-admin", "-n", "client.rgw.keys", "user", "create",
        f"--tenant={ACCOUNT}", f"--uid={name}", f"--display-name={name}",
        f"--access-key={keys.access_key}", f"--secret={keys.secret_key}", *options,
    )  # fmt: skip
    assert json.loads(said)["user_id"] == f"{ACCOUNT}${name}"
    return keys
