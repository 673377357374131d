"""Local quality: the model's answer for every position alone, as if its feature map had no other.

Without positional embedding, the pooling of a single position is its value path: `pool()` of a 1×1 feature map. What a
position has seen of the picture is another matter: a wide surrounding, not its 32 px (docs/heatmaps.md).
"""

import itertools
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from qualiclip.errors import UsageError
from qualiclip.models.family import Family
from qualiclip.models.qualiclip import QualityModel
from qualiclip.models.targets import Value
from qualiclip.models.windows import WINDOW

STRIDE = 32  # px between the positions of the feature map
STRIDES = (32, 16, 8)  # 1, 4 and 16 encodings of the picture

Encode = Callable[[Tensor], Tensor]  # image (3, H, W) → feature map (1, C, h, w)
Progress = Callable[[int, int], None]  # done, total; an exception raised in it stops the work


def local_scores(model: QualityModel, feature_map: Tensor) -> Tensor:
    """Quality score (h, w) in [0, 1] of each position of a feature map (1, C, h, w), taken alone."""
    return model.probabilities(model.local_evidence(feature_map)).mean(dim=-1)


def quality_grid(model: Family, feature_map: Tensor, value: Value) -> Tensor:
    """A target at each position (h, w) of a feature map (1, C, h, w) taken alone, in logits."""
    return model.unit * value(model.local_evidence(feature_map))


def window_grid(model: Family, feature_map: Tensor, value: Value) -> Tensor:
    """A target of the 3 × 3 positions around each position (h, w) of a feature map (1, C, h, w), smoothed, in logits.

    Each position gets the mean of the windows it is the centre or a neighbour of. A degradation is seldom as small as
    one position, and one position alone is noisy: compared with the pristine picture, this finds a degradation better.
    """
    grid = model.unit * value(model.window_evidence(feature_map))[None, None]  # (1, 1, h, w)
    smooth = functional.avg_pool2d(grid, WINDOW, stride=1, padding=WINDOW // 2, count_include_pad=False)
    return smooth[0, 0]


def fine_quality_grid(
    model: Family, encode: Encode, image: Tensor, value: Value, *, stride: int, progress: Progress | None = None
) -> Tensor:
    """As `quality_grid`, for an image (3, H, W), with positions `stride` px apart: (32 / stride)² encodings.

    The image is encoded again and again, each time with some more rows and columns cut off at its top and left; nothing
    is padded. Position (y, x) is that of the 32 px from (y · stride, x · stride), which all lie inside the image. Close
    to the top and the left, shifted copies lack what was cut off. Positions at multiples of 32 px are those of the
    picture as it is.

    Raises:
        UsageError: if the stride is not 32, 16 or 8.
    """
    if stride not in STRIDES:
        raise UsageError(f"stride must be one of {', '.join(map(str, STRIDES))} px, got {stride}")
    many = STRIDE // stride
    shifts = list(itertools.product(range(many), repeat=2))
    parts = {}
    for done, (down, across) in enumerate(shifts):
        _report(progress, done, len(shifts))
        crop = image[:, down * stride :, across * stride :]
        if min(crop.shape[-2:]) >= STRIDE:  # else it has no position
            parts[down, across] = quality_grid(model, encode(crop), value)
    _report(progress, len(shifts), len(shifts))
    return _interleave(parts, many)


def _report(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)


def _interleave(parts: dict[tuple[int, int], Tensor], many: int) -> Tensor:
    """One grid of the grids of all shifts; every `many`-th row and column is of the same one."""
    height = sum(part.shape[0] for (_, across), part in parts.items() if across == 0)
    width = sum(part.shape[1] for (down, _), part in parts.items() if down == 0)
    grid = torch.empty(height, width, dtype=torch.float32)
    for (down, across), part in parts.items():
        grid[down::many, across::many] = part
    return grid
