"""The DNS of a cluster, as far as Pods of ours ask: the addresses of Services.

`NAME.NAMESPACE.svc.cluster.local` has an address, everything else does not exist. Looked up anew
for each question; there are few.
"""

import asyncio
import ipaddress
import socket
import struct

from tools.control_plane.components import CLUSTER_DOMAIN
from tools.node.api import GoneError, NodeApi

LONGEST_QUESTION_BYTES = 512
TTL_SECONDS = 2

A_RECORD, INTERNET = 1, 1
NO_ERROR, NO_SUCH_NAME = 0, 3
ANSWERED = 0x8580  # an answer, from an authority, to a question that wished for recursion


async def serve_dns(api: NodeApi, address: str) -> None:
    """Answer by UDP on port 53 of this address, for ever, one question after another."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.settimeout(0)
        listening.bind((address, 53))
        while True:
            question, asker = await loop.sock_recvfrom(listening, LONGEST_QUESTION_BYTES)
            name, end = name_in(question)
            kind, _ = struct.unpack_from("!HH", question, end)
            found = await address_of(name, api)
            said = answer(question[:2], question[12 : end + 4], kind, found)
            await loop.sock_sendto(listening, said, asker)


async def address_of(name: str, api: NodeApi) -> str | None:
    """The address of the Service that has this name, if there is one."""
    match name.lower().split("."):
        case [service, namespace, "svc", *domain] if ".".join(domain) == CLUSTER_DOMAIN:
            try:
                found = await api.get(f"/api/v1/namespaces/{namespace}/services/{service}")
            except GoneError:
                return None
            return str(found["spec"]["clusterIP"])
    return None


def name_in(question: bytes) -> tuple[str, int]:
    """The name that is asked for, and where it ends."""
    labels, at = [], 12
    while length := question[at]:
        labels.append(question[at + 1 : at + 1 + length].decode())
        at += 1 + length
    return ".".join(labels), at + 1


def answer(number: bytes, asked: bytes, kind: int, address: str | None) -> bytes:
    """What is said to a question about this address, or about a name that has none."""
    code = NO_SUCH_NAME if address is None else NO_ERROR
    # A name that has an IPv4 address exists, also for those who ask for another kind.
    found = b""
    if address is not None and kind == A_RECORD:
        packed = ipaddress.IPv4Address(address).packed
        found = struct.pack("!HHHIH", 0xC00C, A_RECORD, INTERNET, TTL_SECONDS, 4) + packed
    counts = struct.pack("!HHHH", 1, 1 if found else 0, 0, 0)
    return number + struct.pack("!H", ANSWERED | code) + counts + asked + found
