"""How the values of a map lie on the picture, and how maps share a scale."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from qualiclip.ambient import undisturbed
from qualiclip.errors import UsageError

from .methods import METHODS
from .quality_map import STRIDE

if TYPE_CHECKING:
    from .explanation import Explanation


@undisturbed()
def enlarge(grid: Tensor, size: tuple[int, int], *, stride: int, shown: tuple[int, int] | None = None) -> Tensor:
    """A grid (h, w) as a map of a picture of the given size (H, W) [px], linear between the positions.

    The only way from a grid to pixels. Position i is that of the 32 px from i · stride; beyond the outermost centres,
    values go on as they are. The map is as large as the picture is `shown`; None is its own size.
    """
    lengths = zip(size, shown or size, grid.shape, strict=True)
    rows, columns = (_hats(side, length, count, stride) for side, length, count in lengths)
    return rows @ grid @ columns.T


def _hats(side: int, length: int, count: int, stride: int) -> Tensor:
    """Weights (length, count) of the positions along a side that is shown that long: interpolation as a matrix."""
    pixels = (torch.arange(length, dtype=torch.float32) + 0.5) * (side / length)  # of the picture
    places = (pixels - STRIDE / 2) / stride  # in positions
    positions = torch.arange(count, dtype=torch.float32)
    return (1 - (places.clamp(0, count - 1)[:, None] - positions).abs()).clamp(min=0)  # (length, count)


def _require_logits(method: str) -> None:
    if not METHODS[method].in_logits:
        known = ", ".join(name for name, row in METHODS.items() if row.in_logits)
        raise UsageError(f"maps by {method} have no unit that two models share; use one of {known}")


@undisturbed()
def difference_of_models(first: "Explanation", second: "Explanation") -> "Explanation":
    """Signed map of where a model finds more for a target than another one does: first minus second, in logits.

    Only for methods whose values are logits of the models (`in_logits`), each with its own scale: gradients of two
    models have no common unit.

    Raises:
        UsageError: if the maps are not of one such method, one target, one grid and one size.
    """
    _require_logits(first.method)
    kinds = [(one.method, one.target, one.stride, one.grid.shape, one.size) for one in (first, second)]
    if kinds[0] != kinds[1]:
        raise UsageError(f"maps of two models must agree in method, target, grid and size; got {kinds[0]}, {kinds[1]}")
    meaning = "Places where the first model finds more for this target (blue) and where the second does (red)."
    return replace(first, grid=first.grid - second.grid, signed=True, meaning=meaning, full_scale=None)


def with_shared_peak(explanations: Iterable["Explanation"]) -> tuple["Explanation", ...]:
    """The maps with the largest magnitude in any of them as the end of the scale of all."""
    given = tuple(explanations)
    peak = max(one.peak for one in given)
    return tuple(replace(one, full_scale=peak) for one in given)


@undisturbed()
def on_one_scale(*explanations: "Explanation") -> tuple[tuple["Explanation", ...], float]:
    """The maps divided by the largest magnitude in any of them, so that a colour means the same in all, and that peak.

    A peak of 0 means that all maps are empty.

    Raises:
        UsageError: if a method's values have no unit that two models or pictures share (`in_logits`).
    """
    for one in explanations:
        _require_logits(one.method)
    scaled = with_shared_peak(explanations)
    return scaled, max(one.peak for one in explanations)
