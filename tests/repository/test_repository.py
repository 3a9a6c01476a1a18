"""What must hold for every file of the project."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
LARGEST_FILE_BYTES = 300 * 1024

# Package registries, by the part of their names that no other host has.
REGISTRIES = re.compile("|".join(("pypi" r"\.org", "python" r"hosted\.org", "npm" r"js\.org")))


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    paths = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in paths if path.is_file()]


def test_no_file_is_large() -> None:
    large = {str(path): path.stat().st_size for path in tracked()}

    assert {path: size for path, size in large.items() if size > LARGEST_FILE_BYTES} == {}


def test_no_file_names_a_package_registry() -> None:
    naming = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if REGISTRIES.search(path.read_bytes().decode(errors="replace"))
    ]

    assert naming == []


def test_constraints_pin_versions_and_nothing_else() -> None:
    pin = re.compile(r"[A-Za-z0-9._-]+==[0-9a-z.+!]+")
    lines = (ROOT / "constraints.txt").read_text().splitlines()

    assert [line for line in lines if not pin.fullmatch(line)] == []
    assert lines == sorted(lines, key=str.lower)
