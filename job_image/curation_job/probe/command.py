"""The command: both places at the same time, an answer in time, and an exit code that fits it.

It runs with the identity, the keys and the network of a worker, before any GPU is paid for.
"""

import json
import logging
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from pydantic import ValidationError

from curation_api import CurationError, DatasourceSpec, ExitCode, Reason, problems_in
from curation_api.probe_report import Finding, InputFindings, LightlyFindings, ProbeReport
from curation_api.problems import InvalidConfigurationError
from curation_job.probe.rights import (
    OF_INPUT,
    OF_LIGHTLY,
    Rights,
    rights_to_input,
    rights_to_lightly,
)
from curation_job.settings import WorkerSettings
from curation_storage import (
    IMPATIENT,
    StorageError,
    open_input,
    open_lightly,
    secret_from_folder,
)
from curation_storage.errors import EXIT_CODES

logger = logging.getLogger(__name__)

# The answer is due 20 s after the start of this program; loading it on a busy node counts.
DEADLINE_SECONDS = 16
SHORTEST_LOOK_SECONDS = 3

_NO_ANSWER = (
    "There was no answer within {seconds:.0f} s. To fix it: Check the address in {role}, and that"
    " the network lets Pods reach it."
)


def probe(config: Path, settings: WorkerSettings) -> int:
    """Look, leave the answer as last words, and print it."""
    try:
        spec = read_spec(config)
    except CurationError as error:
        logger.error("%s", error)
        return error.problem.exit_code
    report, exit_code = look(spec, settings, seconds=_seconds_left())
    with suppress(OSError):
        settings.termination_log.write_text(report.last_words())
    sys.stdout.write(f"{report.last_words()}\n")
    return exit_code


def _seconds_left() -> float:
    age = time.time() - psutil.Process().create_time()
    return max(SHORTEST_LOOK_SECONDS, DEADLINE_SECONDS - age)


def read_spec(path: Path) -> DatasourceSpec:
    """The spec of a Datasource, as the operator has written it."""
    try:
        return DatasourceSpec.model_validate(json.loads(path.read_text()))
    except ValidationError as error:
        raise InvalidConfigurationError(
            f"{path} is no valid Datasource: {'; '.join(problems_in(error))}",
            fix="Use an operator and a worker of the same version",
        ) from error
    except (OSError, ValueError) as error:
        raise InvalidConfigurationError(
            f"Cannot read the configuration {path}: {error}", fix="Check --config"
        ) from error


def look(
    spec: DatasourceSpec, settings: WorkerSettings, *, seconds: float
) -> tuple[ProbeReport, ExitCode]:
    """What may be done, and how a program ends that found this."""
    place, derived = spec.input_location, spec.lightly_location

    def look_at_input() -> Rights:
        keys = secret_from_folder(settings.input_secrets)
        return rights_to_input(
            open_input(place, keys, volumes=settings.volumes, patience=IMPATIENT)
        )

    def look_at_lightly() -> Rights:
        keys = secret_from_folder(settings.lightly_secrets)
        return rights_to_lightly(
            open_lightly(derived, keys, volumes=settings.volumes, patience=IMPATIENT)
        )

    looks = (_Look("input", OF_INPUT, look_at_input), _Look("lightly", OF_LIGHTLY, look_at_lightly))
    deadline = time.monotonic() + seconds
    for one in looks:
        one.start()
    raw, lightly = (one.findings_by(deadline, seconds) for one in looks)
    report = ProbeReport(input=InputFindings(**raw), lightly=LightlyFindings(**lightly))
    return report, exit_code_for([*raw.values(), *lightly.values()])


def exit_code_for(findings: list[Finding]) -> ExitCode:
    """That of the first right which is missing; a place without files is fine."""
    codes = (
        EXIT_CODES.get(finding.reason, ExitCode.TEMPORARY)
        for finding in findings
        if not finding.granted and finding.reason is not Reason.EMPTY_PREFIX
    )
    return next(codes, ExitCode.OK)


@dataclass
class _Look:
    """A look at one place, which goes on beside others and may never come to its end."""

    role: str
    rights: tuple[str, ...]
    begin: Callable[[], Rights]
    _findings: dict[str, Finding] = field(default_factory=dict)
    _bug: BaseException | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._look, daemon=True, name=self.role)
        self._thread.start()

    def findings_by(self, deadline: float, seconds: float) -> dict[str, Finding]:
        """A finding for each right; those that are not there by then get none of their own."""
        self._thread.join(max(0, deadline - time.monotonic()))
        if self._bug is not None:
            raise self._bug
        late = Finding.not_tried(
            Reason.PROBE_TIMEOUT, _NO_ANSWER.format(seconds=seconds, role=self.role)
        )
        found = dict(self._findings)
        return {right: found.get(right, late) for right in self.rights}

    def _look(self) -> None:
        try:
            for right, finding in self.begin():
                self._findings[right] = finding
        except StorageError as error:
            # It is as true of what was not tried yet.
            reason, sentence = error.problem.reason, str(error)
            for right in self.rights:
                self._findings.setdefault(right, Finding.no(reason, sentence))
        except BaseException as error:  # noqa: BLE001  for whoever waits
            self._bug = error
