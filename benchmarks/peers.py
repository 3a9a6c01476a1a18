"""Other ways to select the farthest first, each as it is meant to be used.

`python -m benchmarks.selection` runs those that can be imported and names the others.
"""

# N samples, D dimensions.

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.float32]
Picks = NDArray[np.intp]


def ours(table: Table, count: int) -> Picks:
    """This project."""
    from curation_job.selection import farthest_first

    return farthest_first(table, count, first=0)


def ours_on_a_gpu(table: Table, count: int) -> Picks:
    """This project, with distances measured by a GPU."""
    import torch

    from curation_job.selection import farthest_first

    if not torch.cuda.is_available():
        raise ModuleNotFoundError("needs a GPU", name="a CUDA device")
    return farthest_first(table, count, first=0, device="cuda")


def mundig(table: Table, count: int) -> Picks:
    """The engine inside LightlyStudio: `pip install lightly-mundig`."""
    selection = import_module("lightly_mundig").Selection()
    selection.add_diversifying_strategy(table, 1.0, None)
    return np.array(selection.run_selection([], len(table), count))


def numpy_loop(table: Table, count: int) -> Picks:
    """One matrix-vector product of numpy for each pick."""
    picks = [0]
    nearest_N = np.full(len(table), np.inf, np.float32)
    while len(picks) < count:
        np.minimum(nearest_N, 2 - 2 * (table @ table[picks[-1]]), out=nearest_N)
        nearest_N[picks[-1]] = -1
        picks.append(int(nearest_N.argmax()))
    return np.array(picks)


def numpy_double_loop(table: Table, count: int) -> Picks:
    """The plain loop in double precision: what a covering radius has to be."""
    points = table.astype(np.float64)
    length_N = (points**2).sum(axis=1)
    picks = [0]
    nearest_N = np.full(len(table), np.inf)
    while len(picks) < count:
        pick = picks[-1]
        distance_N = length_N + length_N[pick] - 2 * (points @ points[pick])
        np.minimum(nearest_N, distance_N, out=nearest_N)
        nearest_N[pick] = -1
        picks.append(int(nearest_N.argmax()))
    return np.array(picks)


def torch_loop(table: Table, count: int) -> Picks:
    """The same in torch."""
    import torch

    points = torch.from_numpy(table)
    picks = [0]
    nearest_N = torch.full((len(table),), torch.inf)
    while len(picks) < count:
        torch.minimum(nearest_N, 2 - 2 * (points @ points[picks[-1]]), out=nearest_N)
        nearest_N[picks[-1]] = -1
        picks.append(int(nearest_N.argmax()))
    return np.array(picks)


def faiss_loop(table: Table, count: int) -> Picks:
    """Distances to each pick by faiss: `pip install faiss-cpu`."""
    faiss = import_module("faiss")
    picks = [0]
    nearest_N = np.full(len(table), np.inf, np.float32)
    while len(picks) < count:
        pick = picks[-1]
        distance_N = faiss.pairwise_distances(table[pick : pick + 1], table)[0]
        np.minimum(nearest_N, distance_N, out=nearest_N)
        nearest_N[pick] = -1
        picks.append(int(nearest_N.argmax()))
    return np.array(picks)


def anomalib(table: Table, count: int) -> Picks:
    """The k-center of PatchCore, which projects embeddings first: `pip install anomalib`."""
    import torch

    library = import_module("anomalib.models.components.sampling.k_center_greedy")
    sampler = library.KCenterGreedy(
        torch.from_numpy(table), sampling_ratio=(count + 0.5) / len(table)
    )
    return np.array([int(row) for row in sampler.select_coreset_idxs()])


def fpsample(table: Table, count: int) -> Picks:
    """Exact farthest point sampling of point clouds, in Rust: `pip install fpsample`."""
    return np.asarray(import_module("fpsample").fps_sampling(table, count, start_idx=0), np.intp)


PEERS: dict[str, Callable[[Table, int], Picks]] = {
    "ours": ours,
    "ours on a GPU": ours_on_a_gpu,
    "lightly-mundig": mundig,
    "numpy GEMV loop": numpy_loop,
    "numpy, double precision": numpy_double_loop,
    "torch GEMV loop": torch_loop,
    "faiss": faiss_loop,
    "anomalib k-center": anomalib,
    "fpsample (exact)": fpsample,
}


def ours_mixed(table: Table, count: int, weights_N: Any, class_N: Any) -> Picks:
    """DIVERSITY, WEIGHTS and, with classes, BALANCE by this project."""
    from curation_job.selection import Balance, Diversity, SelectionProblem, Weights, select

    objectives: list[Any] = [Diversity(), Weights(weights_N)]
    if class_N is not None:
        objectives.append(Balance(class_N, np.full(4, 0.25)))
    return select(SelectionProblem(count, objectives, embeddings=table)).picks


def mundig_mixed(table: Table, count: int, weights_N: Any, class_N: Any) -> Picks:
    """The same by lightly-mundig."""
    selection = import_module("lightly_mundig").Selection()
    selection.add_diversifying_strategy(table, 1.0, None)
    selection.add_weighting_strategy(weights_N, 1.0)
    if class_N is not None:
        shares = np.eye(4, dtype=np.float32)[class_N]
        selection.add_balancing_strategy(shares, [0.25] * 4, 1.0)
    return np.array(selection.run_selection([], len(table), count))


MIXED: dict[str, Callable[[Table, int, Any, Any], Picks]] = {
    "ours": ours_mixed,
    "lightly-mundig": mundig_mixed,
}
