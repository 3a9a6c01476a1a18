"""A worker's progress is numbers from somebody we do not trust."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation_api.states import Step
from curation_api.worker_progress import PROGRESS_LIMIT_BYTES, WorkerProgress

HALF_WAY = {"step": "EMBEDDING", "processed": 50, "total": 100, "unit": "samples", "etaSeconds": 9}


def test_what_a_newer_worker_says_beside_is_passed_over() -> None:
    answer = json.dumps({**HALF_WAY, "message": "Please run this command"}).encode()

    assert WorkerProgress.from_answer(answer) == WorkerProgress.stored(HALF_WAY)


def test_an_answer_of_a_worker_is_read() -> None:
    progress = WorkerProgress.from_answer(json.dumps(HALF_WAY).encode())

    assert progress is not None
    assert (progress.step, progress.share, progress.eta_seconds) == (Step.EMBEDDING, 0.5, 9)


@pytest.mark.parametrize(
    "wrong",
    [
        {"processed": -1},
        {"processed": 2**60},
        {"processed": "many"},
        {"unit": "<script>"},
        {"unit": "samples " * 1000},
        {"step": "MINING"},
        {"perSecond": -1.0},
        {"padding": "x" * PROGRESS_LIMIT_BYTES},
    ],
    ids=lambda wrong: str(wrong)[:30],
)
def test_anything_else_is_no_answer(wrong: dict[str, object]) -> None:
    assert WorkerProgress.from_answer(json.dumps({**HALF_WAY, **wrong}).encode()) is None


@given(st.binary(max_size=200) | st.text(alphabet='[]{}":,0 ').map(str.encode))
def test_garbage_is_no_answer_and_no_error(body: bytes) -> None:
    assert WorkerProgress.from_answer(body) is None


@pytest.mark.parametrize("depth", [100, 10_000])
def test_deep_nesting_is_no_answer(depth: int) -> None:
    assert WorkerProgress.from_answer(b"[" * depth + b"]" * depth) is None


def test_more_than_everything_is_everything() -> None:
    assert WorkerProgress(step=Step.EMBEDDING, processed=120, total=100).share == 1.0
