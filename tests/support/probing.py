"""A look at the rights to places, as a probe takes it."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curation_api import DatasourceSpec, ExitCode
from curation_api.probe_report import Finding, ProbeReport
from curation_job.probe.command import look
from curation_job.settings import WorkerSettings
from tests.support.storage_places import StoragePlace

SYMBOLS = {True: "+", False: "-", None: "?"}


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of it."""

    report: ProbeReport
    exit_code: ExitCode

    @property
    def findings(self) -> list[Finding]:
        raw, derived = self.report.input, self.report.lightly
        return [
            raw.can_list, raw.can_read,
            derived.can_list, derived.can_read, derived.can_write, derived.can_overwrite,
        ]  # fmt: skip

    @property
    def rights(self) -> str:
        """List and read the raw files, then list, read, write and overwrite what is derived."""
        signs = [SYMBOLS[finding.granted] for finding in self.findings]
        return f"{''.join(signs[:2])} {''.join(signs[2:])}"

    @property
    def reasons(self) -> set[str]:
        """Why rights are missing."""
        return {str(finding.reason) for finding in self.findings if finding.granted is False}

    @property
    def sentences(self) -> set[str]:
        return {finding.message for finding in self.findings} - {""}


def look_at(
    raw: StoragePlace, derived: StoragePlace | None = None, *, folder: Path, seconds: float = 15
) -> Seen:
    """Look in this process."""
    derived = derived or raw
    settings = WorkerSettings(
        input_secrets=_written(raw.secret, folder / "input"),
        lightly_secrets=_written(derived.secret, folder / "lightly"),
        volumes=raw.volumes,
    )
    report, exit_code = look(
        DatasourceSpec.model_validate(spec_of(raw, derived)), settings, seconds=seconds
    )
    return Seen(report, exit_code)


def spec_of(raw: StoragePlace, derived: StoragePlace) -> dict[str, Any]:
    return {"type": "IMAGES", "input": raw.location, "lightly": derived.location}


def _written(secret: dict[str, str], folder: Path) -> Path:
    """As Kubernetes mounts a Secret."""
    folder.mkdir()
    for key, value in secret.items():
        (folder / key).write_text(value)
    return folder


def run_probe(
    raw: StoragePlace,
    derived: StoragePlace | None = None,
    *,
    folder: Path,
    prefix: Sequence[str] = (),
) -> subprocess.CompletedProcess[str]:
    """Run the command as a Pod does; its last words are in `folder / "last-words"`."""
    derived = derived or raw
    config = folder / "probe.json"
    config.write_text(json.dumps(spec_of(raw, derived)))
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "CURATION_INPUT_SECRETS": str(_written(raw.secret, folder / "input")),
        "CURATION_LIGHTLY_SECRETS": str(_written(derived.secret, folder / "lightly")),
        "CURATION_VOLUMES": str(raw.volumes),
        "CURATION_TERMINATION_LOG": str(folder / "last-words"),
    }
    command = [sys.executable, "-m", "curation_job", "probe", "--config", str(config)]
    return subprocess.run(
        [*prefix, *command],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def seen_in(finished: subprocess.CompletedProcess[str]) -> Seen:
    """What the last words of a command say."""
    report = ProbeReport.from_last_words(finished.stdout)
    assert report is not None, finished.stderr
    return Seen(report, ExitCode(finished.returncode))
