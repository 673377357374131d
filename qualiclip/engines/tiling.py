"""The feature map of a picture of any size, exactly, in bounded memory.

Up to layer 3 a position sees only its surroundings, so large pictures are computed there in tiles, each with a margin
that is thrown away; layer 4, whose input is 1/16 of the picture's memory in channels of stride 16, is computed at once.
"""

import itertools

import torch
from torch import Tensor
from tqdm import tqdm

from qualiclip.machine import trim

from .stages import Stages

STRIDE = 16  # of layer 3
HALO = 144  # px that a position of layer 3 sees to each side
TILE = 60 * STRIDE  # px; with their margins, tiles have up to 1.5 megapixels
LARGEST_WHOLE = 3 * 2**20  # pixels that are computed at once
PATIENCE = 2.0  # seconds before a progress bar appears


def reduced_side(side: int) -> int:
    """Length of a side at stride 16: halved upwards by the first convolution, downwards by three poolings."""
    return (side + 1) // 2 // 2 // 2 // 2


def spans(side: int, tile: int) -> list[tuple[int, int]]:
    """Nearly equal parts (start, end) of a side at stride 16, at most `tile` px long each."""
    length = reduced_side(side)
    count = max(1, -(-length * STRIDE // tile))
    edges = [length * index // count for index in range(count + 1)]
    return list(itertools.pairwise(edges))


def _window(part: tuple[int, int], side: int) -> tuple[slice, slice]:
    """The px that a part of a side needs, and where the part then lies in the output at stride 16."""
    start, end = part
    first = max(0, start * STRIDE - HALO)
    last = side if end == reduced_side(side) else min(side, end * STRIDE + HALO)
    skip = start - first // STRIDE
    return slice(first, last), slice(skip, skip + end - start)


def lower_in_tiles(stages: Stages, image: Tensor, *, tile: int, progress: bool) -> Tensor:
    """Output of layer 3 (N, C, H/16, W/16) of an image (N, 3, H, W), tile by tile."""
    height, width = image.shape[-2:]
    parts = list(itertools.product(spans(height, tile), spans(width, tile)))
    result = torch.empty(0, dtype=torch.float32)
    for rows, columns in tqdm(parts, desc="tiles", delay=PATIENCE, disable=None if progress else True, leave=False):
        (down, keep_rows), (across, keep_columns) = _window(rows, height), _window(columns, width)
        features = stages.lower(image[:, :, down, across])
        if not result.numel():
            size = (len(image), features.shape[1], reduced_side(height), reduced_side(width))
            result = torch.empty(size, dtype=features.dtype, memory_format=_memory_format(features))
        result[:, :, slice(*rows), slice(*columns)] = features[:, :, keep_rows, keep_columns]
        del features
        trim()
    return result


def _memory_format(features: Tensor) -> torch.memory_format:
    """That of the features, so that the next step need not copy all of them."""
    last = features.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if last else torch.contiguous_format


def encode(stages: Stages, image: Tensor, *, progress: bool = False) -> Tensor:
    """Feature map (N, C, h, w) of an image (N, 3, H, W); `progress` shows a bar where it takes long.

    Each of the N is computed alone: together they would be rounded otherwise, and hardly be faster.
    """
    feature_maps = [_encode_one(stages, one, progress=progress) for one in torch.split(image, 1)]
    return torch.cat(feature_maps) if len(feature_maps) > 1 else feature_maps[0]


def _encode_one(stages: Stages, image: Tensor, *, progress: bool) -> Tensor:
    if image.shape[-2] * image.shape[-1] <= LARGEST_WHOLE:
        return stages.whole(image)
    feature_map = stages.upper(lower_in_tiles(stages, image, tile=TILE, progress=progress))
    trim()
    return feature_map
