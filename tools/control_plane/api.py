"""JSON calls to an API server, quick enough for tables of hundreds of objects."""

import http.client
import json
import ssl
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

MERGE_PATCH = "application/merge-patch+json"
SERVER_SIDE_APPLY = "application/apply-patch+yaml"

# The server hangs up on a connection after 90 s of silence.
REUSE_CONNECTION_SECONDS = 60
REQUEST_TIMEOUT_SECONDS = 30


class Answer(NamedTuple):
    """What the server said: its verdict, the object or Status, and its warnings."""

    status: int
    body: Any
    warnings: list[str]


class Api:
    """One connection that is kept; calls from several threads wait for each other."""

    def __init__(self, server: str, trust: ssl.SSLContext | None = None) -> None:
        address = urlsplit(server)
        self._connection = (
            http.client.HTTPConnection(address.netloc, timeout=REQUEST_TIMEOUT_SECONDS)
            if trust is None
            else http.client.HTTPSConnection(
                address.netloc, timeout=REQUEST_TIMEOUT_SECONDS, context=trust
            )
        )
        self._last_used = 0.0
        self._one_call_at_a_time = threading.Lock()

    def get(self, path: str, *, as_user: str | None = None) -> Answer:
        """Read an object or a list."""
        return self._request("GET", path, as_user=as_user)

    def post(self, path: str, body: Any, *, as_user: str | None = None) -> Answer:
        """Create an object."""
        return self._request("POST", path, body, as_user=as_user)

    def put(self, path: str, body: Any, *, as_user: str | None = None) -> Answer:
        """Replace an object."""
        return self._request("PUT", path, body, as_user=as_user)

    def patch(
        self, path: str, body: Any, *, kind: str = MERGE_PATCH, as_user: str | None = None
    ) -> Answer:
        """Change parts of an object; `kind` says how the body is to be understood."""
        return self._request("PATCH", path, body, content_type=kind, as_user=as_user)

    def delete(self, path: str, *, as_user: str | None = None) -> Answer:
        """Delete an object or a collection."""
        return self._request("DELETE", path, as_user=as_user)

    def close(self) -> None:
        """Hang up; the next call would connect anew."""
        self._connection.close()

    def _request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        as_user: str | None,
    ) -> Answer:
        headers = {"Accept": "application/json", "Content-Type": content_type}
        if as_user is not None:
            headers["Impersonate-User"] = as_user
        payload = None if body is None else json.dumps(body)
        with self._one_call_at_a_time:
            response = self._send(method, path, payload, headers)
            content = response.read()
            self._last_used = time.monotonic()
        is_json = response.headers.get_content_type() == "application/json"
        return Answer(
            response.status,
            json.loads(content) if is_json else content.decode(),
            [_text(warning) for warning in response.headers.get_all("Warning", [])],
        )

    def _send(
        self, method: str, path: str, payload: str | None, headers: dict[str, str]
    ) -> http.client.HTTPResponse:
        if time.monotonic() - self._last_used > REUSE_CONNECTION_SECONDS:
            self._connection.close()
        try:
            self._connection.request(method, path, payload, headers)
            return self._connection.getresponse()
        except (OSError, http.client.HTTPException):
            # Half a conversation cannot be taken up again; the next call starts a new one.
            self._connection.close()
            raise


def mutual_trust(*, ca: Path, client: Path) -> ssl.SSLContext:
    """Trust in servers that this authority vouches for, and a certificate to show to them."""
    trust = ssl.create_default_context(cafile=str(ca))
    trust.load_cert_chain(client)
    return trust


def _text(warning: str) -> str:
    """The sentence in a header like `299 - "spec.x is deprecated"`."""
    return warning.split('"', 1)[1].removesuffix('"').replace('\\"', '"')
