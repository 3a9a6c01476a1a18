"""Folders as runs leave them, with results that a test has made up."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import yaml

GAIN = "gain: DIVERSITY of EMBEDDINGS"
SCHEMA = pa.schema(
    [
        ("name", pa.string()),
        ("identity", pa.string()),
        ("content_hash", pa.string()),
        ("outcome", pa.string()),
        ("reason", pa.string()),
        ("rank", pa.int32()),
        ("nearest_selected", pa.string()),
        ("distance", pa.float32()),
        (GAIN, pa.float64()),
    ]
)
OUTRANKED = "others were better and there was no room for more"
TOO_NEAR = "nearer to a selected sample than allowed"

Row = dict[str, Any]


def selected(name: str, rank: int, nearest: str | None = None, distance: float = 0.5) -> Row:
    beside = {} if nearest is None else {"nearest_selected": nearest, "distance": distance}
    return {"name": name, "outcome": "selected", "rank": rank, GAIN: distance, **beside}


def left(name: str, nearest: str, distance: float, reason: str = OUTRANKED) -> Row:
    beside = {"nearest_selected": nearest, "distance": distance, "reason": reason}
    return {"name": name, "outcome": "not selected", **beside}


FARM = [
    selected("cow.jpg", 1),
    selected("pig.jpg", 2, "cow.jpg", 0.75),
    selected("hen.jpg", 3, "pig.jpg", 0.25),
    left("calf.jpg", "cow.jpg", 0.125),
    left("piglet.jpg", "pig.jpg", 0.0625, TOO_NEAR),
    {"name": "copy.jpg", "outcome": "duplicate", "reason": "the same as another sample",
     "nearest_selected": "cow.jpg", "distance": 0.0},
    {"name": "empty.jpg", "outcome": "corrupt", "reason": "zero bytes"},
    {"name": "dark.jpg", "outcome": "filtered", "reason": "lightly.luminance > 20"},
    {"name": "old.jpg", "outcome": "preselected"},
]  # fmt: skip
# The same a week later: one sample more is wanted, the hen is gone, a goat has come.
LATER = [
    selected("cow.jpg", 1),
    selected("goat.jpg", 2, "cow.jpg", 0.875),
    selected("pig.jpg", 3, "cow.jpg", 0.75),
    selected("calf.jpg", 4, "cow.jpg", 0.125),
    *(row for row in FARM if row["name"] not in {"cow.jpg", "pig.jpg", "hen.jpg", "calf.jpg"}),
]


def leave_run(folder: Path, name: str, rows: list[Row], **selection: Any) -> Path:
    """Everything of a run that `why` and `diff` look at."""
    (folder / "config").mkdir(parents=True)
    complete = [{field: row.get(field) for field in SCHEMA.names} for row in rows]
    table = pa.Table.from_pylist(complete, schema=SCHEMA)
    pyarrow.parquet.write_table(table, folder / "manifest.parquet")
    identity = {"run": {"name": name, "namespace": "default", "uid": folder.name}}
    configuration = {"enableTraining": False, "selection": selection}
    (folder / "config/hydra.yaml").write_text(yaml.safe_dump(identity))
    (folder / "config/config.yaml").write_text(yaml.safe_dump(configuration))
    return folder


def two_local_runs(root: Path) -> tuple[Path, Path]:
    runs = root / ".lightly/runs"
    return (
        leave_run(runs / "uid-1", "farm-3", FARM, nSamples=3),
        leave_run(runs / "uid-2", "farm-4", LATER, nSamples=4, proportionSamples=None),
    )
