"""The contract of Curation: its two resources, and what its programs say to each other.

Everything here is data. Other packages import it; it imports pydantic and nothing else, so that a
client on a laptop, the operator and a GPU worker agree on every word without sharing any code.
"""

from curation_api.conditions import Condition
from curation_api.curation_run import CurationRun, CurationRunSpec, CurationRunStatus
from curation_api.datasource import Datasource, DatasourceSpec, DatasourceStatus
from curation_api.job_config import JobConfig
from curation_api.lightly_config import LightlyConfig
from curation_api.problems import CurationError, ExitCode, Problem, Reason, problems_in
from curation_api.run_report import RunReport
from curation_api.selection_config import SelectionConfig
from curation_api.worker_config import WorkerConfig

__all__ = [
    "Condition",
    "CurationError",
    "CurationRun",
    "CurationRunSpec",
    "CurationRunStatus",
    "Datasource",
    "DatasourceSpec",
    "DatasourceStatus",
    "ExitCode",
    "JobConfig",
    "LightlyConfig",
    "Problem",
    "Reason",
    "RunReport",
    "SelectionConfig",
    "WorkerConfig",
    "problems_in",
]
