"""Writes down how each test ended, so that `make requirements` believes only what passed."""

import json

import pytest

from tools.requirements.claims import OUTCOMES

# From best to worst: a test with several parameters counts by its worst one.
ORDER = ("passed", "skipped", "failed")


class Outcomes:
    """Collects outcomes by test, without parameters."""

    def __init__(self) -> None:
        self.ended: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            test = report.nodeid.split("[")[0].split("@")[0]  # `@` and the group it ran in
            self.ended[test] = max(self.ended.get(test, "passed"), report.outcome, key=ORDER.index)

    def pytest_sessionfinish(self) -> None:
        known = json.loads(OUTCOMES.read_text()) if OUTCOMES.exists() else {}
        OUTCOMES.parent.mkdir(exist_ok=True)
        OUTCOMES.write_text(json.dumps({**known, **self.ended}, indent=0, sort_keys=True))


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # whoever starts workers hears of their tests
        config.pluginmanager.register(Outcomes(), "outcomes")
