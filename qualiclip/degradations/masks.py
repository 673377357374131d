"""Shapes of local degradation: where a picture is degraded, for maps that are to find it."""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Generator, Tensor
from torch.nn import functional

BLOB_SHARE = 0.25  # of the picture, as a quadrant


def quadrants(height: int, width: int) -> Tensor:
    """The four quadrants (4, H, W) of 0 and 1: top left, top right, bottom left, bottom right; together they cover."""
    bottom = (torch.arange(height, dtype=torch.int64) >= height // 2)[:, None]
    right = (torch.arange(width, dtype=torch.int64) >= width // 2)[None, :]
    parts = [(bottom == row) & (right == column) for row in (False, True) for column in (False, True)]
    return torch.stack(parts).float()  # (4, H, W)


def quadrant(height: int, width: int, generator: Generator) -> Tensor:
    """One of the four quadrants (H, W)."""
    chosen = int(torch.randint(4, (), generator=generator))
    return quadrants(height, width)[chosen]


def ellipse(height: int, width: int, generator: Generator) -> Tensor:
    """A turned ellipse (H, W) of 15 to 30 % of the picture; only where the picture is very long may it be cut off."""
    size, longer, turn, down, across = torch.rand(5, generator=generator, dtype=torch.float32).tolist()
    ratio, angle = 1 + longer / 2, math.pi * turn  # radii differ by up to half
    radius = math.sqrt((0.15 + 0.15 * size) * height * width / math.pi)
    long, short = radius * math.sqrt(ratio), radius / math.sqrt(ratio)
    reach_x = math.hypot(long * math.cos(angle), short * math.sin(angle))
    reach_y = math.hypot(long * math.sin(angle), short * math.cos(angle))
    y = (torch.arange(height, dtype=torch.float32) + 0.5 - _between(reach_y, height - reach_y, down))[:, None]
    x = (torch.arange(width, dtype=torch.float32) + 0.5 - _between(reach_x, width - reach_x, across))[None, :]
    along = x * math.cos(angle) + y * math.sin(angle)
    beside = y * math.cos(angle) - x * math.sin(angle)
    return ((along / long) ** 2 + (beside / short) ** 2 <= 1).float()


def _between(low: float, high: float, share: float) -> float:
    return low + share * (high - low) if low < high else (low + high) / 2


def smooth_field(height: int, width: int, generator: Generator, *, knots: int = 5) -> Tensor:
    """Random hills and valleys (H, W): normal numbers at knots × knots places, bicubic in between."""
    coarse = torch.randn((1, 1, knots, knots), generator=generator, dtype=torch.float32)
    return functional.interpolate(coarse, size=(height, width), mode="bicubic", align_corners=True)[0, 0]


def blob(height: int, width: int, generator: Generator) -> Tensor:
    """The highest quarter (H, W) of a smooth random field: one or several places of any shape."""
    field = smooth_field(height, width, generator)
    return (field > field.flatten().kthvalue(round((1 - BLOB_SHARE) * field.numel())).values).float()


SHAPES: Mapping[str, Callable[[int, int, Generator], Tensor]] = MappingProxyType(
    {"quadrant": quadrant, "ellipse": ellipse, "blob": blob}
)
