"""Completion: names from the cluster in every shell, and the plugin's words for kubectl.

kubectl asks a program `kubectl_complete-curation` for what may come next, and expects one candidate
a line and then a number that says whether files may be meant as well.
"""

import os
import subprocess
import sys

from curation_api import CurationError
from curation_client.cli.kinds import DATASOURCE, RUN, Kind
from curation_client.cluster.access import Access
from curation_client.cluster.api_server import ApiServer, Retries

# kubectl's words for "these and nothing else".
NO_FILES = ":4"


def run_names(incomplete: str) -> list[str]:
    """The names of runs that begin like this; none where the cluster does not answer."""
    return _names(RUN, incomplete)


def datasource_names(incomplete: str) -> list[str]:
    """The names of Datasources that begin like this."""
    return _names(DATASOURCE, incomplete)


def _names(kind: Kind, incomplete: str) -> list[str]:
    # Whoever presses a key does not want to wait for a second try.
    server = ApiServer(Access(), Retries(times=0))
    try:
        names = [stored.name for stored in kind.objects_of(server).each()]
    except CurationError:
        return []
    return [name for name in names if name.startswith(incomplete)]


def complete_for_kubectl() -> None:
    """The entry point of `kubectl_complete-curation`."""
    words = ["curate", *sys.argv[1:]]
    environment = {
        **os.environ,
        "_CURATE_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    command = [sys.executable, "-m", "curation_client"]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    for candidate in said.stdout.split():
        print(candidate)  # noqa: T201
    print(NO_FILES)  # noqa: T201
