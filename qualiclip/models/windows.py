"""The 3 × 3 positions around each position of a feature map, judged as if they were a picture.

At the border of the picture positions are repeated.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from .backbone import MeanQueryPooling
from .parts import part_similarities, project

WINDOW = 3  # positions: a side of a window
BATCH_NUMBERS = 2**22  # in the rows of a feature map that are pooled at once: 16 MiB


def window_evidence(evidence: Callable[[Tensor], Tensor], feature_map: Tensor) -> Tensor:
    """Evidence (h, w, K, 2) of the window around each position of a feature map (1, C, h, w), by any model."""
    reach = WINDOW // 2
    padded = functional.pad(feature_map, (reach,) * 4, mode="replicate")
    windows = padded.unfold(2, WINDOW, 1).unfold(3, WINDOW, 1)[0].permute(1, 2, 0, 3, 4)  # (h, w, C, 3, 3)
    return torch.stack([evidence(row) for row in windows])


def _neighbours(side: int) -> Tensor:
    """The 3 positions (side, 3) around each position of a side; at its ends, the last one again."""
    reach = WINDOW // 2
    places, shifts = (torch.arange(*ends, dtype=torch.int64) for ends in ((0, side), (-reach, reach + 1)))
    return (places[:, None] + shifts).clamp(0, side - 1)


def _rows_of_windows(pooling: MeanQueryPooling, prompts: Tensor, features: Tensor) -> Tensor:
    """Similarities (h, w, K, 2) of the 3 × 3 positions around each in all rows of (C, h + 2, w) but the outermost."""
    positions = features.permute(1, 2, 0).contiguous()  # (h + 2, w, C)
    width = features.shape[2]
    counts = functional.one_hot(_neighbours(width), width).sum(dim=1).float()  # (w, w): of positions in windows
    sums = counts @ positions.unfold(0, WINDOW, 1).sum(dim=-1)  # (h, w, C)
    keys, values = (
        projected.flatten(0, 1).unfold(0, WINDOW * width, width).transpose(1, 2)  # (h, 3·w, C), a view
        for projected in project(pooling, positions)
    )
    return part_similarities(pooling, prompts, sums / WINDOW**2, (keys, values), counts.repeat(1, WINDOW))


def window_similarities(pooling: MeanQueryPooling, prompts: Tensor, feature_map: Tensor) -> Tensor:
    """Similarities (h, w, K, 2) to prompts (K, 2, D) of the window around each position of a map (1, C, h, w).

    As `window_evidence` where the windows are pooled with attention, but what they share is computed once.
    """
    rows = _neighbours(feature_map.shape[2])  # (h, 3)
    size = max(1, BATCH_NUMBERS // feature_map[0, :, 0].numel())
    bands = [torch.cat([band[:1, 0], band[:, 1], band[-1:, 2]]) for band in torch.split(rows, size)]
    return torch.cat([_rows_of_windows(pooling, prompts, feature_map[0, :, band]) for band in bands])
