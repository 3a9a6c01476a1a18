"""The command lines of a control plane's programs, for a short life on one machine."""

import json
from collections.abc import Mapping
from pathlib import Path

# Nothing here has an address of this range except the `kubernetes` Service, the first of them.
SERVICE_RANGE, KUBERNETES_SERVICE = "10.96.0.0/24", "10.96.0.1"

CLUSTER_DOMAIN = "cluster.local"

# A node that falls silent is missed after this time; usual are 50 seconds.
NODE_GRACE_SECONDS = 20

# They need a cloud, nodes or kubeadm.
IDLE_CONTROLLERS = (
    "bootstrap-signer-controller",
    "cloud-node-lifecycle-controller",
    "node-ipam-controller",
    "token-cleaner-controller",
    "ttl-controller",
)


def etcd_flags(data: Path, *, port: int, peer_port: int) -> list[str]:
    """A single member that does not wait for the disk: its data is not meant to survive."""
    client, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer_port}"
    return _flags(
        {
            "name": "only",
            "data-dir": data,
            "unsafe-no-fsync": "true",
            "socket-reuse-port": "true",
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"only={peer}",
            "log-level": "warn",
        }
    )


def api_server_flags(
    keys: Path, *, port: int, etcd_port: int, node_address: str | None = None
) -> list[str]:
    """Everything an API server enforces: certificates, RBAC, admission, Pod Security.

    Where there is a real node, Pods find the server by the `kubernetes` Service.
    """
    return _flags(
        {
            "etcd-servers": f"http://127.0.0.1:{etcd_port}",
            **(_FOR_NOBODY_ELSE if node_address is None else _for_a_node(keys, node_address)),
            "secure-port": port,
            "permit-port-sharing": "true",
            "tls-cert-file": keys / "api-server.crt",
            "tls-private-key-file": keys / "api-server.key",
            "client-ca-file": keys / "ca.crt",
            "authorization-mode": "Node,RBAC",
            "enable-admission-plugins": "NodeRestriction",
            "service-account-issuer": "https://kubernetes.default.svc",
            "service-account-signing-key-file": keys / "service-account.key",
            "service-account-key-file": keys / "service-account.pub",
            "service-cluster-ip-range": SERVICE_RANGE,
            "allow-privileged": "true",
            # Tests send bursts that a busy cluster would rightly slow down.
            "enable-priority-and-fairness": "false",
            "profiling": "false",
        }
    )


_FOR_NOBODY_ELSE = {
    "bind-address": "127.0.0.1",
    "advertise-address": "127.0.0.1",
    "endpoint-reconciler-type": "none",
}


def _for_a_node(keys: Path, address: str) -> dict[str, object]:
    return {
        "bind-address": "0.0.0.0",  # noqa: S104  of a network that has nobody else in it
        "advertise-address": address,
        "kubelet-client-certificate": keys / "kubelet-client.crt",
        "kubelet-client-key": keys / "kubelet-client.key",
        "kubelet-preferred-address-types": "InternalIP",
    }


def controller_manager_flags(keys: Path, kubeconfig: Path) -> list[str]:
    """All controllers that have something to do where there is no node."""
    return _flags(
        {
            "kubeconfig": kubeconfig,
            "controllers": ",".join(["*", *(f"-{name}" for name in IDLE_CONTROLLERS)]),
            "root-ca-file": keys / "ca.crt",
            "service-account-private-key-file": keys / "service-account.key",
            "node-monitor-grace-period": f"{NODE_GRACE_SECONDS}s",
            "leader-elect": "false",
            "kube-api-qps": 1000,
            "kube-api-burst": 2000,
            "secure-port": 0,
            "profiling": "false",
        }
    )


def scheduler_flags(config: Path) -> list[str]:
    """The scheduler takes most of its settings from a file."""
    return _flags({"config": config, "secure-port": 0})


def scheduler_config(kubeconfig: Path) -> str:
    """That file."""
    return json.dumps(
        {
            "apiVersion": "kubescheduler.config.k8s.io/v1",
            "kind": "KubeSchedulerConfiguration",
            "clientConnection": {"kubeconfig": str(kubeconfig), "qps": 1000, "burst": 2000},
            "leaderElection": {"leaderElect": False},
            "enableProfiling": False,
        }
    )


def _flags(flags: Mapping[str, object]) -> list[str]:
    return [f"--{name}={value}" for name, value in flags.items()]
