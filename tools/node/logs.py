"""The one door of a kubelet that people use: the logs of a Pod, for `kubectl logs`."""

import contextlib
import ssl
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from tools.control_plane.certificates import CertificateAuthority
from tools.node.api import NodeApi

if TYPE_CHECKING:
    from tools.node.node import Node


@contextlib.asynccontextmanager
async def serving_logs(node: "Node", api: NodeApi) -> AsyncIterator[int]:
    """Serve logs to the API server; the port comes back."""

    async def log(request: web.Request) -> web.Response:
        namespace, name = request.match_info["namespace"], request.match_info["pod"]
        pod = await api.get(f"/api/v1/namespaces/{namespace}/pods/{name}")
        path = node.log_of(pod["metadata"]["uid"])
        if path is None or not path.exists():
            return web.Response(status=404, text="this Pod is no longer here\n")
        return web.Response(body=path.read_bytes(), content_type="text/plain")

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


def _own_certificate() -> ssl.SSLContext:
    """API servers do not ask who signed a kubelet's certificate, unless they are told to."""
    server = CertificateAuthority().issue_server(hosts=["stand-in"], addresses=["127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        pem = Path(folder, "server.pem")
        pem.write_bytes(server.certificate + server.key)
        context.load_cert_chain(pem)
    return context
