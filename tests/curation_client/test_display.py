"""Progress: lines for a file, a line that moves for a terminal."""

import io

from curation_client.local.display import show_progress


def seen(step: str, processed: int = 0) -> dict[str, object]:
    message = f"Embedded: {processed} of 9 samples"
    return {"step": step, "processed": processed, "total": 9, "message": message}


def test_without_a_terminal_each_step_is_a_plain_line_and_few_are_written() -> None:
    stream = io.StringIO()

    with show_progress("farm", stream) as show:
        show(seen("LOADING_DATASET"))
        show(seen("EMBEDDING"))
        for processed in range(9):
            show(seen("EMBEDDING", processed))
        show(seen("SAMPLING"))

    assert stream.getvalue() == "farm: LOADING_DATASET\nfarm: EMBEDDING\nfarm: SAMPLING\n"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_the_line_moves_and_is_gone_at_the_end() -> None:
    stream = _Terminal()

    with show_progress("farm", stream) as show:
        show(seen("EMBEDDING", 4))

    assert "Embedded: 4 of 9 samples" in stream.getvalue()
    assert stream.getvalue().endswith("\x1b[2K")  # the line is erased
