"""Time listing and reading many small files beside the bare libraries, on the same server.

    python -m benchmarks.storage                                  # a million names, 10,000 files
    python -m benchmarks.storage --names 100000 --files 2000      # less of it

The server (`benchmarks/storage_server.py`) runs in a process of its own and answers each request
after `--latency` milliseconds; so does everybody who asks it. A loop that waits for each file is
run for a tenth of the files, and its rate is shown.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.storage_server import BUCKET, name_of

AT_ONCE = 32
BYTES_PER_FILE = 20_000


@dataclass(frozen=True)
class Task:
    """So many files at this store."""

    endpoint: str
    count: int

    @property
    def names(self) -> list[str]:
        """What to read."""
        return [name_of(number) for number in range(self.count)]


# Each yields the size or the name of one file after another.


def ours_lists(task: Task) -> Iterator[object]:
    """This project."""
    yield from _ours(task).list()


def boto3_lists(task: Task) -> Iterator[object]:
    """The paginator of boto3."""
    for page in _boto3(task).get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        yield from page["Contents"]


def obstore_lists(task: Task) -> Iterator[object]:
    """The list of obstore."""
    import obstore

    for chunk in obstore.list(_obstore(task), chunk_size=1000):
        yield from chunk


def ours_reads(task: Task) -> Iterator[object]:
    """This project."""
    for _, content in _ours(task).read_many(task.names):
        yield len(content)


def boto3_loop_reads(task: Task) -> Iterator[object]:
    """One file after another, as in the documentation of boto3."""
    client = _boto3(task)
    for name in task.names:
        yield len(client.get_object(Bucket=BUCKET, Key=name)["Body"].read())


def boto3_threads_read(task: Task) -> Iterator[object]:
    """The same in as many threads as we use."""
    client = _boto3(task)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(
            lambda name: len(client.get_object(Bucket=BUCKET, Key=name)["Body"].read()), task.names
        )


def obstore_threads_read(task: Task) -> Iterator[object]:
    """Bare obstore, in as many threads as we use."""
    import obstore

    store = _obstore(task)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(lambda name: len(obstore.get(store, name).bytes()), task.names)


Peers = dict[str, Callable[[Task], Iterator[object]]]

LISTERS: Peers = {"ours": ours_lists, "boto3 paginator": boto3_lists, "obstore": obstore_lists}
READERS: Peers = {
    "ours": ours_reads,
    "boto3 loop": boto3_loop_reads,
    "boto3, 32 threads": boto3_threads_read,
    "obstore, 32 threads": obstore_threads_read,
}
ALL = {"list": LISTERS, "read": READERS}


def _ours(task: Task) -> Any:
    from curation_api.datasource import Location
    from curation_storage import open_input

    location = {
        "s3": {"resourcePath": f"s3://{BUCKET}/", "endpointUrl": task.endpoint},
        "credentials": {"secretRef": {"name": "bench"}},
    }
    keys = {"accessKeyId": "bench", "secretAccessKey": "bench-secret"}
    return open_input(Location.model_validate(location), keys, volumes=Path())


def _boto3(task: Task) -> Any:
    import boto3  # type: ignore[import-untyped]
    from botocore.config import Config  # type: ignore[import-untyped]

    return boto3.client(
        "s3",
        endpoint_url=task.endpoint,
        region_name="us-east-1",
        aws_access_key_id="bench",
        aws_secret_access_key="bench-secret",  # noqa: S106
        config=Config(max_pool_connections=AT_ONCE, s3={"addressing_style": "path"}),
    )


def _obstore(task: Task) -> Any:
    from obstore.store import S3Store

    return S3Store(
        BUCKET,
        config={
            "endpoint": task.endpoint,
            "region": "us-east-1",
            "access_key_id": "bench",
            "secret_access_key": "bench-secret",
            "virtual_hosted_style_request": False,
        },
        client_options={"allow_http": True},
    )


def work(what: str, who: str, task: Task) -> None:
    """Do it once in this process, and print what it took."""
    started, cpu = time.perf_counter(), time.process_time()
    count = sum(1 for _ in ALL[what][who](task))
    assert count == task.count
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - started,
                "cpu_seconds": time.process_time() - cpu,
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            }
        )
    )


@contextmanager
def server(names: int, latency_ms: float) -> Iterator[str]:
    """The address of a store, as long as the block lasts."""
    options = [f"--names={names}", f"--bytes={BYTES_PER_FILE}", f"--latency={latency_ms / 1000}"]
    command = [sys.executable, "-m", "benchmarks.storage_server", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def compare(what: str, count: int, latency_ms: float) -> None:
    """A line for each who can do it."""
    print(f"\n{what} {count:,} files, {latency_ms:g} ms each request\n")
    print("| | files/s | CPU s per 1,000 files | peak MB |\n|---|---|---|---|")
    for who in ALL[what]:
        files = count // 10 if "loop" in who else count
        with server(files, latency_ms) as endpoint:
            told = [f"--work={what}", f"--who={who}", f"--at={endpoint}", f"--files={files}"]
            command = [sys.executable, "-m", "benchmarks.storage", *told]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        took = json.loads(done.stdout)
        rate, cpu = files / took["seconds"], took["cpu_seconds"] / files * 1000
        print(f"| {who} | {rate:,.0f} | {cpu:.3f} | {took['peak_mb']} |", flush=True)


def main() -> None:
    """Run everything that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=1_000_000, help="files to list")
    parser.add_argument("--files", type=int, default=10_000, help="files to read")
    parser.add_argument("--latency", type=float, default=5, help="milliseconds")
    for option in ("--work", "--who", "--at"):
        parser.add_argument(option, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.work:
        work(told.work, told.who, Task(told.at, told.files))
        return
    compare("list", told.names, told.latency)
    compare("read", told.files, told.latency)


if __name__ == "__main__":
    main()
