"""Regions of training samples: the part of a crop that is degraded."""

import math

import torch
from torch import Generator, Tensor

from qualiclip.degradations.masks import SHAPES

from .draws import uniform

INVERTED = 0.35  # of the regions: all but the shape


def _half(height: int, width: int, generator: Generator) -> Tensor:
    """One side (H, W) of a straight line through the picture, of a quarter to three quarters of it."""
    angle, share = uniform(generator, 0, 2 * math.pi), uniform(generator, 0.25, 0.75)
    down, across = (torch.linspace(-0.5, 0.5, side, dtype=torch.float32) for side in (height, width))
    distance = down[:, None] * math.sin(angle) + across[None, :] * math.cos(angle)
    edge = distance.flatten().kthvalue(max(1, round(share * distance.numel()))).values
    return (distance > edge).float()


def _rectangle(height: int, width: int, generator: Generator) -> Tensor:
    """A rectangle (H, W) whose sides are a quarter to four fifths of the picture's."""
    mask = torch.zeros((height, width), dtype=torch.float32)
    rows, columns = (round(side * uniform(generator, 0.25, 0.8)) for side in (height, width))
    top, left = (int(uniform(generator, 0, rest + 1)) for rest in (height - rows, width - columns))
    mask[top : top + rows, left : left + columns] = 1
    return mask


REGIONS = (*SHAPES.values(), _half, _rectangle)


def draw_shape(height: int, width: int, generator: Generator) -> Tensor:
    """One of the shapes (H, W), 0 or 1."""
    return REGIONS[int(torch.randint(len(REGIONS), (), generator=generator))](height, width, generator)
