"""Sets the report as a PDF from its template, its numbers and its plots."""

import shutil
from pathlib import Path

TEMPLATE = Path(__file__).parent / "report.typ"


def write_pdf(folder: Path) -> Path:
    """Set `report.pdf` in a folder that has `report.json` and `plots/`."""
    import typst  # takes a moment to load, and only whoever writes a PDF needs it

    template = folder / TEMPLATE.name
    shutil.copy(TEMPLATE, template)
    try:
        typst.compile(template, output=folder / "report.pdf")
    finally:
        template.unlink()
    return folder / "report.pdf"
