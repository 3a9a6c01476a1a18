"""A gate in front of a server: it sees every request first, and lets it pass or answers itself.

For what a server on loopback does not enforce and the real one does. Bytes and headers pass
unchanged, so that signatures stay valid.
"""

import http.client
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "expect"}


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """Without query, and without percent signs."""
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        """The last value of each parameter."""
        pairs = parse_qs(urlsplit(self.target).query, keep_blank_values=True)
        return {name: values[-1] for name, values in pairs.items()}

    @property
    def form(self) -> dict[str, str]:
        """A body that is a form."""
        return {name: values[-1] for name, values in parse_qs(self.body.decode()).items()}


@dataclass(frozen=True, slots=True)
class Answer:
    """What it is told."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Rules(Protocol):
    """What a gate is there for."""

    def decide(self, request: Request, ask: "Ask") -> Answer:
        """Answer the request; `ask` passes one on to the server."""


class Ask(Protocol):
    """Passes a request on to the server behind the gate."""

    def __call__(self, request: Request) -> Answer: ...


@contextmanager
def running_gate(rules: Rules, upstream_port: int) -> Iterator[int]:
    """A gate on a port of its own, as long as the block lasts."""
    server = _Server(rules, upstream_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, rules: Rules, upstream_port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.rules = rules
        self.upstream_port = upstream_port


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one packet: otherwise each answer waits for the client to confirm the head.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._upstream = http.client.HTTPConnection("127.0.0.1", self.server.upstream_port)

    def finish(self) -> None:
        self._upstream.close()
        super().finish()

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:  # the client has gone
            self.close_connection = True

    def handle_expect_100(self) -> bool:
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def answer(self) -> None:
        """Whatever the method is."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, self.path, dict(self.headers.items()), body)
        answer = self.server.rules.decide(request, self._ask)
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in {*_HOP_BY_HOP, "content-length"} or self.command == "HEAD":
                self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = answer

    def _ask(self, request: Request) -> Answer:
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in {*_HOP_BY_HOP, "content-length"}
        }
        self._upstream.request(request.method, request.target, request.body or None, headers)
        response = self._upstream.getresponse()
        return Answer(response.status, response.read(), dict(response.getheaders()))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""
