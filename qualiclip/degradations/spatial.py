"""Spatial: jitter, displaced patches, pixelation, quantisation, colour blocks."""

import torch
from torch import Generator, Tensor
from torch.nn import functional

JITTER_ROUNDS = 5
PATCH_SIDE = 16
PATCH_REACH = 8  # a patch is copied from at most this far [px]
BLOCK_SIDE = 32


def jitter(image: Tensor, sigma: float, generator: Generator) -> Tensor:
    """Image whose pixels are displaced five times by a Gaussian of the given sigma [px], bilinearly.

    Source: KADID-10k, type 19. Borders are replicated; ARNIQA's port also moves the whole picture.
    """
    height, width = image.shape[-2:]
    fields = torch.randn((JITTER_ROUNDS, height, width, 2), generator=generator).to(image)
    pixels_to_grid = torch.tensor([2 / width, 2 / height]).to(image)
    identity = torch.eye(2, 3).to(image)[None]
    grid = functional.affine_grid(identity, [1, 3, height, width], align_corners=False)  # (1, H, W, 2)
    result = image[None]
    for field in fields:
        moved = grid + field * sigma * pixels_to_grid
        result = functional.grid_sample(result, moved, padding_mode="border", align_corners=False)
    return result[0]


def non_eccentricity_patch(image: Tensor, count: float, generator: Generator) -> Tensor:
    """Image in which `count` patches of 16 × 16 px are copies from at most 8 px away. Source: KADID-10k, type 20.

    Patches are taken from the unchanged image; ARNIQA's port copies from what it has overwritten.
    """
    height, width = image.shape[-2:]
    side = min(PATCH_SIDE, height // 2, width // 2)
    rows, columns = height - side, width - side
    draws = torch.rand((round(count), 4), generator=generator)
    targets = (draws[:, :2] * torch.tensor([rows + 1, columns + 1])).long()
    offsets = (draws[:, 2:] * (2 * PATCH_REACH + 1)).long() - PATCH_REACH
    sources = torch.minimum((targets + offsets).clamp(min=0), torch.tensor([rows, columns]))
    result = image.clone()
    for (top, left), (from_top, from_left) in zip(targets.tolist(), sources.tolist(), strict=True):
        patch = image[:, from_top : from_top + side, from_left : from_left + side]
        result[:, top : top + side, left : left + side] = patch
    return result


def pixelate(image: Tensor, strength: float, generator: Generator) -> Tensor:
    """Image resampled to 0.95 - strength^0.6 of its size and back, nearest pixel. Source: KADID-10k, type 21."""
    scale = 0.95 - strength**0.6
    height, width = image.shape[-2:]
    small = (max(1, int(height * scale)), max(1, int(width * scale)))
    reduced = functional.interpolate(image[None], size=small, mode="nearest")
    return functional.interpolate(reduced, size=(height, width), mode="nearest")[0]


def quantization(image: Tensor, levels: float, generator: Generator) -> Tensor:
    """Image with `levels` equal-width bins over [0, 1], then stretched to its full range.

    Source: KADID-10k, type 22, as in ARNIQA's port (equal-width bins instead of Otsu thresholds).
    """
    bins = round(levels)
    indices = (image * bins).ceil()  # bins are open below, as in the port: exact black is a bin of its own
    low, high = indices.amin(), indices.amax()
    return (indices - low) / (high - low).clamp(min=1)


def color_block(image: Tensor, count: float, generator: Generator) -> Tensor:
    """Image with `count` squares of 32 × 32 px in random colours. Source: KADID-10k, type 23."""
    height, width = image.shape[-2:]
    side = min(BLOCK_SIDE, height // 2, width // 2)
    draws = torch.rand((round(count), 5), generator=generator)
    corners = (draws[:, :2] * torch.tensor([height - side + 1, width - side + 1])).long()
    result = image.clone()
    for (top, left), color in zip(corners.tolist(), draws[:, 2:].to(image), strict=True):
        result[:, top : top + side, left : left + side] = color[:, None, None]
    return result
