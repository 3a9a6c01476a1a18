"""Where this project keeps what is expensive to make and the same for every clone."""

import os
from collections.abc import Mapping
from pathlib import Path


def cache_root(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder for things that may be deleted at any time and are then made again."""
    if chosen := environ.get("CURATION_CACHE"):
        return Path(chosen).expanduser().absolute()
    if base := environ.get("XDG_CACHE_HOME"):
        return Path(base) / "curation"
    return Path("~/.cache/curation").expanduser()
