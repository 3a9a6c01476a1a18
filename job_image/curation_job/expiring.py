"""Files that a rule of their bucket will delete soon are left out, or end the run."""

import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice

from curation_api import CurationError, ExitCode, Reason
from curation_api.worker_config import ExpirationStrategy, InputExpiration
from curation_job.records import Source

logger = logging.getLogger(__name__)

QUESTIONS_AT_ONCE = 32
FILES_AT_ONCE = 1024
_DAY = timedelta(days=1)


class FilesExpire(CurationError):  # noqa: N818  says what happens
    """The run would choose files that are about to be deleted."""

    reason = Reason.DATA_UNUSABLE
    exit_code = ExitCode.DATA_UNUSABLE


def without_expiring(
    sources: Iterable[Source],
    rule: InputExpiration,
    expires_at: Callable[[str], datetime | None],
) -> Iterator[Source]:
    """The files that stay long enough, in their order; asks the bucket about each of them."""
    remaining = iter(sources)
    now, left_out, days = datetime.now(UTC), 0, rule.min_days_to_expiration
    with ThreadPoolExecutor(QUESTIONS_AT_ONCE) as pool:
        while together := list(islice(remaining, FILES_AT_ONCE)):
            dates = pool.map(lambda source: expires_at(source.name), together)
            for source, date in zip(together, dates, strict=True):
                if date is None or (date - now) / _DAY >= days:
                    yield source
                elif rule.handling_strategy is ExpirationStrategy.ABORT:
                    raise _will_be_deleted(source, date, days)
                else:
                    left_out += 1
    if left_out:
        logger.warning(
            "Files left out because their bucket will delete them within %g days: %d",
            days,
            left_out,
        )


def _will_be_deleted(source: Source, date: datetime, days: float) -> FilesExpire:
    return FilesExpire(
        f"A rule of the bucket will delete {source.name} on {date:%Y-%m-%d}, in less than"
        f" {days:g} days",
        fix="Change the rule, or set workerConfig.datasource.inputExpiration.handlingStrategy:"
        " SKIP to leave such files out",
    )
