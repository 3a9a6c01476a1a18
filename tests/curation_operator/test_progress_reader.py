"""Whatever answers at a Pod's address, the operator reads little of it and waits a moment only."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from curation_api.states import Step
from curation_api.worker_progress import WorkerProgress
from curation_operator.progress_reader import progress_reader
from tests.support.servers.ports import free_ports

# Everything in this network is this machine, and no test of Pods uses this address.
ADDRESS = "127.251.0.1"
ANSWER = json.dumps({"step": "EMBEDDING", "processed": 3, "total": 4}).encode()

Answer = Callable[[BaseHTTPRequestHandler], None]


# Workers of other tests, which run beside these, may have the usual one at every address.
[PORT] = free_ports(1)


@pytest.fixture(autouse=True)
def own_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curation_operator.progress_reader.WORKER_PORT", PORT)


@contextmanager
def a_pod_that(answers: Answer) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                answers(self)
            except ConnectionError:
                self.close_connection = True  # It was not listened to any longer.

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((ADDRESS, PORT), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()


def asked() -> tuple[WorkerProgress, ...]:
    async def ask() -> tuple[WorkerProgress, ...]:
        async with progress_reader() as reader:
            return await reader.ask([ADDRESS])

    return asyncio.run(ask())


def answer_with(body: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    return answer


def never_end(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    while True:
        request.wfile.write(b" " * 65536)


def say_nothing(request: BaseHTTPRequestHandler) -> None:
    del request
    time.sleep(10)


def test_a_worker_says_how_far_it_is() -> None:
    with a_pod_that(answer_with(ANSWER)):
        [progress] = asked()

    assert (progress.step, progress.processed, progress.total) == (Step.EMBEDDING, 3, 4)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(answer_with(b"\xff\x00 no JSON"), id="garbage"),
        pytest.param(answer_with(b"[" * 100_000), id="deep"),
        pytest.param(answer_with(ANSWER, 503), id="an error"),
        pytest.param(answer_with(ANSWER, 302, Location="http://127.0.0.1/"), id="a redirect"),
        pytest.param(never_end, id="without end"),
        pytest.param(say_nothing, id="silence"),
    ],
)
def test_anything_else_costs_detail_and_nothing_more(answer: Answer) -> None:
    with a_pod_that(answer):
        assert asked() == ()


def test_where_nobody_answers_nothing_is_known() -> None:
    assert asked() == ()
