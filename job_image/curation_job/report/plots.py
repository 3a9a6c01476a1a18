"""The plots of a run, drawn without a display."""

import io
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter
from numpy.typing import NDArray
from PIL import Image

from curation_job.report.distances import DistanceStatistics

INPUT_COLOUR = "#aab7c8"
SELECTED_COLOUR = "#d9480f"
INK = "#2b3440"
GRID = "#e6eaef"
# Told apart by most people with a colour deficiency, and on paper.
LABEL_COLOURS = (
    "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#999933", "#882255",
    "#44aa99", "#ddaa33",
)  # fmt: skip
# Plots stand side by side on a page: drawn about as wide as they are printed, letters stay legible.
WIDTH_INCHES = 4.2
DOTS_PER_INCH = 200

# Below this many pairs at any one distance nothing would be too small to see.
FEW_PAIRS = 30

_STYLE: Any = {  # matplotlib types each key by itself
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.edgecolor": "#9aa5b1",
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
}


def draw_distances(
    path: Path, statistics: DistanceStatistics, *, title: str, colour: str, longest: float
) -> None:
    """A histogram of pairwise distances up to the longest; logarithmic where counts differ much."""
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(2.6)
        edges = np.array(statistics.edges)
        axes.bar(edges[:-1], statistics.counts, np.diff(edges), align="edge", color=colour)
        _scale_for_pairs(axes, most=max(statistics.counts))
        axes.set_xlim(0, longest)
        axes.set_xlabel("distance of two samples")
        axes.set_ylabel("pairs")
        axes.set_title(title)
        axes.axvline(statistics.mean, color=INK, linewidth=1, linestyle=(0, (4, 3)))
        axes.annotate(
            f"mean {statistics.mean:.2f}",
            (statistics.mean, 0.97),
            xycoords=("data", "axes fraction"),
            xytext=(4, 0),
            textcoords="offset points",
            va="top",
            color=INK,
        )
        axes.grid(axis="y", color=GRID)
        axes.set_axisbelow(True)
        _save(figure, path)


def _scale_for_pairs(axes: Axes, *, most: int) -> None:
    """Leaves room at the top for what is written there."""
    if most <= FEW_PAIRS:
        axes.set_ylim(0, most * 1.25)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
        return
    axes.set_yscale("log")
    axes.set_ylim(0.7, most * 3)  # One pair is still seen.
    axes.yaxis.set_major_formatter(FuncFormatter(lambda pairs, _: f"{pairs:,.0f}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def draw_map(
    path: Path,
    points_N2: NDArray[np.float32],
    *,
    title: str,
    selected_N: NDArray[np.bool_] | None = None,
    labels_N: NDArray[np.int64] | None = None,
) -> None:
    """A map of samples: the selected ones on top of the others, or coloured by weak label."""
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(3.6)
        if selected_N is not None:
            _dots(axes, points_N2[~selected_N], INPUT_COLOUR, "not selected", size=14)
            _dots(axes, points_N2[selected_N], SELECTED_COLOUR, "selected", size=30)
            axes.legend(loc="upper left", ncols=2, bbox_to_anchor=(0, 0), borderpad=0)
        else:
            labels = np.zeros(len(points_N2), np.int64) if labels_N is None else labels_N
            colours = np.array(LABEL_COLOURS)[labels % len(LABEL_COLOURS)]
            axes.scatter(
                points_N2[:, 0], points_N2[:, 1], s=14, c=colours, alpha=0.85, linewidths=0
            )
        axes.set_title(title)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[["left", "bottom"]].set_visible(False)
        _save(figure, path)


def _dots(
    axes: Axes, points_N2: NDArray[np.float32], colour: str, label: str, *, size: int
) -> None:
    said = f"{label} ({len(points_N2):,})"
    scatter = partial(axes.scatter, alpha=0.9, linewidths=0.4, edgecolors="white")
    scatter(points_N2[:, 0], points_N2[:, 1], s=size, c=colour, label=said)


def draw_losses(path: Path, losses: Sequence[float]) -> None:
    """How the training loss fell."""
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(1.9)
        epochs = np.arange(1, len(losses) + 1)
        axes.plot(epochs, losses, color=SELECTED_COLOUR, linewidth=1.8, marker="o", markersize=3)
        axes.set_title("Training loss")
        axes.set_xlabel("epoch")
        axes.grid(color=GRID)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        _save(figure, path)


def draw_pair(
    path: Path, kept: bytes, removed: bytes, *, names: tuple[str, str], distance: float
) -> None:
    """A selected image beside the nearest one that was not selected."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH_INCHES, 2.1), layout="constrained")
        for axes, jpeg, name, title in zip(
            figure.subplots(1, 2), (kept, removed), names, ("selected", "not selected"), strict=True
        ):
            with Image.open(io.BytesIO(jpeg)) as image:
                axes.imshow(image)
            axes.set_title(title)
            axes.set_xlabel(shortened(name, 30), fontsize=8)
            axes.set_xticks([])
            axes.set_yticks([])
        figure.supxlabel(f"distance {distance:.3f}", fontsize=8, color=INK)
        _save(figure, path)


def draw_gallery(path: Path, jpegs: Sequence[bytes], *, columns: int) -> None:
    """Small images side by side, in the order of their selection."""
    width, height, gap = 160, 120, 6
    rows = -(-len(jpegs) // columns)
    sheet = Image.new(
        "RGB", (columns * (width + gap) - gap, max(1, rows * (height + gap) - gap)), "white"
    )
    for number, jpeg in enumerate(jpegs):
        with Image.open(io.BytesIO(jpeg)) as image:
            image.thumbnail((width, height))
            left = number % columns * (width + gap) + (width - image.width) // 2
            top = number // columns * (height + gap) + (height - image.height) // 2
            sheet.paste(image, (left, top))
    sheet.save(path)


def shortened(text: str, length: int) -> str:
    """The end of a long name: that is where names differ."""
    return text if len(text) <= length else "…" + text[1 - length :]


def _figure(height_inches: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH_INCHES, height_inches), layout="constrained")
    return figure, figure.subplots()


def _save(figure: Figure, path: Path) -> None:
    # No date and no version in the file: the same data give the same bytes.
    figure.savefig(path, dpi=DOTS_PER_INCH, metadata={"Software": None})
