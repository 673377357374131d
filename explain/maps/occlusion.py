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
from qualiclip.models.parts import part_similarities, project
from qualiclip.models.qualiclip import QualityModel
from qualiclip.models.targets import Value

from .quality_map import Progress

MOST_WINDOWS = 256  # about; of a larger feature map, windows are larger and further apart
WINDOWS_AT_ONCE = 32
Window = tuple[slice, slice]


def windows(height: int, width: int) -> list[Window]:
    """Overlapping windows that cover a grid, never all of it: 3 × 3, or larger on a grid of more than 256 positions."""
    step = math.ceil(math.sqrt(height * width / MOST_WINDOWS))
    return list(itertools.product(_spans(height, step), _spans(width, step)))


def _spans(side: int, step: int) -> list[slice]:
    length = min(2 * step + 1, max(1, side - 1))
    return [slice(start, start + length) for start in (*range(0, side - length, step), side - length)]


def _left(parts: list[Window], height: int, width: int) -> Tensor:
    """Which positions (W, h·w) each window leaves, as 0 and 1."""
    left = torch.ones(len(parts), height, width, dtype=torch.float32)
    for one, window in zip(left, parts, strict=True):
        one[window] = 0
    return left.flatten(1)


def _without(left: Tensor) -> Tensor:
    return torch.cat([left, torch.zeros(len(left), 1, dtype=torch.float32)], dim=1)


def _with_mean(left: Tensor) -> Tensor:
    return torch.cat([left, (1 - left).sum(dim=1, keepdim=True)], dim=1)


# From the positions that windows leave (W, P), how often each is there (W, P + 1), and the mean feature after them.
FILLS: Mapping[str, Callable[[Tensor], Tensor]] = MappingProxyType({"remove": _without, "mean": _with_mean})


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
    if height * width == 1:
        return torch.zeros(1, 1, dtype=torch.float32)  # nothing would be left
    left = _left(windows(height, width), height, width)
    with torch.no_grad():
        positions = feature_map[0].flatten(1).T  # (P, C)
        positions = torch.cat([positions, positions.mean(dim=0, keepdim=True)])  # (P + 1, C)
        projected = project(model.backbone.attnpool, positions)

        def of_parts(counts: Tensor) -> Tensor:
            means = counts @ positions / counts.sum(dim=1, keepdim=True)  # (W, C)
            return value(
                part_similarities(model.backbone.attnpool, model.prompt_features, means, projected, counts)
            )  # (W,)

        whole = of_parts(_without(torch.ones(1, height * width, dtype=torch.float32)))
        falls = []
        for batch in torch.split(taken_away(left), WINDOWS_AT_ONCE):
            falls.append(whole - of_parts(batch))
            if progress is not None:
                progress(sum(map(len, falls)), len(left))
    inside = 1 - left  # (W, P)
    drops = torch.cat(falls) @ inside / inside.sum(dim=0)
    return model.unit * drops.view(height, width)
