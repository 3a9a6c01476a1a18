"""A worker that does what a script says: the contract of the real one, without its work.

Found under the name `curation_job`, so that the command of a Job starts this one or the real one as
its image decides. Standard library only: it starts in a few milliseconds.

The script is the variable SCRIPT, JSON by stage: {"embed": {"seconds": 1, "exit": 12, ...}}. What a
stage finished it finds again, as the real one does; what was begun and ended stands in a journal.
"""

import argparse
import contextlib
import http.server
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, NoReturn

PAUSE_SECONDS = 0.02
STEPS = {
    "run": "EMBEDDING",
    "prepare": "LOADING_DATASET",
    "train": "TRAINING",
    "embed": "EMBEDDING",
    "select": "SAMPLING",
}


class Worker:
    """One stage, or one shard of it."""

    def __init__(self, config: dict[str, Any], stage: str, shard: int | None) -> None:
        self.uid, self.stage, self.shard = config["run"]["uid"], stage, shard
        self.script = json.loads(os.environ.get("SCRIPT", "{}")).get(stage, {})
        if isinstance(self.script, list):  # One entry for each shard.
            self.script = self.script[shard or 0]
        self.place = folder_of(config["datasourceSpec"], "lightly")
        self.progress = {"step": STEPS[stage], "processed": 0, "total": 100, "unit": "samples"}
        part = stage if shard is None else f"{stage}/{shard}"
        self.mine = self.place / ".lightly/runs" / self.uid / "stages" / part
        self.mine.mkdir(parents=True, exist_ok=True)

    def work(self) -> NoReturn:
        signal.signal(signal.SIGTERM, lambda *_: self.stop())
        self.note("began")
        if (self.mine / "_SUCCESS.json").exists():
            self.note("found done")
        else:
            self.follow_the_script()
            (self.mine / "_SUCCESS.json").write_text("{}")
            self.note("succeeded")
        result = {"selected": 5, "input": 100, "tag": "initial-tag", "digest": self.uid}
        ends_the_run = self.stage in {"run", "select"}
        leave(stage=self.stage, ok=True, result=result if ends_the_run else None)

    def follow_the_script(self) -> None:
        tries = self.mine / "tries"
        tried = int(tries.read_text()) if tries.exists() else 0
        tries.write_text(str(tried + 1))
        script = self.script if tried < self.script.get("times", 1_000) else {}
        if "fill" in script:
            Path(script["fill"]).write_bytes(bytes(8 * 2**20))
        self.take_time(script)
        if "allocate_mebibytes" in script:
            self.note("needs memory")
            bytearray(b"x") * (script["allocate_mebibytes"] * 2**20)
        if "kill" in script:
            self.note("killed")
            os.kill(os.getpid(), getattr(signal, script["kill"]))
            time.sleep(60)
        if "exit" in script:
            self.note("failed")
            if "reason" in script:
                problem = {"reason": script["reason"], "message": script.get("message", "")}
                problem["exitCode"] = script["exit"]
                leave(stage=self.stage, ok=False, problem=problem, exit_code=script["exit"])
            sys.stdout.write(script.get("message", ""))
            sys.stdout.flush()
            sys.exit(script["exit"])

    def take_time(self, script: dict[str, Any]) -> None:
        began, seconds = time.monotonic(), script.get("seconds", 0.0)
        gate = self.place / script["wait_for"] if "wait_for" in script else None
        while (gate is not None and not gate.exists()) or time.monotonic() - began < seconds:
            done = (time.monotonic() - began) / (seconds or 1)
            self.progress["processed"] = min(100, int(100 * done))
            time.sleep(PAUSE_SECONDS)

    def stop(self) -> NoReturn:
        if self.script.get("stubborn"):
            time.sleep(3600)
        self.note("stopped")
        problem = {"reason": "Stopped", "message": "Told to stop.", "exitCode": 143}
        leave(stage=self.stage, ok=False, problem=problem, exit_code=143)

    def note(self, what: str) -> None:
        line = {"at": time.time(), "what": what, "uid": self.uid, "stage": self.stage,
                "shard": self.shard, "pid": os.getpid()}  # fmt: skip
        with (self.place / "journal.jsonl").open("a") as journal:
            journal.write(json.dumps(line) + "\n")

    def show_progress(self) -> None:
        worker = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(worker.progress).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        with contextlib.suppress(OSError):
            server = http.server.ThreadingHTTPServer((os.environ["CURATION_POD_IP"], 9400), Handler)
            threading.Thread(target=server.serve_forever, daemon=True).start()


def folder_of(spec: dict[str, Any], role: str) -> Path:
    place = (spec.get(role) or spec["input"])["local"]
    return Path(os.environ["CURATION_VOLUMES"], place["claimName"], place.get("path", ""))


def probe(spec: dict[str, Any]) -> NoReturn:
    """The rights to folders; a file `probe-script.json` among the raw files says otherwise."""
    raw, derived = folder_of(spec, "input"), folder_of(spec, "lightly")
    script = raw / "probe-script.json"
    said = json.loads(script.read_text()) if script.exists() else {}
    if "hang" in said:
        time.sleep(3600)
    fine = {"granted": True, "reason": "ProbeSucceeded"}
    missing = {
        "granted": False,
        "reason": "PathNotFound",
        "message": f"There is no {derived.name}.",
    }
    empty = {"granted": None, "reason": "EmptyPrefix", "message": "There is no file yet."}
    write = fine if derived.is_dir() else missing
    has_files = raw.is_dir() and any(raw.iterdir())
    report = {
        "version": 1,
        "input": {"canList": fine, "canRead": fine if has_files else empty},
        "lightly": {"canList": fine, "canRead": fine, "canWrite": write, "canOverwrite": write},
    }
    for part, findings in said.items():
        report[part] = {**report[part], **findings}  # type: ignore[dict-item]
    Path(os.environ["CURATION_TERMINATION_LOG"]).write_text(json.dumps(report))
    sys.exit(0)


def leave(*, exit_code: int = 0, **report: Any) -> NoReturn:
    """The last words, then the end."""
    given = {key: value for key, value in report.items() if value is not None}
    Path(os.environ["CURATION_TERMINATION_LOG"]).write_text(json.dumps({"version": 1, **given}))
    sys.stdout.flush()
    os._exit(exit_code)


def main() -> NoReturn:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["run", "probe"])
    parser.add_argument("--config", type=Path)
    parser.add_argument("--stage", default="run")
    arguments = parser.parse_args()
    config = json.loads(arguments.config.read_text())
    if arguments.command == "probe":
        probe(config)
    shard = os.environ.get("JOB_COMPLETION_INDEX") if arguments.stage == "embed" else None
    worker = Worker(config, arguments.stage, None if shard is None else int(shard))
    worker.show_progress()
    worker.work()


if __name__ == "__main__":
    main()
