"""Heatmaps: where in the picture the model finds what raises or lowers its score.

Every map starts from the feature map of the score; none needs a second pass through the trunk, but for the finer map of
local quality, which is asked for by its stride.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from qualiclip.errors import UsageError, look_up
from qualiclip.model import QualityModel

from .cams import MOST_POSITIONS, PrincipalCam
from .defaults import DEFAULT_METHOD, DEFAULT_TARGET
from .methods import METHODS, Method
from .quality_map import STRIDE, Progress, fine_quality_grid
from .targets import TARGETS, Target, find_target

__all__ = [
    "DEFAULT_METHOD",
    "DEFAULT_TARGET",
    "METHODS",
    "TARGETS",
    "Explanation",
    "difference_of_models",
    "explain_features",
    "explain_finely",
    "on_one_scale",
]


@dataclass(frozen=True)
class Explanation:
    """A heatmap for an image of height H and width W.

    `values` (H, W) lie in [0, 1], or in [-1, 1] if `signed`; the largest magnitude is 1, or all are 0 where nothing
    speaks for the target. `grid` (h, w) holds the method's own values at positions `stride` px apart, unscaled.
    `meaning` says what the map shows.
    """

    method: str
    target: str
    values: NDArray[np.float32]
    grid: NDArray[np.float32]
    signed: bool = False
    meaning: str = ""
    stride: int = STRIDE

    @property
    def has_evidence(self) -> bool:
        """Whether any place speaks for the target (for a signed map: for or against)."""
        return bool(np.any(self.values))

    @property
    def note(self) -> str:
        """The map in words: what it shows and where it is strongest, or that it shows nothing."""
        if not self.has_evidence:
            return "No place in this picture speaks for this target: the map is empty."
        return f"{self.meaning} {describe_places(self.values)}".strip()


def describe_places(values: NDArray[np.float32]) -> str:
    """Where in the picture a heatmap (H, W) is strongest, for those who can't see it."""
    places = []
    if values.max() > 0:
        places.append(f"Most for it: {_strongest_place(np.maximum(values, 0))}.")
    if values.min() < 0:
        places.append(f"Most against it: {_strongest_place(np.maximum(-values, 0))}.")
    return " ".join(places)


def _strongest_place(values: NDArray[np.float32]) -> str:
    rows = [np.array_split(band, 3, axis=1) for band in np.array_split(values, 3, axis=0)]
    means = np.array([[part.mean() for part in row] for row in rows])
    row, column = np.unravel_index(int(means.argmax()), means.shape)
    if row == column == 1:
        return "the centre"
    return " ".join(word for word in (("top", "", "bottom")[row], ("left", "", "right")[column]) if word)


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


def _meaning(method: Method, target: Target, positions: int) -> str:
    if not method.knows_target:
        said = "Where the features differ most from their mean. This method does not know the target."
    elif isinstance(method.grid, PrincipalCam):
        said = "Places that matter most for this target; this method can't tell for it from against it."
    elif method.signed or not target.signed:
        said = target.description
    else:
        said = f"{target.rising} This method does not show what lowers it."
    if isinstance(method.grid, PrincipalCam) and positions > MOST_POSITIONS:
        said += f" Computed on a feature map pooled from {positions} to at most {MOST_POSITIONS} positions."
    return said


def explain_features(
    model: QualityModel,
    feature_map: Tensor,
    *,
    size: tuple[int, int],
    method: str,
    target: str,
    progress: Progress | None = None,
) -> Explanation:
    """Heatmap of an image of the given size (H, W) [px] from its feature map (1, C, h, w).

    `progress` is told by methods that take something away again and again (`Method.reports`) how often they have, of
    how many times; an exception raised in it stops the work.

    Raises:
        UsageError: if the method or the target is unknown.
    """
    if feature_map.shape[0] != 1:
        raise UsageError(f"one feature map at a time, got a batch of {feature_map.shape[0]}")
    wanted = find_target(target, model.settings.pairs)
    row = look_up(METHODS, method, kind="heatmap method")
    told = {"progress": progress} if row.reports else {}
    grid = row.grid(model, feature_map, wanted.value, **told)
    signed = row.signed and wanted.signed
    values = _drawn(grid, size, stride=STRIDE, signed=signed)
    return Explanation(method, target, values, grid.numpy(), signed, _meaning(row, wanted, grid.numel()))


def explain_finely(
    model: QualityModel,
    encode: Callable[[Tensor], Tensor],
    image: Tensor,
    *,
    target: str,
    stride: int,
    progress: Progress | None = None,
) -> Explanation:
    """Local quality of an image (3, H, W) at positions `stride` px apart: (32 / stride)² encodings by `encode`.

    `progress` is told how many are done, of how many; an exception raised in it stops the work.

    Raises:
        UsageError: if the target is unknown, or the stride is not 32, 16 or 8.
    """
    wanted = find_target(target, model.settings.pairs)
    grid = fine_quality_grid(model, encode, image, wanted.value, stride=stride, progress=progress)
    height, width = image.shape[-2:]
    values = _drawn(grid, (height, width), stride=stride, signed=wanted.signed)
    return Explanation("quality_map", target, values, grid.numpy(), wanted.signed, wanted.description, stride)


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
