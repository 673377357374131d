"""Blur: Gaussian, lens (disk) and motion."""

import math

import torch
from torch import Generator, Tensor

from .filters import blur_gaussian, convolve


def gaussian_blur(image: Tensor, sigma: float, generator: Generator) -> Tensor:
    """Image blurred by a Gaussian of the given sigma [px]. Source: KADID-10k, type 1."""
    return blur_gaussian(image, sigma)


def disk_kernel(radius: float) -> Tensor:
    """Kernel of a uniform disk of the given radius [px]: the area of each pixel that the disk covers.

    The integral is exact along y and a midpoint sum along x (error below 2e-5 of a pixel up to radius 8).
    """
    side = math.ceil(radius - 0.5)
    steps = 1024
    x = (torch.arange((2 * side + 1) * steps, dtype=torch.float64) + 0.5) / steps - side - 0.5
    half_chord = (radius**2 - x**2).clamp(min=0).sqrt()  # (columns · steps,)
    rows = torch.arange(-side, side + 1, dtype=torch.float64)[:, None]
    upper = torch.minimum(rows + 0.5, half_chord)
    lower = torch.maximum(rows - 0.5, -half_chord)
    area = (upper - lower).clamp(min=0).view(len(rows), -1, steps).mean(dim=-1)  # (2·side+1, 2·side+1)
    return (area / area.sum()).float()


def lens_blur(image: Tensor, radius: float, generator: Generator) -> Tensor:
    """Image blurred by a disk of the given radius [px], as out of focus. Source: KADID-10k, type 2.

    ARNIQA's port has a wrong disk, with negative weights, from radius 2 on.
    """
    return convolve(image, disk_kernel(radius))


def motion_kernel(length: float, angle: float) -> Tensor:
    """Kernel of a straight motion of `length` px at `angle` degrees, anticlockwise from the x axis.

    Weight falls linearly from 1 on the segment between the centres of the first and the last pixel to 0 at a
    distance of 1 px: the line that MATLAB's fspecial("motion") draws. Length 1 is the identity.
    """
    half = (length - 1) / 2
    direction = (math.cos(math.radians(angle)), -math.sin(math.radians(angle)))  # the y axis points down
    reach = [math.ceil(half * abs(part) + 1) - 1 for part in direction]
    x = torch.arange(-reach[0], reach[0] + 1, dtype=torch.float64)[None, :]
    y = torch.arange(-reach[1], reach[1] + 1, dtype=torch.float64)[:, None]
    along = x * direction[0] + y * direction[1]
    across = x * direction[1] - y * direction[0]
    distance = torch.hypot(across, (along.abs() - half).clamp(min=0))
    weights = (1 - distance).clamp(min=0)
    return (weights / weights.sum()).float()


def motion_blur(image: Tensor, length: float, generator: Generator) -> Tensor:
    """Image blurred along a line of `length` px at an angle drawn from the generator. Source: KADID-10k, type 3."""
    angle = 180 * float(torch.rand((), generator=generator, dtype=torch.float32))
    return convolve(image, motion_kernel(length, angle))
