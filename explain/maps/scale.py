"""How the values of a map lie on the picture, and how maps share a scale."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from qualiclip.errors import UsageError

from .explanation import Explanation
from .methods import METHODS
from .quality_map import STRIDE


def enlarge(grid: Tensor, size: tuple[int, int], *, stride: int) -> Tensor:
    """A grid (h, w) as a map of an image of the given size (H, W) [px], linear between the positions.

    Position i is that of the 32 px from i · stride; beyond the outermost centres, values go on as they are.
    """
    rows, columns = (_hats(side, count, stride) for side, count in zip(size, grid.shape, strict=True))
    return rows @ grid @ columns.T


def _hats(side: int, count: int, stride: int) -> Tensor:
    """Weights (side, count) of the positions for each pixel of a side: linear interpolation as a matrix."""
    pixels = (torch.arange(side) + 0.5 - STRIDE / 2) / stride  # in positions
    return (1 - (pixels.clamp(0, count - 1)[:, None] - torch.arange(count)).abs()).clamp(min=0)  # (side, count)


def _unscaled(grid: Tensor, size: tuple[int, int], *, stride: int, signed: bool) -> Tensor:
    return enlarge(grid if signed else grid.clamp(min=0), size, stride=stride)


def _drawn(grid: Tensor, size: tuple[int, int], *, stride: int, signed: bool) -> NDArray[np.float32]:
    enlarged = _unscaled(grid, size, stride=stride, signed=signed)
    peak = enlarged.abs().max()
    values: NDArray[np.float32] = (enlarged / peak if peak > 0 else torch.zeros_like(enlarged)).numpy()
    return values


def _require_logits(method: str) -> None:
    if not METHODS[method].in_logits:
        known = ", ".join(name for name, row in METHODS.items() if row.in_logits)
        raise UsageError(f"maps by {method} have no unit that two models share; use one of {known}")


def difference_of_models(first: Explanation, second: Explanation) -> Explanation:
    """Signed map of where a model finds more for a target than another one does: first minus second, in logits.

    Only for methods whose values are logits of the models (`in_logits`), each with its own scale: gradients of two
    models have no common unit.

    Raises:
        UsageError: if the maps are not of one such method, one target, one grid and one size.
    """
    _require_logits(first.method)
    kinds = [(one.method, one.target, one.stride, one.grid.shape, one.values.shape) for one in (first, second)]
    if kinds[0] != kinds[1]:
        raise UsageError(f"maps of two models must agree in method, target, grid and size; got {kinds[0]}, {kinds[1]}")
    grid = first.grid - second.grid
    height, width = first.values.shape
    values = _drawn(torch.from_numpy(grid), (height, width), stride=first.stride, signed=True)
    meaning = "Places where the first model finds more for this target (blue) and where the second does (red)."
    return Explanation(first.method, first.target, values, grid, signed=True, meaning=meaning, stride=first.stride)


def on_one_scale(*explanations: Explanation) -> tuple[tuple[Explanation, ...], float]:
    """The maps divided by the largest magnitude in any of them, so that a colour means the same in all, and that peak.

    A peak of 0 means that all maps are empty.

    Raises:
        UsageError: if a method's values have no unit that two models or pictures share (`in_logits`).
    """
    for one in explanations:
        _require_logits(one.method)
    sizes = [(one.values.shape[0], one.values.shape[1]) for one in explanations]
    maps = [
        _unscaled(torch.from_numpy(one.grid), size, stride=one.stride, signed=one.signed)
        for one, size in zip(explanations, sizes, strict=True)
    ]
    peak = max(float(values.abs().max()) for values in maps)
    scaled = [(values / (peak or 1)).numpy() for values in maps]
    return tuple(replace(one, values=values) for one, values in zip(explanations, scaled, strict=True)), peak
