"""Where compiled code is kept, and what an import costs."""

import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from curation_job.selection.compiled import compiled, threads_for


def run_python(code: str, **environment: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": ":".join(sys.path), **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_importing_the_package_loads_neither_compiler_nor_torch() -> None:
    code = (
        "import sys, curation_job.selection;"
        "print([name for name in ('numba', 'numpy', 'pydantic', 'torch') if name in sys.modules])"
    )

    assert run_python(code) == "[]\n"


def test_every_name_the_package_offers_is_there() -> None:
    code = (
        "import curation_job.selection as selection;"
        "print(all(getattr(selection, name) for name in selection.__all__));"
        "print(sorted(selection._HOMES) == sorted(selection.__all__))"
    )

    assert run_python(code) == "True\nTrue\n"


def test_without_a_folder_to_keep_it_in_code_is_compiled_for_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Numba looks for a folder among these kinds; none is what a read-only file system leaves.
    monkeypatch.setattr(numba.core.caching.CacheImpl, "_locator_classes", [])

    @compiled()
    def twice(value: float) -> float:
        return 2 * value

    assert twice(4.0) == 8.0


def test_compiled_code_is_kept_where_the_environment_says(tmp_path: Path) -> None:
    code = (
        "import numpy as np; from curation_job.selection import farthest_first;"
        "print(farthest_first(np.eye(3), 2))"
    )

    run_python(code, NUMBA_CACHE_DIR=str(tmp_path))

    assert list(tmp_path.rglob("kernels.*.nbi"))


def test_small_work_is_left_to_one_thread() -> None:
    threads = numba.get_num_threads()

    with threads_for(1_000):
        assert numba.get_num_threads() == 1
    with threads_for(10**9):
        assert numba.get_num_threads() == threads
    assert numba.get_num_threads() == threads
