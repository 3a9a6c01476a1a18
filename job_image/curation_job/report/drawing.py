"""Draws every plot of a report into its folder."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from curation_job.choosing import Chosen
from curation_job.report import plots
from curation_job.report.contents import GALLERY, Drawn
from curation_job.report.distances import DistanceStatistics
from curation_job.report.maps import pca_map, points_to_map, umap_maps
from curation_job.selection.reasons import Outcome
from curation_job.tables.text import weak_labels

ThumbnailOf = Callable[[str], bytes | None]

# The documented numbering of pairs: 0, 11, 22, …
PAIR_STEP = 11


def draw_all(
    folder: Path,
    chosen: Chosen,
    thumbnail_of: ThumbnailOf,
    distances: dict[str, DistanceStatistics | None],
    losses: tuple[float, ...],
    *,
    pairs: int,
    seed: int,
) -> Drawn:
    """Draw what there is something to draw of."""
    folder.mkdir(parents=True, exist_ok=True)
    if losses:
        plots.draw_losses(folder / "training_loss.png", losses)
    return Drawn(
        gallery=_gallery(folder, chosen, thumbnail_of),
        distances=_distances(folder, distances),
        losses=bool(losses),
        maps=_maps(folder, chosen, seed=seed),
        pairs=_pairs(folder, chosen, thumbnail_of, count=pairs),
    )


def _gallery(folder: Path, chosen: Chosen, thumbnail_of: ThumbnailOf) -> bool:
    shown = [thumbnail_of(name) for name in chosen.selected_names[:GALLERY]]
    jpegs = [jpeg for jpeg in shown if jpeg]
    if jpegs:
        plots.draw_gallery(folder / "selected.png", jpegs, columns=6)
    return bool(jpegs)


def _distances(folder: Path, distances: dict[str, DistanceStatistics | None]) -> list[str]:
    drawn = []
    longest = max((found.maximum for found in distances.values() if found), default=0.0) or 1.0
    for when, (title, found), colour in zip(
        ("before", "after"),
        distances.items(),
        (plots.INPUT_COLOUR, plots.SELECTED_COLOUR),
        strict=True,
    ):
        if found is not None:
            name = f"distance_distr_{when}.png"
            plots.draw_distances(folder / name, found, title=title, colour=colour, longest=longest)
            drawn.append(name)
    return drawn


def _maps(folder: Path, chosen: Chosen, *, seed: int) -> list[str]:
    picks_K = np.asarray(chosen.picks_K)
    rows = points_to_map(len(chosen.embeddings_CD), picks_K)
    embeddings = np.asarray(chosen.embeddings_CD[rows])
    selected = np.isin(rows, picks_K)
    table = chosen.assembled.table.take(pa.array(chosen.candidates.rows_C[rows]))
    labels = weak_labels(
        table.column("source").to_pylist(), table.column("frame_video").to_pylist()
    )
    is_video = table.column("frame_video").null_count == 0
    colours = f"a colour for each {'video' if is_video else 'folder'}"
    maps = {"pca": ("PCA", pca_map(embeddings))}
    for neighbours, mapped in umap_maps(embeddings, seed=seed).items():
        maps[f"umap_k_{neighbours}"] = (f"UMAP, {neighbours} neighbours", mapped)
    drawn = []
    for name, (title, points) in maps.items():
        plots.draw_map(folder / f"scatter_{name}.png", points, title=title, selected_N=selected)
        plots.draw_map(
            folder / f"scatter_{name}_no_overlay.png",
            points,
            title=f"{title}: {colours}",
            labels_N=labels,
        )
        drawn += [f"scatter_{name}.png", f"scatter_{name}_no_overlay.png"]
    return drawn[:4]  # PCA and the finest UMAP are in the PDF; the others lie beside it


def _pairs(folder: Path, chosen: Chosen, thumbnail_of: ThumbnailOf, *, count: int) -> list[str]:
    """Selected samples, each with the nearest one that was not: the nearest pairs first."""
    reasons = chosen.selection.reasons
    left = np.flatnonzero((reasons.outcome_N != Outcome.SELECTED) & (reasons.nearest_N >= 0))
    drawn: list[str] = []
    seen: set[int] = set()
    for row in left[np.argsort(reasons.distance_N[left], kind="stable")]:
        kept = int(reasons.nearest_N[row])
        if len(drawn) == count:
            break
        if kept in seen:
            continue
        names = (chosen.candidate_names[kept], chosen.candidate_names[int(row)])
        jpegs = [jpeg for jpeg in map(thumbnail_of, names) if jpeg]
        if len(jpegs) < 2:
            continue
        seen.add(kept)
        name = f"filter_decision_{len(drawn) * PAIR_STEP}.png"
        distance = float(reasons.distance_N[row])
        plots.draw_pair(folder / name, jpegs[0], jpegs[1], names=names, distance=distance)
        drawn.append(name)
    return drawn
