"""Time farthest-first selection beside everything else that does it.

    python -m benchmarks.selection                        # everything
    python -m benchmarks.selection --cases 20k 100k       # some sizes
    python -m benchmarks.selection --cases mixed mapped   # strategies together; rows in files
    python -m benchmarks.selection --peers ours lightly-mundig

Every peer that is installed runs in a process of its own on the same data after a warm-up. Times
are medians; memory is the peak above what the process held with the data in it. A peer that would
take longer than `--limit` seconds, to judge by its time for fewer rows, is not run.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.data import RECIPES, half_precision_shards
from benchmarks.measure import Measurement, in_own_process, report, report_missing
from benchmarks.peers import MIXED, PEERS, Picks, Table

MODULE = "benchmarks.selection"
WARM_UP_ROWS = 60_000
WARM_UP_PICKS = 200
MAPPED_SHARDS = 10

# These are repeated; others only where there is little to do.
FAST = {"ours", "ours on a GPU"}
FEW_ROWS = 50_000

# What only one of them can be asked to do.
ONLY = {"mapped": "ours", "gpu": "ours on a GPU"}


@dataclass(frozen=True)
class Case:
    """So many picks from so many rows of such data."""

    name: str
    recipe: str
    rows: int
    width: int
    picks: int
    mix: str = "D"
    """D for DIVERSITY, DW with WEIGHTS, DWB with BALANCE, too."""

    @property
    def work(self) -> int:
        """What a loop over all rows for every pick has to do."""
        return self.rows * self.width * self.picks

    def __str__(self) -> str:
        """The case in a line."""
        mix = {"D": "", "DW": ", WEIGHTS", "DWB": ", WEIGHTS, BALANCE"}[self.mix]
        return f"{self.rows:,} x {self.width} {self.recipe}, {self.picks:,} picks{mix}"


CASES = [
    Case("20k", "clustered", 20_000, 128, 2_000),
    Case("20k", "uniform", 20_000, 128, 2_000),
    Case("100k", "clustered", 100_000, 128, 5_000),
    Case("100k", "uniform", 100_000, 128, 5_000),
    Case("100k", "manifold", 100_000, 128, 5_000),
    Case("fewer", "clustered", 100_000, 128, 2_500),
    Case("wide", "clustered", 100_000, 512, 5_000),
    Case("500k", "clustered", 500_000, 128, 5_000),
    Case("1M", "clustered", 1_000_000, 32, 10_000),
    Case("mixed", "clustered", 100_000, 128, 2_000, "DW"),
    Case("mixed", "clustered", 100_000, 128, 2_000, "DWB"),
    Case("mapped", "clustered", 10_000_000, 128, 1_000),
    Case("gpu", "clustered", 10_000_000, 32, 100_000),
]


def main() -> None:
    """Run what was asked for and print a table."""
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description=__doc__.split("\n")[0])
    parser.add_argument("--cases", nargs="*", default=sorted({case.name for case in CASES}))
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--limit", type=float, default=120, help="seconds for one run of a peer")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        _work(**json.loads(arguments.work))
        return
    print("| data | by | seconds | times ours | MB above the data | covering radius |")
    print("|---|---|---|---|---|---|")
    rates: dict[tuple[str, str], float] = {}
    for case in CASES:
        if case.name in arguments.cases:
            for line in _compare(case, arguments.peers, arguments.limit, rates):
                print(line, flush=True)


def _compare(
    case: Case, peers: list[str], limit: float, rates: dict[tuple[str, str], float]
) -> Iterator[str]:
    ours: float | None = None
    with tempfile.TemporaryDirectory() as folder:
        if case.name == "mapped":
            half_precision_shards(Path(folder), case.rows, case.width, MAPPED_SHARDS)
        for peer in peers if case.mix == "D" else MIXED:
            if peer not in peers or peer != ONLY.get(case.name, peer):
                continue
            expected = rates.get((peer, case.mix), 0.0) * case.work
            if expected > limit:
                yield f"| {case} | {peer} | not run, about {expected:.0f} expected | | | |"
                continue
            found = _measure(case, peer, folder)
            if found.missing:
                yield f"| {case} | {peer} | {found.missing} | | | |"
                continue
            if peer == "ours":
                ours = found.seconds
            rates[peer, case.mix] = found.seconds / case.work
            times = f"{found.seconds / ours:.1f}" if ours else ""
            memory = found.peak_bytes / 1e6
            radius = _radius(case, np.load(Path(folder) / "picks.npy"))
            yield f"| {case} | {peer} | {found.seconds:.2f} | {times} | {memory:.0f} | {radius} |"
            if case.name == "mapped":
                total = found.total_bytes / 1e6
                yield f"| | the whole process, pages of the files included | | | {total:.0f} | |"


def _measure(case: Case, peer: str, folder: str) -> Measurement:
    work = json.dumps({"case": asdict(case), "peer": peer, "folder": folder})
    return in_own_process([MODULE, "--work", work])


def _work(case: dict[str, object], peer: str, folder: str) -> None:
    """What happens in a peer's own process."""
    of = Case(**case)  # type: ignore[arg-type]
    try:
        picks = _run(of, peer, Path(folder))
    except ModuleNotFoundError as missing:
        report_missing(str(missing.name))
    else:
        np.save(Path(folder) / "picks.npy", picks)


def _run(case: Case, peer: str, folder: Path) -> Picks:
    if case.name == "mapped":
        return _select_from_files(case, folder)
    select = _function(case, peer)
    is_fast = peer in FAST
    select(RECIPES[case.recipe](WARM_UP_ROWS if is_fast else 2_000, case.width), WARM_UP_PICKS)
    table = RECIPES[case.recipe](case.rows, case.width)
    repeats = 5 if is_fast or case.rows < FEW_ROWS else 1
    return report(lambda: select(table, case.picks), repeats)


def _function(case: Case, peer: str) -> Callable[[Table, int], Picks]:
    if case.mix == "D":
        return PEERS[peer]
    rng = np.random.default_rng(0)
    weights = rng.random(case.rows, dtype=np.float32)
    classes = rng.integers(0, 4, case.rows)

    def select(table: Table, count: int) -> Picks:
        shown = classes[: len(table)] if case.mix == "DWB" else None
        return MIXED[peer](table, count, weights[: len(table)], shown)

    return select


def _select_from_files(case: Case, folder: Path) -> Picks:
    from curation_job.selection import farthest_first

    warm_up = RECIPES[case.recipe](WARM_UP_ROWS, case.width)
    farthest_first(warm_up.astype(np.float16), WARM_UP_PICKS)
    shards = [np.load(path, mmap_mode="r") for path in sorted(folder.glob("shard-*.npy"))]
    return report(lambda: farthest_first(shards, case.picks), repeats=1)


def _radius(case: Case, picks: Picks) -> str:
    """The distance from the row worst off to its nearest pick."""
    if case.mix != "D" or case.name in ONLY:
        return ""
    table = RECIPES[case.recipe](case.rows, case.width)
    chosen = table[picks]
    nearest = np.concatenate(
        [
            (table[start : start + 4096] @ chosen.T).max(axis=1)
            for start in range(0, case.rows, 4096)
        ]
    )
    # Products round to about six digits: measure the hundred worst exactly.
    worst = table[np.argsort(nearest)[:100]].astype(np.float64)
    squared = ((worst[:, None] - chosen[None].astype(np.float64)) ** 2).sum(axis=2)
    return f"{np.sqrt(squared.min(axis=1).max()):.7f}"


if __name__ == "__main__":
    main()
