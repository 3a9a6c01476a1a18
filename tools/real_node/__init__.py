"""A real node on one machine: kubelet, containerd, runc, CNI, kube-proxy and DNS.

It lives in namespaces of its own (processes, mounts, network) together with its control plane, so
that nothing of it touches this machine's network or file systems, and that the kernel itself ends
all of it, containers included, when the first process of the namespaces ends. Two things remain
outside and are removed by whoever made the namespaces: control groups, and a folder.

Images need no registry: what a container has in common with this machine is mounted read-only
from it (`images.py`). Wherever one of the two sides has to reach the other, a relay carries
connections across (`relay.py`).
"""
