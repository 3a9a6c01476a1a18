"""Draw the pictures of selection.md: `python docs/explanation/selection/pictures.py`.

Samples are dots in the plane. Their embeddings are the directions from below the plane to the dots,
so that distances of embeddings look like distances of dots.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curation_job.selection import (
    Balance,
    Coverage,
    Diversity,
    SelectionProblem,
    Similarity,
    Typicality,
    Weights,
    select,
)
from curation_job.selection.inputs import random_numbers
from curation_job.selection.problem import Objective

PICKS = 12
PANEL = 200
GAP = 26
COLUMNS = 4

Dots = NDArray[np.float64]


@dataclass(frozen=True)
class Panel:
    """What is selected, and what is drawn with it."""

    title: str
    picks: NDArray[np.intp]
    marked: Dots | None = None
    """Crosses at these places, such as the queries of a similarity."""


def toy_dots() -> Dots:
    """A dense cluster, a wide one, a small one, and some dots on their own."""
    rng = np.random.default_rng(4)
    dots = np.concatenate(
        [
            rng.normal((0.28, 0.3), 0.055, (110, 2)),
            rng.normal((0.68, 0.66), 0.11, (70, 2)),
            rng.normal((0.78, 0.2), 0.03, (25, 2)),
            [(0.1, 0.85), (0.3, 0.72), (0.95, 0.95), (0.5, 0.08), (0.94, 0.42), (0.06, 0.55)],
        ]
    )
    return np.asarray(np.clip(dots, 0.03, 0.97))


def embeddings_of(dots: Dots) -> Dots:
    """Directions from a point below the middle of the plane."""
    return np.column_stack([dots - 0.5, np.full(len(dots), 0.5)])


def panels(dots: Dots) -> list[Panel]:
    """What each strategy picks."""
    to_the_right = dots[:, 0]
    upper = (dots[:, 1] > 0.5).astype(int)
    queries = np.array([(0.5, 0.5)])
    names = [f"dot {row}" for row in range(len(dots))]
    few_above = np.array([0.75, 0.25])

    def panel(title: str, *objectives: Objective, marked: Dots | None = None) -> Panel:
        problem = SelectionProblem(PICKS, objectives, embeddings=embeddings_of(dots))
        return Panel(title, select(problem).picks, marked)

    return [
        panel("RANDOM", Weights(random_numbers(names, 0))),
        panel("DIVERSITY", Diversity()),
        panel("TYPICALITY", Typicality()),
        panel("SIMILARITY to the cross", Similarity(embeddings_of(queries)), marked=queries),
        panel("WEIGHTS: more to the right", Weights(to_the_right)),
        panel("DIVERSITY, WEIGHTS", Diversity(), Weights(to_the_right)),
        panel("DIVERSITY, TYPICALITY x 3", Diversity(), Typicality(strength=3)),
        panel("DIVERSITY, BALANCE: 1/4 above", Diversity(), Balance(upper, few_above)),
    ]


def draw_strategies(dots: Dots) -> str:
    """All panels in rows."""
    drawn = []
    shown = panels(dots)
    for number, panel in enumerate(shown):
        left = (number % COLUMNS) * (PANEL + GAP) + GAP / 2
        top = (number // COLUMNS) * (PANEL + GAP) + GAP
        title = f'<text x="{left:g}" y="{top - 7:g}">{panel.title}</text>'
        frame = f'<rect x="{left:g}" y="{top:g}" width="{PANEL}" height="{PANEL}"/>'
        first, rest = panel.picks[:1], panel.picks[1:]
        drawn += [
            title,
            frame,
            _dots("all", np.delete(dots, panel.picks, axis=0), left, top),
            _dots("picks", dots[rest], left, top),
            _dots("first", dots[first], left, top),
        ]
        if panel.marked is not None:
            drawn.append(_crosses(panel.marked, left, top))
    rows = -(-len(shown) // COLUMNS)
    return _svg(COLUMNS * (PANEL + GAP), rows * (PANEL + GAP) + GAP / 2, drawn)


def coverage_of(dots: Dots) -> Coverage:
    """How well up to sixty picks cover the dots."""
    return select(SelectionProblem(60, [Diversity()], embeddings=embeddings_of(dots))).coverage


def draw_coverage(coverage: Coverage) -> str:
    """The mean and the largest distance to the nearest pick for every size, and the knee."""
    width, height = 420, 200
    largest_G = np.asarray(coverage.largest_distance_G)
    mean_G = np.asarray(coverage.mean_distance_G)
    highest = float(largest_G.max())
    across = 40 + (width - 50) * coverage.size_G / coverage.size_G.max()
    drawn = [f'<path class="axis" d="M40 10V{height}H{width - 10}"/>']
    for name, curve, row in (("largest", largest_G, 60), ("mean", mean_G, 80)):
        down = height - (height - 20) * curve / highest
        line = " ".join(f"{x:.0f} {y:.0f}" for x, y in zip(across, down, strict=True))
        drawn.append(f'<path class="{name}" d="M{line}"/>')
        drawn.append(f'<path class="{name}" d="M{width - 140} {row - 4}h16"/>')
        drawn.append(f'<text x="{width - 115}" y="{row}">{name} distance</text>')
    knee = across[int(np.flatnonzero(coverage.size_G == coverage.knee)[0])]
    drawn += [
        f'<path class="knee" d="M{knee:.0f} 10V{height}"/>',
        f'<text x="{knee + 5:.0f}" y="20">knee: {coverage.knee} samples</text>',
        f'<text x="40" y="{height + 16}">1</text>',
        f'<text x="{width - 90}" y="{height + 16}">{coverage.size_G.max()} samples</text>',
        f'<text x="4" y="20">{highest:.2f}</text>',
        f'<text x="22" y="{height}">0</text>',
    ]
    return _svg(width, height + 24, drawn)


def _place(dots: Dots, left: float, top: float) -> Iterable[tuple[float, float]]:
    for x, y in dots:
        yield left + x * PANEL, top + (1 - y) * PANEL


def _dots(kind: str, dots: Dots, left: float, top: float) -> str:
    # A line of no length with round ends is a dot.
    line = "".join(f"M{x:.0f} {y:.0f}h0" for x, y in _place(dots, left, top))
    return f'<path class="{kind}" d="{line}"/>'


def _crosses(dots: Dots, left: float, top: float) -> str:
    line = "".join(f"M{x - 5:.0f} {y:.0f}h10m-5 -5v10" for x, y in _place(dots, left, top))
    return f'<path class="cross" d="{line}"/>'


STYLE = """
text { font: 12px sans-serif; fill: #555 }
path { fill: none; stroke-linecap: round }
rect { fill: none; stroke: #999; stroke-width: .5 }
.all { stroke: #aab; stroke-width: 4 }
.picks { stroke: #06c; stroke-width: 8 }
.first { stroke: #d30; stroke-width: 8 }
.cross { stroke: #d30; stroke-width: 2 }
.axis { stroke: #999 }
.mean { stroke: #06c; stroke-width: 2 }
.largest { stroke: #aab; stroke-width: 2 }
.knee { stroke: #d30; stroke-dasharray: 3 4 }
"""


def _svg(width: float, height: float, drawn: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}">'
    return "\n".join([head, f"<style>{STYLE}</style>", *drawn, "</svg>", ""])


def main() -> None:
    """Write the pictures beside this file."""
    folder = Path(__file__).parent
    dots = toy_dots()
    (folder / "strategies.svg").write_text(draw_strategies(dots))
    (folder / "coverage.svg").write_text(draw_coverage(coverage_of(dots)))


if __name__ == "__main__":
    main()
