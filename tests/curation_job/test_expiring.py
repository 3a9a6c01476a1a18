"""Files that a rule of their bucket will delete soon: left out, or the end of the run."""

import json
import logging
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from curation_api import ExitCode
from curation_api.worker_config import InputExpiration
from curation_job.expiring import FilesExpire, without_expiring
from curation_job.records import Source
from tests.curation_job.test_run_on_buckets import run_worker
from tests.support.images import an_image, encoded
from tests.support.servers.session import Servers
from tests.support.storage_owners import S3Owner
from tests.support.storage_places import StoragePlace, a_place

pytestmark = pytest.mark.covers("R58")

DAYS = {"soon.png": 1.0, "later.png": 30.0}


def expires_at(name: str) -> datetime | None:
    return datetime.now(UTC) + timedelta(days=DAYS[name]) if name in DAYS else None


def kept(strategy: str, days: float, *names: str) -> list[str]:
    rule = InputExpiration.model_validate(
        {"minDaysToExpiration": days, "handlingStrategy": strategy}
    )
    sources = [Source(name, 1, "v") for name in names]
    return [source.name for source in without_expiring(sources, rule, expires_at)]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (0, ["soon.png", "later.png", "stays.png"]),
        (7, ["later.png", "stays.png"]),
        (90, ["stays.png"]),
        (1e300, ["stays.png"]),
    ],
)
def test_files_with_too_few_days_left_are_left_out(days: float, expected: list[str]) -> None:
    assert kept("SKIP", days, "soon.png", "later.png", "stays.png") == expected


def test_how_many_were_left_out_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        kept("SKIP", 7, "soon.png", "later.png")

    assert "their bucket will delete them within 7 days: 1" in caplog.text


def test_the_first_of_them_ends_the_run_where_that_is_asked_for() -> None:
    with pytest.raises(FilesExpire, match=r"will delete soon\.png on 20.*in less than 7 days"):
        kept("ABORT", 7, "later.png", "soon.png")


def test_nothing_ends_where_all_stay_long_enough() -> None:
    assert kept("ABORT", 7, "later.png", "stays.png") == ["later.png", "stays.png"]


def a_bucket_that_forgets(servers: Servers, folder: Path) -> StoragePlace:
    """Files below `old/` are deleted after three days."""
    place = a_place("s3", servers, folder)
    assert isinstance(place.owner, S3Owner)
    place.owner.client.put_bucket_lifecycle_configuration(
        Bucket=place.owner.bucket,
        LifecycleConfiguration={
            "Rules": [
                {
                    "ID": "forget",
                    "Status": "Enabled",
                    "Filter": {"Prefix": "farm/old/"},
                    "Expiration": {"Days": 3},
                }
            ]
        },
    )
    for number in range(6):
        folder_of_it = "old" if number % 2 else "new"
        image = encoded(an_image(number, width=24, height=24), "png")
        place.put(f"{folder_of_it}/{number}.png", image)
    return place


def test_a_bucket_on_s3_says_when_its_rules_delete_a_file(servers: Servers, tmp_path: Path) -> None:
    place = a_bucket_that_forgets(servers, tmp_path).open_input()

    date = place.expires_at("old/1.png")

    assert date is not None
    assert timedelta(days=2) < date - datetime.now(UTC) < timedelta(days=5)
    assert place.expires_at("new/0.png") is None


def ended(
    raw: StoragePlace, servers: Servers, folder: Path, strategy: str
) -> subprocess.CompletedProcess[str]:
    """A run that heeds a week."""
    derived = a_place("s3", servers, folder)
    rule = {"minDaysToExpiration": 7, "handlingStrategy": strategy}
    return run_worker(raw, derived, folder, {"datasource": {"inputExpiration": rule}})


def test_a_run_chooses_from_what_stays(servers: Servers, tmp_path: Path) -> None:
    finished = ended(a_bucket_that_forgets(servers, tmp_path), servers, tmp_path, "SKIP")

    assert finished.returncode == ExitCode.OK, finished.stderr
    result = json.loads((tmp_path / "last-words").read_text())["result"]
    assert (result["input"], result["selected"]) == (3, 3)


def test_a_run_ends_before_it_has_looked_at_anything(servers: Servers, tmp_path: Path) -> None:
    finished = ended(a_bucket_that_forgets(servers, tmp_path), servers, tmp_path, "ABORT")

    assert finished.returncode == ExitCode.DATA_UNUSABLE
    assert "will delete old/1.png" in finished.stderr
    assert "handlingStrategy: SKIP" in finished.stderr


def test_a_store_that_does_not_say_is_refused(servers: Servers, tmp_path: Path) -> None:
    finished = ended(a_place("azure", servers, tmp_path), servers, tmp_path, "SKIP")

    assert finished.returncode == ExitCode.INVALID_CONFIG
    assert "inputExpiration (the input is neither on S3 nor a volume)" in finished.stderr
