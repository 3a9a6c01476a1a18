"""The configuration files of the programs of a node."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.control_plane.components import CLUSTER_DOMAIN
from tools.real_node.enclosure import BRIDGE, NODE_ADDRESS, POD_RANGE
from tools.real_node.images import PAUSE

NODE_NAME = "real"

# A kubelet tells four times in this long that it is there.
LEASE_SECONDS = 8


@dataclass(frozen=True)
class Site:
    """Where the files of a node lie, and its programs."""

    folder: Path
    programs: Mapping[str, Path]
    control_group: str
    shared_folders: Mapping[Path, Path]
    """Folders of this machine that every container has, and where it has them."""

    @property
    def socket(self) -> Path:
        """Where containerd is spoken to."""
        return self.folder / "containerd.sock"

    @property
    def keys(self) -> Path:
        """Certificates of the control plane and the node."""
        return self.folder / "keys"


def containerd_config(site: Site, base_spec: Path) -> str:
    """Containers by runc, on overlayfs, with a network by CNI; no image comes from a registry."""
    images, runtime = "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"
    return f"""version = 3
root = "{site.folder}/containerd"
state = "{site.folder}/containerd-state"
oom_score = 0
disabled_plugins = ["io.containerd.nri.v1.nri"]
[grpc]
  address = "{site.socket}"
[plugins."io.containerd.grpc.v1.cri"]
  disable_tcp_service = true
[plugins."{images}"]
  snapshotter = "overlayfs"
  [plugins."{images}".pinned_images]
    sandbox = "{PAUSE}"
[plugins."{runtime}"]
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."{runtime}".containerd]
    default_runtime_name = "runc"
    [plugins."{runtime}".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      runtime_path = "{site.programs["containerd-shim-runc-v2"]}"
      base_runtime_spec = "{base_spec}"
      [plugins."{runtime}".containerd.runtimes.runc.options]
        BinaryName = "{site.programs["runc"]}"
        SystemdCgroup = false
  [plugins."{runtime}".cni]
    bin_dirs = ["{site.programs["bridge"].parent}"]
    conf_dir = "{site.folder}/cni"
"""


def base_spec(usual: Any, mounts: Mapping[Path, Path]) -> Any:
    """What every container begins with: these folders of the machine, read-only, at those places.

    Limits that only a mightier machine could grant are left out.
    """
    process = {**usual["process"], "rlimits": [], "oomScoreAdj": 0}
    shared = [
        {
            "destination": str(place),
            "source": str(path),
            "type": "bind",
            "options": ["rbind", "ro", "nosuid", "nodev"],
        }
        for path, place in mounts.items()
    ]
    return {**usual, "process": process, "mounts": [*usual["mounts"], *shared]}


def network_config(site: Site) -> str:
    """All Pods on one bridge."""
    ranges = [[{"subnet": POD_RANGE, "rangeStart": "10.77.0.10"}]]
    addresses = {
        "type": "host-local",
        "dataDir": str(site.folder / "cni-addresses"),
        "ranges": ranges,
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {
        "type": "bridge",
        "bridge": BRIDGE,
        "isGateway": True,
        "hairpinMode": True,
        "ipam": addresses,
    }
    return json.dumps({"cniVersion": "1.0.0", "name": "pods", "plugins": [bridge]})


def kubelet_config(site: Site) -> str:
    """A kubelet on a machine that others use as well."""
    return json.dumps(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": NODE_ADDRESS,
            "healthzBindAddress": "127.0.0.1",
            "readOnlyPort": 0,
            "tlsCertFile": str(site.keys / "kubelet.crt"),
            "tlsPrivateKeyFile": str(site.keys / "kubelet.key"),
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(site.keys / "ca.crt")},
            },
            "authorization": {"mode": "Webhook"},
            "clusterDNS": [NODE_ADDRESS],
            "clusterDomain": CLUSTER_DOMAIN,
            "resolvConf": "",
            "containerRuntimeEndpoint": f"unix://{site.socket}",
            "podLogsDir": str(site.folder / "pod-logs"),
            "volumePluginDir": str(site.folder / "volume-plugins"),
            "failCgroupV1": False,
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{site.control_group}",
            "enforceNodeAllocatable": ["pods"],
            "failSwapOn": False,
            "oomScoreAdj": 0,
            "maxOpenFiles": 20000,
            "makeIPTablesUtilChains": False,
            "nodeLeaseDurationSeconds": LEASE_SECONDS,
            "volumeStatsAggPeriod": "5s",  # Usually a minute: so long a full volume goes unseen.
            # The machine's disk is not ours to judge.
            "evictionHard": {
                "memory.available": "100Mi",
                "nodefs.available": "1%",
                "imagefs.available": "1%",
            },
            "imageGCHighThresholdPercent": 100,
            "imageGCLowThresholdPercent": 99,
            "kubeAPIQPS": 100,
            "kubeAPIBurst": 200,
        }
    )


def proxy_config(kubeconfig: Path) -> str:
    """Services by nftables, and none of the machine's settings changed."""
    leave = {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"}
    return json.dumps(
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "nftables",
            "clientConnection": {"kubeconfig": str(kubeconfig)},
            "clusterCIDR": POD_RANGE,
            "hostnameOverride": NODE_NAME,
            "conntrack": leave,
            "healthzBindAddress": "127.0.0.1:10256",
            "metricsBindAddress": "127.0.0.1:10249",
        }
    )
