"""The way to the API server: through the proxy that the environment names, if it names one."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from curation_operator.kube.api_server import Call, connected
from curation_operator.metrics import Metrics
from tests.curation_operator.conftest import settings_for
from tools.control_plane.cluster import ControlPlane


class ConnectProxy:
    """A proxy that notes where it was asked to connect to."""

    def __init__(self) -> None:
        self.address = ""
        self.asked_for: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        place = head.split()[1].decode()
        self.asked_for.append(place)
        host, port = place.split(":")
        there, to_there = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_copy(reader, to_there), _copy(there, writer))


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while piece := await source.read(65536):
        sink.write(piece)
    sink.close()


@pytest.fixture
async def proxy() -> AsyncIterator[ConnectProxy]:
    proxy = ConnectProxy()
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.address = "http://127.0.0.1:{1}".format(*server.sockets[0].getsockname())
    yield proxy
    server.close()


async def ask_for_its_version(control_plane: ControlPlane) -> str:
    """Asks, and says where the API server is."""
    settings = settings_for("default")
    async with connected(settings, Metrics(settings), str(control_plane.kubeconfig)) as ask:
        answer = await ask(Call("get", "version", "/version"))
        assert answer["major"] == "1"
        return ask.configuration.host.removeprefix("https://")


async def test_the_proxy_of_the_environment_is_used(
    control_plane: ControlPlane, proxy: ConnectProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.address)

    place = await ask_for_its_version(control_plane)

    assert proxy.asked_for == [place]


async def test_no_proxy_is_used_to_a_place_that_the_environment_excepts(
    control_plane: ControlPlane, proxy: ConnectProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.address)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    await ask_for_its_version(control_plane)

    assert proxy.asked_for == []
