"""What a probe found, as the status of a Datasource."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from curation_api import DatasourceStatus
from curation_api.conditions import Condition, ConditionStatus, DatasourceCondition
from curation_api.datasource import InputRights, LightlyRights
from curation_api.probe_report import Finding, ProbeReport
from curation_api.problems import Reason
from curation_operator.planning.seen import DatasourceSeen
from curation_operator.planning.standing import FALSE, TRUE, UNKNOWN, dated
from curation_operator.planning.words import quoted


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why nothing is known about the rights."""

    reason: Reason
    message: str


_STATUS = {True: TRUE, False: FALSE, None: UNKNOWN}
_BEING_LOOKED_AT = Trouble(Reason.PROBE_PENDING, "Its rights are being looked at.")


def found(seen: DatasourceSeen, report: ProbeReport, now: datetime) -> DatasourceStatus:
    """The rights as they are."""
    findings = _by_condition(report)
    rights = {
        kind: (_STATUS[finding.granted], finding.reason, quoted(finding.message))
        for kind, finding in findings.items()
    }
    missing = [finding for finding in findings.values() if finding.granted is False]
    unknown = [finding for finding in findings.values() if finding.granted is None]
    if missing or unknown:
        decisive = (missing or unknown)[0]
        message = " ".join(_each_once(finding.message for finding in missing or unknown))
        said = (FALSE if missing else UNKNOWN, decisive.reason, quoted(message, 3000))
    else:
        words = "Raw files can be listed and read, and results can be written."
        said = (TRUE, Reason.PROBE_SUCCEEDED, words)
    conditions = {
        DatasourceCondition.READY: said,
        DatasourceCondition.STALLED: _stalled(said, is_true=bool(missing)),
        **rights,
    }
    return seen.status.model_copy(
        update={
            "conditions": _dated(seen, conditions, now),
            "input": InputRights(
                can_list=report.input.can_list.granted,
                can_read=report.input.can_read.granted,
                errors=_errors(can_list=report.input.can_list, can_read=report.input.can_read),
            ),
            "lightly": LightlyRights(
                can_list=report.lightly.can_list.granted,
                can_read=report.lightly.can_read.granted,
                can_write=report.lightly.can_write.granted,
                can_overwrite=report.lightly.can_overwrite.granted,
                errors=_errors(
                    can_list=report.lightly.can_list,
                    can_read=report.lightly.can_read,
                    can_write=report.lightly.can_write,
                    can_overwrite=report.lightly.can_overwrite,
                ),
            ),
        }
    )


def _by_condition(report: ProbeReport) -> dict[str, Finding]:
    return {
        DatasourceCondition.INPUT_LISTABLE: report.input.can_list,
        DatasourceCondition.INPUT_READABLE: report.input.can_read,
        DatasourceCondition.LIGHTLY_LISTABLE: report.lightly.can_list,
        DatasourceCondition.LIGHTLY_READABLE: report.lightly.can_read,
        DatasourceCondition.LIGHTLY_WRITABLE: report.lightly.can_write,
        DatasourceCondition.LIGHTLY_OVERWRITABLE: report.lightly.can_overwrite,
    }


def _errors(**findings: Finding) -> dict[str, str] | None:
    """As the client returns them: the name of each right that is missing, and why."""
    return {
        name: quoted(finding.message)
        for name, finding in findings.items()
        if finding.granted is False
    } or None


def _each_once(messages: Iterator[str]) -> list[str]:
    """Rights that are missing for the same reason need one sentence."""
    return list(dict.fromkeys(filter(None, messages)))


def nothing_found_yet(
    seen: DatasourceSeen, now: datetime, trouble: Trouble | None = None
) -> DatasourceStatus:
    """Before the first answer nothing is known; later, what was known stays until the next."""
    if seen.condition(DatasourceCondition.READY) is None or trouble is not None:
        return with_ready(seen, seen.status, UNKNOWN, trouble or _BEING_LOOKED_AT, now)
    return seen.status


def nothing_found(seen: DatasourceSeen, trouble: Trouble, now: datetime) -> DatasourceStatus:
    """A probe came to no answer. What was good stays good until that happens twice in a row."""
    ready = seen.condition(DatasourceCondition.READY)
    was_good = ready is not None and ready.status is TRUE and ready.reason == Reason.PROBE_SUCCEEDED
    return with_ready(seen, seen.status, TRUE if was_good else UNKNOWN, trouble, now)


def with_ready(
    seen: DatasourceSeen,
    status: DatasourceStatus,
    is_ready: ConditionStatus,
    trouble: Trouble,
    now: datetime,
    *,
    stalled: bool = False,
) -> DatasourceStatus:
    """The status with only the summary changed; what is known of each right stays."""
    said = (is_ready, trouble.reason, trouble.message)
    conditions: dict[str, _Said] = {
        DatasourceCondition.READY: said,
        DatasourceCondition.STALLED: _stalled(said, is_true=stalled),
    }
    others = [entry for entry in status.conditions or [] if entry.type not in conditions]
    return status.model_copy(update={"conditions": [*_dated(seen, conditions, now), *others]})


_Said = tuple[ConditionStatus, Reason, str]


def _stalled(ready: _Said, *, is_true: bool) -> _Said:
    _, reason, message = ready
    return (TRUE, reason, message) if is_true else (FALSE, reason, "")


def _dated(seen: DatasourceSeen, conditions: Mapping[str, _Said], now: datetime) -> list[Condition]:
    was = {entry.type: entry for entry in seen.status.conditions or []}
    return [
        dated((kind, *said), was.get(kind), generation=seen.generation, now=now)
        for kind, said in conditions.items()
    ]
