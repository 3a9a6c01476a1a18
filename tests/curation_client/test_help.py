"""Whoever asks for help is answered at once: nothing heavy is imported for it."""

import json
import subprocess
import sys

import pytest

HEAVY = {
    "azure", "boto3", "botocore", "curation_api", "curation_job", "curation_storage", "google",
    "kubernetes", "lightly", "matplotlib", "numpy", "pandas", "pyarrow", "pydantic", "rich",
    "sklearn", "torch", "torchvision", "yaml",
}  # fmt: skip

IMPORTED_FOR = """
import atexit, json, runpy, sys
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
sys.argv = ["curate", *sys.argv[1:]]
runpy.run_module("curation_client", run_name="__main__")
"""


VERBS = (
    "", "run", "validate", "convert", "get", "describe", "create run", "wait", "cancel", "suspend",
    "resume", "retry", "logs", "artifacts ls", "artifacts get", "tags ls", "export", "why", "diff",
    "doctor",
)  # fmt: skip


def test_importing_the_client_brings_nothing_large() -> None:
    code = "import curation_client, json, sys; print(json.dumps(sorted(sys.modules)))"

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert {module.partition(".")[0] for module in json.loads(said.stdout)} & HEAVY == set()


@pytest.mark.parametrize("arguments", [[*verb.split(), "--help"] for verb in VERBS], ids=" ".join)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    asked = subprocess.run(
        [sys.executable, "-c", IMPORTED_FOR, *arguments], capture_output=True, text=True, check=True
    )

    imported = {module.partition(".")[0] for module in json.loads(asked.stderr)}
    assert imported & HEAVY == set()
    assert asked.stdout.startswith("Usage: curate ")
