"""The one door of a kubelet that people use: the logs of a Pod, for `kubectl logs`."""

import asyncio
import contextlib
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from tools.control_plane.certificates import CertificateAuthority
from tools.node.api import NodeApi

if TYPE_CHECKING:
    from tools.node.node import Node

# How often whoever follows a log is given what has come.
FOLLOW_SECONDS = 0.1


@contextlib.asynccontextmanager
async def serving_logs(node: "Node", api: NodeApi) -> AsyncIterator[int]:
    """Serve logs to the API server; the port comes back."""

    async def log(request: web.Request) -> web.StreamResponse:
        namespace, name = request.match_info["namespace"], request.match_info["pod"]
        pod = await api.get(f"/api/v1/namespaces/{namespace}/pods/{name}")
        uid = pod["metadata"]["uid"]
        path = node.log_of(uid)
        if path is None or not path.exists():
            return web.Response(status=404, text="this Pod is no longer here\n")
        if request.query.get("follow") == "true":
            return await _followed(request, path, lambda: node.is_at_work(uid))
        lines = path.read_bytes().splitlines(keepends=True)
        wanted = int(request.query.get("tailLines", len(lines)))
        body = b"".join(lines[len(lines) - wanted :] if wanted < len(lines) else lines)
        return web.Response(body=body, content_type="text/plain")

    app = web.Application()
    app.router.add_get("/containerLogs/{namespace}/{pod}/{container}", log)
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=_own_certificate())
    await site.start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def _followed(
    request: web.Request, path: Path, is_at_work: Callable[[], bool]
) -> web.StreamResponse:
    """What is in the file and what comes, until the Pod has ended."""
    response = web.StreamResponse()
    await response.prepare(request)
    with path.open("rb") as file:
        goes_on = True
        while goes_on:
            goes_on = is_at_work()
            await response.write(file.read())
            await asyncio.sleep(FOLLOW_SECONDS if goes_on else 0)
    return response


def _own_certificate() -> ssl.SSLContext:
    """API servers do not ask who signed a kubelet's certificate, unless they are told to."""
    server = CertificateAuthority().issue_server(hosts=["stand-in"], addresses=["127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        pem = Path(folder, "server.pem")
        pem.write_bytes(server.certificate + server.key)
        context.load_cert_chain(pem)
    return context
