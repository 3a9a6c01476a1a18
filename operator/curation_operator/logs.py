"""One JSON object a line, each with the object that it is about and the look it belongs to."""

import contextlib
import json
import logging
import logging.config
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from curation_operator.planning.keys import Key, LineKey

_about: ContextVar[dict[str, Any]] = ContextVar("about")


@contextlib.contextmanager
def looking_at(key: Key, look: int) -> Iterator[None]:
    """Every line from here belongs to this look."""
    kind = {"RunKey": "run", "DatasourceKey": "datasource"}.get(type(key).__name__, "line")
    name = key.datasource if isinstance(key, LineKey) else key.name
    token = _about.set({"namespace": key.namespace, kind: name, "reconcile": look})
    try:
        yield
    finally:
        _about.reset(token)


def about_uid(uid: str) -> None:
    """Every further line of this look names the UID of its object."""
    _about.set({**_about.get({}), "uid": uid})


class JsonFormatter(logging.Formatter):
    """A line that a person can read and a program can search."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            **_about.get({}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def set_up_logging(level: str) -> None:
    """Log to standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # kopf has a line for each event that it passes on, aiohttp one for each scrape.
    for noisy in ("kopf", "aiohttp.access", "kubernetes", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
