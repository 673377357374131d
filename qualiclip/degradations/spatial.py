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
    pixels_to_grid = torch.tensor([2 / width, 2 / height], dtype=torch.float32).to(image)
    identity = torch.eye(2, 3, dtype=torch.float32).to(image)[None]
    grid = functional.affine_grid(identity, [1, 3, height, width], align_corners=False)  # (1, H, W, 2)
    result = image[None]
    for _ in range(JITTER_ROUNDS):
        field = torch.randn((height, width, 2), generator=generator, dtype=torch.float32).to(image)
        moved = torch.addcmul(grid, field, sigma * pixels_to_grid)
        result = functional.grid_sample(result, moved, padding_mode="border", align_corners=False)
    return result[0]


def topmost(corners: Tensor, side: int, height: int, width: int) -> Tensor:
    """Number (H, W) of the first square that covers each pixel, n where none does; corners (n, 2) are top left.

    The first lies on top, so one more square changes only what was pristine: more squares always degrade more.
    """
    inside = torch.arange(side, dtype=torch.int64)
    rows, columns = corners[:, 0, None, None] + inside[:, None], corners[:, 1, None, None] + inside
    numbers = torch.arange(len(corners), dtype=torch.int32).repeat_interleave(side * side)
    nothing = torch.full((height * width,), len(corners), dtype=torch.int32)
    return nothing.scatter_reduce(0, (rows * width + columns).flatten(), numbers, "amin").view(height, width)


def non_eccentricity_patch(image: Tensor, count: float, generator: Generator) -> Tensor:
    """Image in which `count` patches of 16 × 16 px are copies from at most 8 px away. Source: KADID-10k, type 20.

    Patches are taken from the unchanged image; ARNIQA's port copies from what it has overwritten.
    """
    height, width = image.shape[-2:]
    side = min(PATCH_SIDE, height // 2, width // 2)
    furthest = torch.tensor([height - side, width - side], dtype=torch.int64)
    draws = torch.rand((round(count), 4), generator=generator, dtype=torch.float32)
    targets = (draws[:, :2] * (furthest + 1)).long()
    offsets = (draws[:, 2:] * (2 * PATCH_REACH + 1)).long() - PATCH_REACH
    moves = torch.minimum((targets + offsets).clamp(min=0), furthest) - targets
    number = topmost(targets, side, height, width)
    rows, columns = (number < len(targets)).nonzero(as_tuple=True)
    down, right = moves[number[rows, columns].long()].T
    rows, columns, down, right = (index.to(image.device) for index in (rows, columns, down, right))
    result = image.clone()
    result[:, rows, columns] = image[:, rows + down, columns + right]
    return result


def pixelate(image: Tensor, strength: float, generator: Generator) -> Tensor:
    """Image resampled to 0.95 - strength^0.6 of its size and back, nearest pixel. Source: KADID-10k, type 21."""
    scale = 0.95 - strength**0.6
    height, width = image.shape[-2:]
    small = (max(1, int(height * scale)), max(1, int(width * scale)))
    reduced = functional.interpolate(image[None], size=small, mode="nearest")
    return functional.interpolate(reduced, size=(height, width), mode="nearest")[0]


def quantization(image: Tensor, levels: float, generator: Generator) -> Tensor:
    """Image with every sample moved to the middle of one of `levels` equal-width bins; exact black stays black.

    Source: KADID-10k, type 22, as in ARNIQA's port (equal-width bins instead of Otsu thresholds). The port then
    stretches each picture to the full range, which gives a hazy one contrast; we do not.
    """
    bins = round(levels)
    return ((image * bins - 1e-4).ceil() - 0.5) / bins  # bins are closed above, as in the port, in spite of rounding


def color_block(image: Tensor, count: float, generator: Generator) -> Tensor:
    """Image with `count` squares of 32 × 32 px in random colours. Source: KADID-10k, type 23."""
    height, width = image.shape[-2:]
    side = min(BLOCK_SIDE, height // 2, width // 2)
    draws = torch.rand((round(count), 5), generator=generator, dtype=torch.float32)
    places = torch.tensor([height - side + 1, width - side + 1], dtype=torch.int64)
    corners = (draws[:, :2] * places).long()
    number = topmost(corners, side, height, width)
    covered = number < len(corners)
    result = image.clone()
    result[:, covered.to(image.device)] = draws[number[covered].long(), 2:].T.to(image)
    return result
