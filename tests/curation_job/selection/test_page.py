"""What docs/explanation/selection.md shows is true."""

import contextlib
import io
import runpy
from pathlib import Path

import pytest

from curation_job.selection.problem import SelectionProblem
from tests.repository.snippets import snippets

PAGE = "docs/explanation/selection.md"
PICTURES = Path(__file__).parents[3] / "docs/explanation/selection"


@pytest.mark.parametrize(
    "code", [block.text for block in snippets("") if block.page == PAGE], ids=range(1)
)
def test_the_code_on_the_page_runs(code: str) -> None:
    printed = io.StringIO()

    with contextlib.redirect_stdout(printed):
        exec(code, {})  # noqa: S102  our own page

    assert printed.getvalue()


def test_the_pictures_are_what_the_script_draws() -> None:
    script = runpy.run_path(str(PICTURES / "pictures.py"))
    dots = script["toy_dots"]()

    assert (PICTURES / "strategies.svg").read_text() == script["draw_strategies"](dots)
    assert (PICTURES / "coverage.svg").read_text() == script["draw_coverage"](
        script["coverage_of"](dots)
    )


def test_the_page_names_the_memory_that_is_used() -> None:
    default = SelectionProblem.__dataclass_fields__["memory_bytes"].default

    assert default == 2 * 2**30
    assert "2 GiB unless told" in (PICTURES.parent / "selection.md").read_text()
