"""Who asks, and which cluster: from arguments, the environment, a kubeconfig or the Pod we are in.

The only place of the client that reads the environment.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from curation_api.names import VOLUMES_VARIABLE
from curation_client.cluster.errors import NotConnectedError

if TYPE_CHECKING:
    from kubernetes.client import Configuration

TOKEN_VARIABLE = "LIGHTLY_TOKEN"  # noqa: S105  the name of a variable
SERVER_VARIABLE = "LIGHTLY_SERVER_LOCATION"
CERTIFICATES_VARIABLE = "LIGHTLY_CA_CERTS"
NAMESPACE_VARIABLE = "CURATION_NAMESPACE"
S3_ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
PROXY_VARIABLES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY")

# Where Kubernetes puts the identity of a Pod.
POD_IDENTITY = Path("/var/run/secrets/kubernetes.io/serviceaccount")

USUAL_NAMESPACE = "default"


@dataclass(frozen=True, slots=True)
class Access:
    """What was said about who asks and where. Survives pickling; shows no token."""

    token: str | None = field(default=None, repr=False)
    server: str | None = None
    namespace: str | None = None
    kubeconfig: str | None = None
    context: str | None = None
    certificates: str | None = None
    proxy: str | None = field(default=None, repr=False)  # may hold a password
    s3_endpoint: str | None = None
    """The address of the S3 that is meant where none is named, as the tools of AWS read it."""
    volumes: Path | None = None
    """Where volumes of the cluster are mounted here, each as the folder of its claim."""

    def with_environment(self, environ: Mapping[str, str] = os.environ) -> "Access":
        """Completed by the environment; what was said as an argument counts."""
        server = self.server or environ.get(SERVER_VARIABLE)
        volumes = environ.get(VOLUMES_VARIABLE)
        endpoints = (environ.get(name) for name in S3_ENDPOINT_VARIABLES)
        proxies = (environ.get(name) or environ.get(name.lower()) for name in PROXY_VARIABLES)
        return replace(
            self,
            token=self.token or environ.get(TOKEN_VARIABLE) or None,
            server=server.rstrip("/") if server else None,
            namespace=self.namespace or environ.get(NAMESPACE_VARIABLE) or None,
            certificates=self.certificates or environ.get(CERTIFICATES_VARIABLE) or None,
            proxy=self.proxy or next(filter(None, proxies), None),
            s3_endpoint=self.s3_endpoint or next(filter(None, endpoints), None),
            volumes=self.volumes or (Path(volumes) if volumes else None),
        )

    def connect(self) -> tuple["Configuration", str]:
        """What the Kubernetes library needs to connect, and the namespace that is meant."""
        from kubernetes.client import Configuration

        configuration = Configuration()
        if self.token and self.server:
            configuration.host = self.server
            namespace = None
        else:
            namespace = self._from_surroundings(configuration)
        if self.server:
            configuration.host = self.server
        if self.token:
            _ask_as(self.token, configuration)
        if self.certificates:
            configuration.ssl_ca_cert = self.certificates
        if self.proxy:
            configuration.proxy = self.proxy
        configuration.retries = False  # We know better what may be asked twice.
        return configuration, self.namespace or namespace or USUAL_NAMESPACE

    def _from_surroundings(self, configuration: "Configuration") -> str | None:
        """The kubeconfig's context, or the Pod we are in; the namespace of it comes back."""
        from kubernetes import config
        from kubernetes.config.config_exception import ConfigException

        try:
            config.load_kube_config(  # type: ignore[no-untyped-call]
                config_file=self.kubeconfig,
                context=self.context,
                client_configuration=configuration,
                persist_config=False,
            )
        except (ConfigException, OSError) as error:
            if self.kubeconfig or self.context:
                raise NotConnectedError(
                    f"The kubeconfig cannot be used: {error}",
                    fix="Name a file and a context that exist",
                ) from error
        else:
            return self._namespace_of_context()
        try:
            config.load_incluster_config(  # type: ignore[no-untyped-call]
                client_configuration=configuration
            )
        except ConfigException as error:
            raise NotConnectedError(
                "Nothing says which cluster is meant: there is no kubeconfig, this is no Pod, and"
                f" {SERVER_VARIABLE} is not set",
                fix=f"Set {SERVER_VARIABLE} to the address of the API server and pass token= (or"
                f" set {TOKEN_VARIABLE}), or make a kubeconfig",
            ) from error
        return (POD_IDENTITY / "namespace").read_text().strip()

    def _namespace_of_context(self) -> str | None:
        from kubernetes import config

        contexts, current = config.list_kube_config_contexts(  # type: ignore[no-untyped-call]
            config_file=self.kubeconfig
        )
        chosen = (known for known in contexts if known["name"] == self.context)
        namespace: str | None = next(chosen, current)["context"].get("namespace")
        return namespace


def _ask_as(token: str, configuration: "Configuration") -> None:
    """Ask with this token only, whoever the kubeconfig says we are."""
    configuration.api_key = {"BearerToken": f"Bearer {token}"}
    configuration.api_key_prefix = {}
    configuration.refresh_api_key_hook = None
    configuration.cert_file = configuration.key_file = None
    configuration.username = configuration.password = None
