"""Colour: diffusion, shift, and saturation in HSV and in Lab."""

import math

import torch
from torch import Generator, Tensor

from .colorspace import lab_to_rgb, rgb_to_lab
from .filters import blur_gaussian, pad_replicate

GRAY = (0.299, 0.587, 0.114)


def color_diffusion(image: Tensor, amount: float, generator: Generator) -> Tensor:
    """Image whose Lab colours are blurred by a sigma of 1.5·amount + 2 px and multiplied by amount.

    Source: KADID-10k, type 4. ARNIQA's port swaps red and blue before Lab and truncates to 8 bits; we do not.
    """
    lab = rgb_to_lab(image)
    colors = blur_gaussian(lab[1:], 1.5 * amount + 2) * amount
    return lab_to_rgb(torch.cat([lab[:1], colors]))


def _length(dx: Tensor, dy: Tensor) -> Tensor:
    """Length of each vector; where it is 0 its gradient is 0, not NaN as that of torch.hypot."""
    if not dx.requires_grad:
        return torch.hypot(dx, dy)
    still = (dx == 0) & (dy == 0)
    return torch.hypot(dx.masked_fill(still, 1), dy).masked_fill(still, 0)


def edge_mask(image: Tensor) -> Tensor:
    """Blurred gradient magnitude (H, W), stretched so that the 1st and 99th percentiles become 0 and 1."""
    gray = torch.einsum("c,chw->hw", torch.tensor(GRAY, dtype=torch.float32).to(image), image)
    padded = pad_replicate(gray[None], (1, 0), (1, 0))[0]
    dx = padded[1:, 1:] - padded[1:, :-1]
    dy = padded[1:, 1:] - padded[:-1, 1:]
    edges = blur_gaussian(_length(dx, dy)[None], 4)[0]
    low, high = (edges.flatten().kthvalue(1 + round(share * (edges.numel() - 1))).values for share in (0.01, 0.99))
    return ((edges - low) / (high - low).clamp(min=1e-6)).clamp(0, 1)


def translate(channel: Tensor, down: float, right: float) -> Tensor:
    """Channel (H, W) moved by a fraction of pixels (both not negative), borders replicated."""
    height, width = channel.shape
    rows, columns = math.floor(down), math.floor(right)
    padded = pad_replicate(channel[None], (rows + 1, 0), (columns + 1, 0))[0]
    corners = [
        padded[1 - step_y : 1 - step_y + height, 1 - step_x : 1 - step_x + width]
        for step_y in (0, 1)
        for step_x in (0, 1)
    ]
    y, x = down - rows, right - columns
    weights = [(1 - y) * (1 - x), (1 - y) * x, y * (1 - x), y * x]
    return torch.stack([weight * corner for weight, corner in zip(weights, corners, strict=True)]).sum(dim=0)


def color_shift(image: Tensor, distance: float, generator: Generator) -> Tensor:
    """Image whose green channel is moved by `distance` px near edges, down and right at a drawn angle.

    Source: KADID-10k, type 5. The percentiles and axes that ARNIQA's port mixes up are right here, and the
    distance may be a fraction.
    """
    angle = math.pi / 2 * float(torch.rand((), generator=generator, dtype=torch.float32))
    moved = translate(image[1], distance * math.sin(angle), distance * math.cos(angle))
    return torch.stack([image[0], torch.lerp(image[1], moved, edge_mask(image)), image[2]])


def color_saturation_hsv(image: Tensor, factor: float, generator: Generator) -> Tensor:
    """Image whose HSV saturation is multiplied by `factor`; 1 is the identity, 0 is gray.

    With hue and value kept, scaling the saturation scales each channel's distance to the largest one.
    Source: KADID-10k, type 6.
    """
    value = image.amax(dim=0, keepdim=True)
    return value - factor * (value - image)


def color_saturation_lab(image: Tensor, factor: float, generator: Generator) -> Tensor:
    """Image whose Lab colours are multiplied by `factor`; 1 is the identity.

    Source: KADID-10k, type 7. ARNIQA's port swaps red and blue before Lab; we do not.
    """
    lab = rgb_to_lab(image)
    return lab_to_rgb(torch.cat([lab[:1], lab[1:] * factor]))
