"""What is needed to talk to a control plane, as its administrator or as somebody else."""

import base64
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from tools.control_plane.api import Api, mutual_trust
from tools.control_plane.certificates import CertificateAuthority, Credential


class KubectlError(Exception):
    """What kubectl complained about."""


class Cluster:
    """A cluster as its administrator sees it."""

    def __init__(self, kubeconfig: Path, api: Api, kubectl: Path, kubectl_cache: Path) -> None:
        self.kubeconfig, self.api = kubeconfig, api
        self._kubectl, self._kubectl_cache = kubectl, kubectl_cache

    def kubectl(
        self,
        *arguments: str,
        input: str | None = None,  # noqa: A002  (as subprocess.run has it)
        as_user: str | None = None,
    ) -> str:
        """Run kubectl as the administrator or in the place of a user; return what it printed."""
        ran = subprocess.run(
            [
                self._kubectl,
                f"--kubeconfig={self.kubeconfig}",
                # The usual cache goes by address, and an earlier server may have had this one.
                f"--cache-dir={self._kubectl_cache}",
                *([] if as_user is None else [f"--as={as_user}"]),
                *arguments,
            ],
            input=input,
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode != 0:
            raise KubectlError(f"`kubectl {' '.join(arguments)}` said: {ran.stderr.strip()}")
        return ran.stdout


class ControlPlane(Cluster):
    """A real API server with controllers and a scheduler behind it, that we have started.

    There is no node: pods are created and found unschedulable, and none ever runs.
    """

    def __init__(self, folder: Path, server: str, kubectl: Path) -> None:
        self.folder = folder
        self.server = server
        self.authority = CertificateAuthority()
        self.ca_file = folder / "ca.crt"
        self.ca_file.write_bytes(self.authority.certificate)

        administrator = self.authority.issue_client("administrator", ["system:masters"])
        kubeconfig = self._write_kubeconfig(folder / "kubeconfig", administrator)
        client = folder / "administrator.pem"
        client.write_bytes(administrator.certificate + administrator.key)
        api = Api(server, mutual_trust(ca=self.ca_file, client=client))
        super().__init__(kubeconfig, api, kubectl, folder / "kubectl-cache")

    def kubeconfig_for(self, user: str, groups: Sequence[str] = ()) -> Path:
        """A kubeconfig for this user, who may do what RBAC grants the user or the groups."""
        users = self.folder / "users"
        users.mkdir(exist_ok=True)
        credential = self.authority.issue_client(user, groups)
        return self._write_kubeconfig(users / f"{quote(user, safe='')}.kubeconfig", credential)

    def _write_kubeconfig(self, path: Path, credential: Credential) -> Path:
        cluster = {
            "server": self.server,
            "certificate-authority-data": _base64(self.authority.certificate),
        }
        user = {
            "client-certificate-data": _base64(credential.certificate),
            "client-key-data": _base64(credential.key),
        }
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "curation", "cluster": cluster}],
            "users": [{"name": "curation", "user": user}],
            "contexts": [
                {"name": "curation", "context": {"cluster": "curation", "user": "curation"}}
            ],
            "current-context": "curation",
        }
        path.write_text(json.dumps(config, indent=2))
        return path


def _base64(pem: bytes) -> str:
    return base64.b64encode(pem).decode()
