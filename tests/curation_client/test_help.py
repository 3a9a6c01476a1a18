"""Whoever asks for help is answered at once: nothing heavy is imported for it."""

import json
import subprocess
import sys

import pytest

HEAVY = {
    "azure", "boto3", "botocore", "curation_api", "curation_job", "curation_storage", "google",
    "kubernetes", "lightly", "matplotlib", "numpy", "pandas", "pyarrow", "rich", "sklearn", "torch",
    "torchvision", "yaml",
}  # fmt: skip

IMPORTED_FOR = """
import atexit, json, runpy, sys
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
sys.argv = ["curate", *sys.argv[1:]]
runpy.run_module("curation_client", run_name="__main__")
"""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["run", "--help"], ["convert", "--help"]], ids=" ".join
)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    asked = subprocess.run(
        [sys.executable, "-c", IMPORTED_FOR, *arguments], capture_output=True, text=True, check=True
    )

    imported = {module.partition(".")[0] for module in json.loads(asked.stderr)}
    assert imported & HEAVY == set()
    assert asked.stdout.startswith("Usage: curate ")
