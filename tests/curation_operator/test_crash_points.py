"""Wherever the operator is killed, a fresh one comes to the same end: nothing twice or lost."""

import asyncio
import json
from collections import Counter
from typing import Any

import pytest

from tests.curation_operator.conftest import settings_for
from tests.curation_operator.crashing import Outcome, Scenario, Step, play
from tests.curation_operator.farm import Farm

# Which states a look falls on differs from play to play, and so does the number of writes a little.
SHARE_OF_WRITES = 0.7

TWO_SHARDS = {"job": {"parallelism": 2}}


def is_at_work(status: Any) -> bool:
    return bool(status.get("state") == "Running" and status.get("startTime"))


def is_suspended(status: Any) -> bool:
    return bool(status.get("state") == "Suspended")


def has_failed(status: Any) -> bool:
    return bool(status.get("state") == "Failed")


def change(**spec: Any) -> Any:
    return lambda farm, name: farm.change_run(name, **spec)


def open_gate_and_resume(farm: Farm, name: str) -> None:
    farm.open_gate(f"{name}/gate")
    farm.change_run(name, suspend=False)


SCENARIOS = {
    "happy": Scenario("Completed"),
    "sharded": Scenario("Completed", spec=TWO_SHARDS),
    "cancel": Scenario(
        "Aborted",
        script={"run": {"wait_for": "gate"}},
        steps=(Step(is_at_work, change(cancel=True)),),
    ),
    "suspend": Scenario(
        "Completed",
        script={"run": {"wait_for": "gate"}},
        steps=(Step(is_at_work, change(suspend=True)), Step(is_suspended, open_gate_and_resume)),
    ),
    "attempt": Scenario(
        "Completed",
        script={"embed": [{"exit": 12, "times": 1}, {}]},
        spec=TWO_SHARDS,
        steps=(Step(has_failed, change(attempt=2)),),
    ),
    "probe": Scenario("ProbeSucceeded", only_datasource=True),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_it_may_be_killed_after_any_write(
    name: str, farm: Farm, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = SCENARIOS[name]
    settings = settings_for(farm.namespace, progress_write_seconds=3600)

    async def every_crash_point() -> list[Outcome]:
        undisturbed = await play(scenario, f"{name}-0", farm, settings, None)
        points = range(1, undisturbed.writes + 1)
        crashed = (play(scenario, f"{name}-{k}", farm, settings, k) for k in points)
        return [undisturbed, *await asyncio.gather(*crashed)]

    undisturbed, *crashed = asyncio.run(every_crash_point())

    killed = sum(outcome.was_killed for outcome in crashed)
    assert killed >= undisturbed.writes * SHARE_OF_WRITES
    for outcome in crashed:
        assert same_end(outcome, undisturbed), outcome
        nothing_was_done_twice(farm, outcome.name)
    with capsys.disabled():
        print(f"\n{name}: killed at {killed} points, the same end each time")  # noqa: T201


def same_end(outcome: Outcome, undisturbed: Outcome) -> bool:
    """Whether the result is there, and every stage has the same state."""
    if "result" not in undisturbed.status:
        return "result" not in outcome.status
    result, expected = ({**one.status["result"], "digest": ""} for one in (outcome, undisturbed))
    return bool(result == expected and stages(outcome) == stages(undisturbed))


def stages(outcome: Outcome) -> list[tuple[str, str]]:
    return [(stage["name"], stage["state"]) for stage in outcome.status["stages"]]


def nothing_was_done_twice(farm: Farm, name: str) -> None:
    journal = farm.folders["results"] / name / "journal.jsonl"
    lines = (
        [json.loads(line) for line in journal.read_text().splitlines()] if journal.exists() else []
    )
    at_work: Counter[Any] = Counter()
    succeeded: Counter[Any] = Counter()
    for line in lines:
        part = (line["stage"], line["shard"])
        at_work[part] += 1 if line["what"] == "began" else -1
        assert at_work[part] <= 1, f"two workers at once on {part} of {name}"
        succeeded[part] += line["what"] == "succeeded"
    assert all(count <= 1 for count in succeeded.values()), (name, succeeded)
