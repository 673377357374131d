"""Occlusion: how far a target falls when a window of positions is taken away. No gradient takes part.

It is done on the feature map, where it costs a fraction of a score; hiding places of the picture itself would take an
encoding for each. A position has seen its surroundings, so what the window saw is partly known to its neighbours, too.
"""

import itertools
import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor

from qualiclip.errors import look_up
from qualiclip.model import QualityModel

from .quality_map import Progress
from .targets import Value

MOST_WINDOWS = 256  # about; of a larger feature map, windows are larger and further apart
BATCH_NUMBERS = 2**24  # in the feature maps of a batch: 64 MiB
Window = tuple[slice, slice]


def windows(height: int, width: int) -> list[Window]:
    """Overlapping windows that cover a grid, never all of it: 3 × 3, or larger on a grid of more than 256 positions."""
    step = math.ceil(math.sqrt(height * width / MOST_WINDOWS))
    return list(itertools.product(_spans(height, step), _spans(width, step)))


def _spans(side: int, step: int) -> list[slice]:
    length = min(2 * step + 1, max(1, side - 1))
    return [slice(start, start + length) for start in (*range(0, side - length, step), side - length)]


def _without(feature_map: Tensor, window: Window) -> Tensor:
    keep = torch.ones(feature_map.shape[-2:], dtype=torch.bool)
    keep[window] = False
    return feature_map[:, :, keep][:, :, None]  # (1, C, 1, positions left)


def _with_mean(feature_map: Tensor, window: Window) -> Tensor:
    changed = feature_map.clone()
    changed[:, :, window[0], window[1]] = feature_map.mean(dim=(2, 3), keepdim=True)
    return changed


FILLS: Mapping[str, Callable[[Tensor, Window], Tensor]] = MappingProxyType({"remove": _without, "mean": _with_mean})


def occlusion_grid(
    model: QualityModel, feature_map: Tensor, value: Value, *, fill: str = "remove", progress: Progress | None = None
) -> Tensor:
    """How far a target falls, in logits, without each position (h, w): the mean over the windows that hold it.

    Windows are removed from the pooling (`fill` "remove") or replaced by the mean feature ("mean"). `progress` is told
    how many windows are done, of how many; an exception raised in it stops the work.

    Raises:
        UsageError: if the fill is unknown.
    """
    taken_away = look_up(FILLS, fill, kind="fill")
    height, width = feature_map.shape[-2:]
    parts = windows(height, width)
    drops, counts = torch.zeros(height, width), torch.zeros(height, width)
    if height * width == 1:
        return drops  # nothing would be left
    with torch.no_grad():
        whole = value(model.similarities(feature_map)[0])
        size = max(1, BATCH_NUMBERS // feature_map.numel())
        for start in range(0, len(parts), size):
            batch = parts[start : start + size]
            changed = torch.cat([taken_away(feature_map, window) for window in batch])
            for window, fall in zip(batch, whole - value(model.similarities(changed)), strict=True):
                drops[window] += fall
                counts[window] += 1
            if progress is not None:
                progress(start + len(batch), len(parts))
    return model.settings.scale * drops / counts
