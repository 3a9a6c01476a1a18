"""Stands between an operator and its API server: notes every call, and does to it what a test says.

What it does wrong is what networks, load balancers and busy API servers do wrong.
"""

import asyncio
import contextlib
import json
import re
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
from aiohttp import web

from tools.control_plane.cluster import ControlPlane

_PATH = re.compile(
    r"^/(?:api/v1|apis/(?P<group>[^/]+)/[^/]+)(?:/namespaces/[^/]+)?/(?P<resource>[a-z]+)"
    r"(?:/(?P<name>[^/]+)(?:/(?P<subresource>[a-z]+))?)?$"
)
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class Access(NamedTuple):
    """A call as RBAC sees it."""

    verb: str
    group: str
    resource: str


@dataclass(frozen=True)
class Call:
    """A call that has arrived."""

    method: str
    path: str
    is_watch: bool
    is_ours: bool
    """Whether it comes from our own client, not from kopf."""

    @property
    def access(self) -> Access | None:
        found = _PATH.match(self.path)
        if found is None:
            return None  # Discovery, which everybody may do.
        resource = found["resource"]
        if found["subresource"]:
            resource = f"{resource}/{found['subresource']}"
        read = "watch" if self.is_watch else "get" if found["name"] else "list"
        return Access(_VERBS.get(self.method, read), found["group"] or "", resource)


@dataclass
class Fault:
    """What happens to calls instead of an answer, so many times."""

    applies: Callable[[Call], bool]
    times: int = 1_000_000
    status: int | None = None
    message: str = "injected"
    delay_seconds: float = 0.0
    lose_answer: bool = False
    """The call is carried out, and its answer never arrives."""
    watch_events: Callable[[list[bytes]], list[bytes]] | None = None
    """What becomes of each line of a watch."""
    watch_ends_with: bytes | None = None
    """A line that a watch says at once, and no more."""
    met: int = 0


@dataclass
class Proxy:
    """The proxy as tests know it."""

    kubeconfig: Path
    faults: list[Fault] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def fault(self, applies: Callable[[Call], bool], **what: Any) -> Fault:
        fault = Fault(applies, **what)
        self.faults.append(fault)
        return fault

    def accesses(self) -> set[Access]:
        return {call.access for call in self.calls if call.access is not None}

    def find(self, call: Call) -> Fault | None:
        for fault in self.faults:
            if fault.met < fault.times and fault.applies(call):
                fault.met += 1
                return fault
        return None


@contextlib.asynccontextmanager
async def api_proxy(control_plane: ControlPlane, folder: Path) -> AsyncIterator[Proxy]:
    """A proxy with the administrator's rights; its kubeconfig needs no others."""
    trust = ssl.create_default_context(cafile=str(control_plane.ca_file))
    trust.load_cert_chain(control_plane.folder / "administrator.pem")
    kubeconfig = folder / "proxy.kubeconfig"
    proxy = Proxy(kubeconfig)
    connector = aiohttp.TCPConnector(ssl=trust, limit=0)
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, auto_decompress=False, read_bufsize=2**22
    ) as session:

        async def handle(request: web.Request) -> web.StreamResponse:
            return await _pass_on(request, proxy, session, control_plane.server)

        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        kubeconfig.write_text(_kubeconfig(runner.addresses[0][1]))
        try:
            yield proxy
        finally:
            await runner.cleanup()


async def _pass_on(
    request: web.Request, proxy: Proxy, session: aiohttp.ClientSession, server: str
) -> web.StreamResponse:
    is_watch = request.query.get("watch") in {"true", "1"}
    is_ours = request.headers.get("User-Agent", "").startswith("curation-operator/")
    call = Call(request.method, request.path, is_watch, is_ours)
    proxy.calls.append(call)
    fault = proxy.find(call)
    if fault is not None:
        await asyncio.sleep(fault.delay_seconds)
        if fault.status is not None:
            return _status(fault.status, fault.message)
    headers = {
        name: request.headers[name]
        for name in ("Accept", "Content-Type")
        if name in request.headers
    }
    body = await request.read() or None
    async with session.request(
        request.method, server + request.path_qs, data=body, headers=headers
    ) as answer:
        if is_watch:
            return await _stream(request, answer, fault)
        content = await answer.read()
        if fault is not None and fault.lose_answer:
            assert request.transport is not None
            request.transport.close()
        return web.Response(
            body=content, status=answer.status, headers={"Content-Type": answer.content_type}
        )


async def _stream(
    request: web.Request, answer: aiohttp.ClientResponse, fault: Fault | None
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    if fault is not None and fault.watch_ends_with is not None:
        await response.write(fault.watch_ends_with + b"\n")
        return response
    with contextlib.suppress(ConnectionError):
        async for line in answer.content:
            lines = fault.watch_events([line]) if fault and fault.watch_events else [line]
            for one in lines:
                await response.write(one)
    return response


def _status(code: int, message: str) -> web.Response:
    reason = {401: "Unauthorized", 403: "Forbidden", 409: "Conflict", 410: "Expired"}.get(code, "")
    body = {"kind": "Status", "status": "Failure", "code": code, "reason": reason}
    return web.json_response({**body, "message": message}, status=code)


def _kubeconfig(port: int) -> str:
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "proxy", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
            "users": [{"name": "anybody", "user": {}}],
            "contexts": [{"name": "it", "context": {"cluster": "proxy", "user": "anybody"}}],
            "current-context": "it",
        }
    )
