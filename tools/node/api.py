"""The calls of a kubelet to an API server."""

import base64
import contextlib
import json
import ssl
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json"

MERGE_PATCH = "application/merge-patch+json"

# Watches are restarted so often that a lost event is soon made up for.
WATCH_SECONDS = 60


class GoneError(Exception):
    """What was asked for is not there, or no longer the same."""


class NodeApi:
    """A connection with the rights of a kubelet, or more."""

    def __init__(self, server: str, session: aiohttp.ClientSession) -> None:
        self._server, self._session = server, session

    async def get(self, path: str) -> Any:
        """Read an object or a list."""
        return await self._call("GET", path)

    async def create(self, path: str, body: Any) -> Any:
        """Create an object; one that is already there is read instead."""
        try:
            return await self._call("POST", path, body)
        except FileExistsError:
            return await self.get(f"{path}/{body['metadata']['name']}")

    async def replace(self, path: str, body: Any) -> Any:
        """Write an object as a whole."""
        return await self._call("PUT", path, body)

    async def patch(self, path: str, body: Any) -> Any:
        """Change what the body names; lists are merged as Kubernetes defines it."""
        return await self._call("PATCH", path, body, STRATEGIC_MERGE_PATCH)

    async def merge(self, path: str, body: Any) -> Any:
        """Change what the body names; lists are replaced. The one way for our own kinds."""
        return await self._call("PATCH", path, body, MERGE_PATCH)

    async def delete(self, path: str, body: Any) -> None:
        """Delete an object, if it is still there."""
        with contextlib.suppress(GoneError):
            await self._call("DELETE", path, body)

    async def _call(
        self, method: str, path: str, body: Any = None, content_type: str = "application/json"
    ) -> Any:
        data = None if body is None else json.dumps(body)
        headers = {"Content-Type": content_type}
        url = self._server + path
        async with self._session.request(method, url, data=data, headers=headers) as response:
            answer = await response.json(content_type=None)
        if response.status in {404, 409} and answer.get("reason") != "AlreadyExists":
            raise GoneError(answer.get("message"))
        if response.status == 409:
            raise FileExistsError(path)
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {answer.get('message')}")
        return answer

    async def watch(self, path: str, query: str = "") -> AsyncIterator[tuple[str, Any]]:
        """What is there and what changes, for ever: the kind of change, and the object."""
        while True:
            try:
                async for change in self._watch_once(path, query):
                    yield change
            except (aiohttp.ClientError, TimeoutError, ConnectionError):
                continue

    async def _watch_once(self, path: str, query: str) -> AsyncIterator[tuple[str, Any]]:
        listed = await self.get(f"{path}?{query}")
        for item in listed["items"]:
            yield "ADDED", item
        version = listed["metadata"]["resourceVersion"]
        options = f"watch=1&timeoutSeconds={WATCH_SECONDS}&resourceVersion={version}"
        url = f"{self._server}{path}?{query}&{options}"
        async with self._session.get(url) as response:
            async for line in response.content:
                change = json.loads(line)
                if change["type"] == "ERROR":
                    return
                yield change["type"], change["object"]


@contextlib.asynccontextmanager
async def connected(kubeconfig: Path) -> AsyncIterator[NodeApi]:
    """The API server that a kubeconfig of ours names."""
    config = json.loads(kubeconfig.read_text())  # noqa: ASYNC240  a small file, once
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    trust = ssl.create_default_context(cadata=_plain(cluster["certificate-authority-data"]))
    with tempfile.NamedTemporaryFile("w") as pem:
        pem.write(_plain(user["client-certificate-data"]) + _plain(user["client-key-data"]))
        pem.flush()
        trust.load_cert_chain(pem.name)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=trust, limit=0),
        timeout=aiohttp.ClientTimeout(sock_connect=10),
        read_bufsize=2**22,  # A line of a watch is a whole object.
    ) as session:
        yield NodeApi(cluster["server"], session)


def _plain(encoded: str) -> str:
    return base64.b64decode(encoded).decode()
