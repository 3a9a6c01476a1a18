"""`make generate`: writes everything that is made from the models; `--check` only compares."""

import argparse
import sys
from pathlib import Path

from tools.generate.chart import chart_files
from tools.generate.crds import RESOURCES, crd_text
from tools.generate.reference import reference_pages
from tools.generate.settings import settings_page
from tools.requirements.claims import requirements
from tools.requirements.page import page as requirements_page

ROOT = Path(__file__).parents[2]


def generated_files() -> dict[Path, str]:
    """Every generated file with its content."""
    crds = {resource.file_name: crd_text(resource) for resource in RESOURCES}
    texts = {
        **reference_pages(),
        "operator-settings.md": settings_page(),
        "requirements.md": requirements_page(requirements()),
    }
    pages = {ROOT / "docs/reference" / name: text for name, text in texts.items()}
    return {
        **{ROOT / "crds" / name: text for name, text in crds.items()},
        **chart_files(ROOT / "charts/curation", crds, ROOT / "operator/role.yaml"),
        **pages,
    }


def main() -> int:
    """Write what differs, or name it."""
    parser = argparse.ArgumentParser(prog="make generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="name what differs, write nothing")
    check = parser.parse_args().check
    stale = {
        path: text
        for path, text in generated_files().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    for path, text in stale.items():
        print(f"{'out of date' if check else 'written'}: {path.relative_to(ROOT)}")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if check and stale:
        print("To fix it: make generate")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
