"""The documented files of a run, written to a local folder as streams."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
import yaml
from numpy.typing import NDArray

from curation_api import JobConfig
from curation_job.choosing import Chosen, manifest_table
from curation_job.looking.videos import is_video
from curation_job.tables.text import weak_labels, write_embeddings, write_names


def write_config(folder: Path, config: JobConfig) -> None:
    """What the run was told: everything, and only what differs from the defaults."""
    (folder / "config").mkdir(parents=True, exist_ok=True)
    everything = {
        **config.worker_config.complete(),
        "selection": config.selection_config.complete(),
        "lightly": config.lightly_config.complete(),
    }
    overrides = [
        f"{key}={json.dumps(value)}"
        for block in (config.worker_config, config.lightly_config)
        for key, value in sorted(block.manifest().items())
    ]
    documents = {
        "config.yaml": everything,
        "hydra.yaml": {"run": config.run.complete(), "datasource": config.datasource.complete()},
        "overrides.yaml": overrides,
    }
    for name, document in documents.items():
        (folder / "config" / name).write_text(yaml.safe_dump(document, sort_keys=False))


def write_lists(folder: Path, chosen: Chosen) -> None:
    """Which samples are corrupt, duplicates, removed and selected."""
    lists = folder / "filenames"
    lists.mkdir(parents=True, exist_ok=True)
    table = chosen.assembled.table
    names = chosen.assembled.names
    corrupt = table.filter(pc.is_valid(table.column("corrupt")))
    taken = (chosen.candidate_names[row] for row in chosen.problem.preselected)
    selected = set(chosen.selected_names)
    kept = selected.union(taken)
    write_names(lists / "corrupt_filenames.txt", corrupt.column("name").to_pylist())
    write_names(
        lists / "duplicate_filenames.txt",
        (names[row].as_py() for row in sorted(chosen.candidates.duplicate_of)),
    )
    write_names(
        lists / "removed_filenames.txt",
        (name for name in chosen.candidate_names if name not in kept),
    )
    write_names(
        lists / "sampled_filenames_excluding_datapool.txt",
        (name for name in chosen.candidate_names if name in selected),
    )
    is_partly_broken = pc.and_(
        pc.is_null(table.column("corrupt")), pc.not_equal(table.column("detail"), "")
    )
    _write_corruptness(folder, corrupt, table.filter(is_partly_broken))


def _write_corruptness(folder: Path, corrupt: pa.Table, partly_broken: pa.Table) -> None:
    """The documented form: each sample or video with its reason, or where the video broke."""
    found: dict[str, dict[str, str]] = {"corrupt_samples": {}, "corrupt_videos": {}}
    for row in corrupt.select(["name", "corrupt", "detail"]).to_pylist():
        reason = f"{row['corrupt']}: {row['detail']}" if row["detail"] else row["corrupt"]
        kind = "corrupt_videos" if is_video(row["name"]) else "corrupt_samples"
        found[kind][row["name"]] = reason
    for row in partly_broken.select(["source", "detail"]).to_pylist():
        found["corrupt_videos"][row["source"]] = row["detail"]
    path = folder / "corruptness_check_information.json"
    path.write_text(json.dumps(found, indent=2, ensure_ascii=False), encoding="utf-8")


def write_data(folder: Path, config: JobConfig, chosen: Chosen) -> None:
    """Embeddings as CSV, before and after normalisation and selection."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    names = pa.array(chosen.candidate_names, pa.string())
    table = chosen.assembled.table.take(pa.array(chosen.candidates.rows_C))
    labels_C = weak_labels(
        table.column("source").to_pylist(), table.column("frame_video").to_pylist()
    )
    write_embeddings(data / "embeddings.csv", names, chosen.raw_CD, labels_C)
    worker = config.worker_config
    if worker.normalize_embeddings:
        write_embeddings(data / "normalized_embeddings.csv", names, chosen.embeddings_CD, labels_C)

    def write_some(name: str, rows_K: NDArray[np.intp]) -> None:
        some = (names.take(pa.array(rows_K)), chosen.raw_CD[rows_K], labels_C[rows_K])
        write_embeddings(data / name, *some)

    picks_K = np.sort(chosen.picks_K)
    taken_K = np.asarray(chosen.problem.preselected, np.intp)
    write_some("selected_embeddings_including_datapool.csv", np.union1d(picks_K, taken_K))
    if worker.dump_sampled_embeddings:
        write_some("selected_embeddings.csv", picks_K)


def write_manifest(folder: Path, chosen: Chosen) -> None:
    """The answer to "why this one, and why not that one?", one row a sample."""
    pyarrow.parquet.write_table(
        manifest_table(chosen), folder / "manifest.parquet", compression="zstd"
    )
