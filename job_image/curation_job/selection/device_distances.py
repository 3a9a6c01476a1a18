"""Distances measured by a torch device.

The device compares blocks of rows with blocks of picks by one product each, and measures exactly
only the pairs that the product cannot settle. Bounds stay on the host; what crosses over in a round
are row numbers and distances of the rows it touched.
"""

# N samples, D embedding dimensions, K picks, R rows looked at.

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from curation_job.selection import kernels
from curation_job.selection.points import Points, PointSource, Rows

# One product is at most this large: 64 MiB of single precision numbers.
BLOCK_ROWS = 32_768
BLOCK_PICKS = 512


class DeviceDistances:
    """Distances measured by a torch device, the same to the last bit as the processor's."""

    def __init__(self, source: PointSource, device: str) -> None:
        self.source = source
        self.squared_N = np.full(source.count, kernels.FAR)
        self.seen_N = np.zeros(source.count, np.int32)
        self._points_ND = torch.empty((source.count, source.width), device=device)
        for part, points in source.blocks(np.arange(source.count)):
            self._points_ND[part] = torch.from_numpy(points).to(device)
        self._picks_KD = torch.empty((0, source.width), device=device)

    @property
    def pick_points(self) -> Points:
        """The points of all picks so far."""
        return self._picks_KD.numpy(force=True)

    def add(self, points_KD: Points) -> None:
        """From now on these points are picks, too."""
        new = torch.from_numpy(points_KD).to(self._picks_KD.device)
        self._picks_KD = torch.cat([self._picks_KD, new])

    def cover(
        self, rows_R: Rows, limit_R: NDArray[np.float64], held_RD: Points | None = None
    ) -> None:
        """Compare rows with the picks they missed, leaving those at their limit block by block."""
        del held_RD  # the device has every point
        behind_R = self.seen_N[rows_R] < len(self._picks_KD)
        rows_R, limit_R = rows_R[behind_R], limit_R[behind_R]
        # Rows that missed about the same picks go together.
        order = np.argsort(self.seen_N[rows_R], kind="stable")
        for start in range(0, len(order), BLOCK_ROWS):
            block = order[start : start + BLOCK_ROWS]
            self._cover_block(rows_R[block], limit_R[block])

    def _cover_block(self, rows_R: Rows, limit_R: NDArray[np.float64]) -> None:
        points_RD = self._points_ND[self._moved(rows_R)]
        limits_R = self._moved(limit_R)
        squared_R = self._moved(self.squared_N[rows_R])
        seen_R = self._moved(self.seen_N[rows_R])
        for start in range(int(self.seen_N[rows_R].min()), len(self._picks_KD), BLOCK_PICKS):
            picks_KD = self._picks_KD[start : start + BLOCK_PICKS]
            open_R = torch.nonzero(squared_R > limits_R).flatten()
            if not len(open_R):
                break
            squared_R[open_R] = _nearest(points_RD[open_R], picks_KD, squared_R[open_R])
            seen_R[open_R] = seen_R[open_R].clamp(min=start + len(picks_KD))
        self.squared_N[rows_R] = squared_R.numpy(force=True)
        self.seen_N[rows_R] = seen_R.numpy(force=True)

    def _moved(self, values: NDArray[Any]) -> torch.Tensor:
        return torch.from_numpy(values).to(self._points_ND.device)


def _nearest(
    points_RD: torch.Tensor, picks_KD: torch.Tensor, squared_R: torch.Tensor
) -> torch.Tensor:
    """The exact squared distance to the nearest pick, or what it was if that is less."""
    product_RK = points_RD @ picks_KD.T
    doubt = _doubt(points_RD.shape[1])
    best_R = product_RK.amax(1).double().clamp(min=1 - squared_R / 2) - doubt
    # Whatever the product says, the nearest pick is among these: mostly one, or none.
    row_P, pick_P = torch.nonzero(product_RK >= best_R.float()[:, None], as_tuple=True)
    exact_P = (points_RD[row_P].double() - picks_KD[pick_P].double()).square().sum(1)
    return squared_R.scatter_reduce(0, row_P, exact_P, "amin")


def _doubt(width: int) -> float:
    """By how much products may be off, and so by how much the best may look like the second best.

    Products of D numbers are off by D roundings at most; a process that allows torch to use TF32
    or bfloat16 for them gets the same result, slower.
    """
    rounding = 2.0**-24 if torch.get_float32_matmul_precision() == "highest" else 2.0**-7
    return 4 * (width + 4) * rounding
