"""The last stage: bring everything together, select, report, publish."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from curation_api.names import CACHE
from curation_api.run_report import Artifact, RunResult
from curation_api.states import ArtifactType, Stage, Step
from curation_api.thumbnails import thumbnail_key
from curation_job.assembling import Assembled, assemble
from curation_job.cache import Cache
from curation_job.choosing import Chosen, choose
from curation_job.dumping import dump_selected
from curation_job.frames import write_frames
from curation_job.looking.images import thumbnail_of_bytes
from curation_job.outputs import write_config, write_data, write_lists, write_manifest
from curation_job.preparing import Prepared
from curation_job.publishing import Tags, frame_key, publish_thumbnails
from curation_job.records import FrameOf, Unusable
from curation_job.report.contents import Facts, report_contents, result_of
from curation_job.report.distances import distance_statistics
from curation_job.report.drawing import draw_all
from curation_job.report.pdf import write_pdf
from curation_job.stage_files import StageFiles
from curation_job.thumbnails import Thumbnails, can_be_stored
from curation_job.workspace import Workspace

logger = logging.getLogger(__name__)

ARTIFACTS = {
    "report.pdf": ArtifactType.REPORT_PDF,
    "report.json": ArtifactType.REPORT_JSON,
    "log.txt": ArtifactType.LOG,
    "memlog.txt": ArtifactType.MEMLOG,
    "corruptness_check_information.json": ArtifactType.CORRUPTNESS_CHECK_INFORMATION,
    "manifest.parquet": ArtifactType.MANIFEST,
}


def finish(
    space: Workspace,
    prepared: Prepared,
    thumbnails: Thumbnails,
    losses: tuple[float, ...],
    started: float,
) -> RunResult:
    """Select, publish, report. What is not published lies in the local output folder then."""
    embedded = space.files(Stage.EMBED)
    facts = _embedding_facts(embedded)
    space.progress.begin(Step.SAMPLING)
    chosen = _choose(space, embedded, prepared, facts)
    space.stop.check()

    space.progress.begin(Step.SAVING_RESULTS)
    _save(space, chosen)
    space.stop.check()

    space.progress.begin(Step.UPLOADING_DATASET)
    picture_of = partial(_thumbnail, space, thumbnails)
    tag = _publish(space, chosen, picture_of)

    space.progress.begin(Step.GENERATING_REPORT)
    result = result_of(chosen, tag)
    seen = Facts(
        model=facts["model"],
        is_untrained=facts["untrained"],
        device=facts["device"],
        precision=facts["precision"],
        seconds=time.monotonic() - started,
        losses=losses,
        counters=dict(space.progress.counters),
    )
    _write_report(space, chosen, seen, result, picture_of)
    return result


def _choose(
    space: Workspace, embedded: StageFiles, prepared: Prepared, facts: dict[str, Any]
) -> Chosen:
    given = space.given
    assembled = assemble(
        _tables(space, embedded, prepared, facts),
        dimensions=given.dimensions if given else facts["dimensions"],
        scratch=space.scratch,
    )
    return choose(
        space.config,
        assembled.without(given.masked) if given else assembled,
        space.scratch,
        device="cuda" if facts["device"] == "cuda" else None,
        taken=given.selected if given else (),
    )


def _save(space: Workspace, chosen: Chosen) -> None:
    folder = space.output_folder
    write_config(folder, space.config)
    write_lists(folder, chosen)
    write_data(folder, space.config, chosen)
    write_manifest(folder, chosen)


def _publish(space: Workspace, chosen: Chosen, picture_of: Callable[[str], bytes | None]) -> str:
    """Thumbnails, frames, and the tag, whose name comes back."""
    names = chosen.selected_names
    publish_thumbnails(space.lightly, space.thumbnail_suffix, names, picture_of)
    _publish_frames(space, chosen)
    if space.config.worker_config.dump_dataset:
        dump_selected(space, names)
    tags = Tags(space.lightly, space.scratch)
    return tags.publish(space.config, names, _sources_of(chosen))


def _embedding_facts(files: StageFiles) -> dict[str, Any]:
    """What embedding has left; of several shards, that of the first: all ran the same network."""
    facts = files.facts() or files.facts("shard-00000-")
    if facts is None:
        raise RuntimeError("selection was started before embedding was complete")
    return facts


def _tables(
    space: Workspace,
    files: StageFiles,
    prepared: Prepared,
    facts: dict[str, Any],
) -> Iterator[pa.Table]:
    """The tables of all chunks in order; what is new in them is cached on the way."""
    cache = Cache(
        space.lightly,
        facts["cacheDigest"],
        dimensions=facts["dimensions"],
        scratch=space.scratch,
    )
    writer = cache.writer(f"{prepared.started_ms:015}-{space.config.run.uid[:8]}")
    for index in range(prepared.chunks):
        table = files.read_table(prepared.chunk_name(index))
        if table is None:
            raise RuntimeError(f"chunk {index} is missing although embedding is complete")
        writer.add(table)
        yield space.given.put_into(table) if space.given else table
    writer.commit()


def _sources_of(chosen: Chosen) -> list[str]:
    rows = chosen.candidates.rows_C[chosen.picks_K]
    sources: list[str] = chosen.assembled.table.column("source").take(pa.array(rows)).to_pylist()
    return sources


def _thumbnail(space: Workspace, thumbnails: Thumbnails, name: str) -> bytes | None:
    """The thumbnail of a sample: made in this run, or by an earlier one, or from the file again."""
    if jpeg := thumbnails.get(name):
        return jpeg
    suffix = space.thumbnail_suffix
    if suffix and (jpeg := space.lightly.read(thumbnail_key(suffix, name))):
        return jpeg
    cached = f"{CACHE}/thumbnails/{name}.jpg"
    if jpeg := space.lightly.read(cached):
        return jpeg
    if space.is_video:
        return None
    space.progress.count("fetched again for a picture")
    try:
        jpeg = thumbnail_of_bytes(name, space.read_input(name), space.look_settings())
    except Unusable:
        return None
    if can_be_stored(cached):
        space.lightly.write(cached, jpeg)
    return jpeg


def _publish_frames(space: Workspace, chosen: Chosen) -> None:
    if not space.is_video:
        return
    image_format = space.config.worker_config.output_image_format
    frames = _selected_frames(chosen.assembled, chosen)
    missing = []
    for name, frame in frames:
        key = frame_key(name, image_format)
        if not can_be_stored(key):
            logger.warning("No image of %s: its name would be too long", name)
        elif not space.lightly.exists(key):
            missing.append((name, frame))
    write_frames(
        missing,
        space.reader.download,
        lambda name, content: space.lightly.write(frame_key(name, image_format), content),
        image_format=image_format,
        scratch=space.scratch,
    )


def _selected_frames(assembled: Assembled, chosen: Chosen) -> list[tuple[str, FrameOf]]:
    rows = pa.array(chosen.candidates.rows_C[chosen.picks_K])
    columns = ["name", "frame_video", "frame_index", "frame_pts", "frame_seconds"]
    selected = assembled.table.select(columns).take(rows).to_pylist()
    return [
        (
            row["name"],
            FrameOf(row["frame_video"], row["frame_index"], row["frame_pts"], row["frame_seconds"]),
        )
        for row in selected
    ]


def _write_report(
    space: Workspace,
    chosen: Chosen,
    facts: Facts,
    result: RunResult,
    picture_of: Callable[[str], bytes | None],
) -> None:
    worker = space.config.worker_config
    memory = worker.memory_requirement_in_GB * 2**30
    distances = {
        "Input": distance_statistics(chosen.embeddings_CD, memory_bytes=memory),
        "Selected": distance_statistics(
            chosen.embeddings_CD[sorted(chosen.picks_K)], memory_bytes=memory
        ),
    }
    drawn = draw_all(
        space.output_folder / "plots",
        chosen,
        picture_of,
        distances,
        facts.losses,
        pairs=worker.n_example_images,
        seed=space.config.lightly_config.seed,
    )
    contents = report_contents(space.config, chosen, facts, result, distances, drawn)
    write_json(space.output_folder / "report.json", contents)
    write_pdf(space.output_folder)


def upload(space: Workspace) -> list[Artifact]:
    """Everything in the local output folder, to the run's folder in the LIGHTLY bucket."""
    artifacts = []
    for path in sorted(space.output_folder.rglob("*")):
        if not path.is_file():
            continue
        name = path.relative_to(space.output_folder).as_posix()
        is_report = name.startswith(("report.", "plots/"))
        if is_report and not space.config.worker_config.upload_report:
            continue
        key = f"{space.run_folder}/{name}"
        space.lightly.write(key, path)
        if name in ARTIFACTS:
            size = path.stat().st_size
            artifacts.append(Artifact(type=ARTIFACTS[name], key=key, size_bytes=size))
    return artifacts


def write_json(path: Path, contents: object) -> None:
    """Readable, and the same for the same contents."""
    path.write_text(json.dumps(contents, indent=2, ensure_ascii=False), encoding="utf-8")
