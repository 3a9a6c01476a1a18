"""What the API server tells, and how soon it is looked at."""

from typing import Any

import pytest

from curation_operator.handlers import STIR_SECONDS, settling_seconds
from curation_operator.queue import DEBOUNCE_SECONDS


def test_a_job_that_starts_is_looked_at_when_it_has_settled() -> None:
    assert settling_seconds({"active": 1, "ready": 0, "terminating": 0}) == STIR_SECONDS


@pytest.mark.parametrize(
    "status", [{"terminating": 1}, {"failed": 1}, {"conditions": [{"type": "Complete"}]}], ids=str
)
def test_a_job_whose_pods_may_soon_be_gone_is_looked_at_at_once(status: dict[str, Any]) -> None:
    assert settling_seconds({"active": 1, **status}) == DEBOUNCE_SECONDS
