"""`/progress` and `/metrics` of a worker: for the operator and for Prometheus."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from curation_api.names import PROGRESS_PATH, WORKER_PORT
from curation_job.runtime.progress import Progress


@contextmanager
def serving(progress: Progress, *, host: str = "", port: int = WORKER_PORT) -> Iterator[int]:
    """Answer questions about this progress while the block runs; yields the port."""
    registry = CollectorRegistry()
    registry.register(_ProgressCollector(progress))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == PROGRESS_PATH:
                body, kind = json.dumps(progress.seen().as_json()).encode(), "application/json"
            elif self.path == "/metrics":
                body, kind = generate_latest(registry), "text/plain; version=0.0.4"
            else:
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Being asked is nothing to log."""

    with _Server((host, port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """An address of either family; no name server is asked what it is called."""
        TCPServer.server_bind(self)

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)


class _ProgressCollector(Collector):
    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def collect(self) -> Iterator[Metric]:
        """What Prometheus gets."""
        seen = self._progress.seen()
        step = GaugeMetricFamily("curation_worker_step", "The step at hand is 1.", labels=["step"])
        step.add_metric([str(seen.step)], 1)
        yield step
        yield GaugeMetricFamily(
            "curation_worker_step_processed", "Done in the step at hand.", value=seen.processed
        )
        yield GaugeMetricFamily(
            "curation_worker_step_total", "To do in the step at hand.", value=seen.total or 0
        )
        yield GaugeMetricFamily(
            "curation_worker_compute_efficiency",
            "Part of the time that the network is at work.",
            value=seen.efficiency or 0.0,
        )
        counters = CounterMetricFamily(
            "curation_worker_done", "What the worker has done.", labels=["what"]
        )
        for name, value in sorted(self._progress.counters.items()):
            counters.add_metric([name], value)
        yield counters
