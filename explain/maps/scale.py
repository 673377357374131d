"""How the values of a map lie on the picture, and how maps share a scale."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from qualiclip.ambient import undisturbed
from qualiclip.errors import UsageError

from .methods import LEVELS, LOGITS, METHODS
from .quality_map import STRIDE

if TYPE_CHECKING:
    from .explanation import Explanation

FIRST = STRIDE / 2  # px, the middle of the first position of a feature map: it is that of 32 px


@undisturbed()
def enlarge(
    grid: Tensor,
    size: tuple[int, int],
    *,
    stride: int,
    first: float = FIRST,
    shown: tuple[int, int] | None = None,
) -> Tensor:
    """A grid (h, w) as a map of a picture of the given size (H, W) [px], linear between the positions.

    The only way from a grid to pixels. The middle of position i is at `first` + i · stride px; beyond the outermost
    ones, values go on as they are. The map is as large as the picture is `shown`; None is its own size.
    """
    lengths = zip(size, shown or size, grid.shape, strict=True)
    rows, columns = (_hats(side, length, count, stride, first) for side, length, count in lengths)
    return rows @ grid @ columns.T


def _hats(side: int, length: int, count: int, stride: int, first: float) -> Tensor:
    """Weights (length, count) of the positions along a side that is shown that long: interpolation as a matrix."""
    pixels = (torch.arange(length, dtype=torch.float32) + 0.5) * (side / length)  # of the picture
    places = (pixels - first) / stride  # in positions
    positions = torch.arange(count, dtype=torch.float32)
    return (1 - (places.clamp(0, count - 1)[:, None] - positions).abs()).clamp(min=0)  # (length, count)


def _require_unit(method: str, *units: str) -> None:
    if METHODS[method].unit not in units:
        known = ", ".join(name for name, row in METHODS.items() if row.unit in units)
        raise UsageError(f"maps by {method} have no unit that two models share; use one of {known}")


@undisturbed()
def difference_of_models(first: "Explanation", second: "Explanation") -> "Explanation":
    """Signed map of where a model finds more for a target than another one does: first minus second, in logits.

    Only for methods whose values are logits of the models (`unit`), each with its own scale: gradients of two
    models have no common unit.

    Raises:
        UsageError: if the maps are not of one such method, one target, one grid and one size.
    """
    _require_unit(first.method, LOGITS)
    kinds = [(one.method, one.target, one.stride, one.grid.shape, one.size) for one in (first, second)]
    if kinds[0] != kinds[1]:
        raise UsageError(f"maps of two models must agree in method, target, grid and size; got {kinds[0]}, {kinds[1]}")
    meaning = "Places where the first model finds more for this target (blue) and where the second does (red)."
    return replace(first, grid=first.grid - second.grid, signed=True, meaning=meaning, full_scale=None)


def with_shared_peak(explanations: Iterable["Explanation"]) -> tuple["Explanation", ...]:
    """The maps with the largest end of the scale of any of them as that of all."""
    given = tuple(explanations)
    end = max(one.end for one in given)
    return tuple(replace(one, full_scale=end) for one in given)


@undisturbed()
def on_one_scale(*explanations: "Explanation") -> tuple[tuple["Explanation", ...], float]:
    """The maps on the largest scale of any of them, so that a colour means the same in all, and the largest magnitude.

    A peak of 0 means that all maps are empty.

    Raises:
        UsageError: if a method's values have no unit that two models or pictures share (`unit`).
    """
    for one in explanations:
        _require_unit(one.method, LOGITS, LEVELS)
    scaled = with_shared_peak(explanations)
    return scaled, max(one.peak for one in explanations)
