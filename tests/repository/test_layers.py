"""The import contracts hold, and each of them breaks when somebody violates it."""

import ast
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ("api", "storage", "client", "operator", "job_image")

# A module that does what a contract forbids, for each contract.
VIOLATIONS = {
    "The contract knows pydantic and nobody else": ("api/curation_api", "import kubernetes"),
    "Storage knows buckets, not clusters or models": ("storage/curation_storage", "import torch"),
    "The client brings neither operator nor torch": ("client/curation_client", "import torch"),
    "The operator opens no bucket and runs no model": (
        "operator/curation_operator",
        "import curation_storage",
    ),
    "The job knows no cluster": ("job_image/curation_job", "import curation_operator"),
    "Planning is pure: facts in, plan out": (
        "operator/curation_operator/planning",
        "import curation_operator.kube",
    ),
    "In the operator, events know the cluster, the cluster knows plans": (
        "operator/curation_operator/planning",
        "import curation_operator.kube",
    ),
    "Only handlers and the program know kopf": ("operator/curation_operator/kube", "import kopf"),
    "Stages of the job do not know each other": (
        "job_image/curation_job/selection",
        "import curation_job.embedding.embedder",
    ),
}


def contract_names() -> set[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]}


def test_each_contract_has_its_violation() -> None:
    assert set(VIOLATIONS) == contract_names()


@pytest.mark.parametrize("contract", VIOLATIONS)
def test_a_violated_contract_is_reported(contract: str, tmp_path: Path) -> None:
    for source in SOURCES:
        shutil.copytree(ROOT / source, tmp_path / source)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    package, statement = VIOLATIONS[contract]
    (tmp_path / package / "planted.py").write_text(f"{statement}\n")

    report = lint_imports(tmp_path)

    assert f"{contract} BROKEN" in report


def lint_imports(root: Path) -> str:
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    finished = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"],
        cwd=root,
        env={"PYTHONPATH": ":".join(str(root / source) for source in SOURCES)},
        capture_output=True,
        text=True,
        check=False,
    )
    return finished.stdout


def test_the_contract_package_imports_pydantic_and_the_standard_library_only() -> None:
    allowed = {*sys.stdlib_module_names, "curation_api", "pydantic", "pydantic_core"}

    imported = {
        name.split(".")[0]
        for path in (ROOT / "api/curation_api").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in names_in(node)
    }

    assert imported <= allowed


def names_in(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def test_no_folder_stands_in_for_a_module_of_the_standard_library() -> None:
    assert not (ROOT / "operator/__init__.py").exists()
    assert not (ROOT / "tests/operator").exists()
