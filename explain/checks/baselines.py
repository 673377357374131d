"""Maps that know nothing of the model: what a heatmap has to beat."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Generator, Tensor
from torch.nn import functional

from qualiclip.degradations.masks import smooth_field

NEIGHBOURHOOD = 31  # px: about a position of the feature map


def _within_one(values: Tensor) -> Tensor:
    span = values.max() - values.min()
    return (values - values.min()) / span if span > 0 else torch.zeros_like(values)


def random_map(image: Tensor, generator: Generator) -> Tensor:
    """A smooth random map (H, W) in [0, 1], as smooth as a heatmap."""
    height, width = image.shape[-2:]
    return _within_one(smooth_field(height, width, generator, knots=8))


def centre_map(image: Tensor, generator: Generator) -> Tensor:
    """A hill (H, W) in [0, 1] in the middle of the picture, where photographers put what matters."""
    height, width = image.shape[-2:]
    y, x = (torch.linspace(-1, 1, side, dtype=torch.float32) for side in (height, width))
    return _within_one(torch.exp(-2 * (y[:, None] ** 2 + x[None, :] ** 2)))


def edge_map(image: Tensor, generator: Generator) -> Tensor:
    """The mean gradient magnitude (H, W) of the brightness around each pixel, in [0, 1]."""
    padded = functional.pad(image.mean(dim=0)[None, None], (1, 1, 1, 1), mode="replicate")  # (1, 1, H+2, W+2)
    across = padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]
    down = padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]
    magnitude = torch.hypot(across, down) / 2  # (1, 1, H, W)
    around = functional.avg_pool2d(magnitude, NEIGHBOURHOOD, 1, NEIGHBOURHOOD // 2, count_include_pad=False)
    return _within_one(around[0, 0])


def flat_map(image: Tensor, generator: Generator) -> Tensor:
    """The edge map (H, W) turned over: 1 where there are no edges."""
    return 1 - edge_map(image, generator)


# All take an image (3, H, W) and a generator, whether they need them or not.
BASELINES: Mapping[str, Callable[[Tensor, Generator], Tensor]] = MappingProxyType(
    {"random": random_map, "centre": centre_map, "edges": edge_map, "no edges": flat_map}
)


def edge_strength(image: Tensor) -> float:
    """The mean step of the brightness from a pixel of an image (3, H, W) to the next one, in [0, 1].

    It rises with sharpness, but with noise and with the number of things in a picture, too: an opinion on quality that
    needs no model, to be compared with one.
    """
    brightness = image.mean(dim=0)  # (H, W)
    across, down = brightness.diff(dim=1).abs(), brightness.diff(dim=0).abs()
    return (across.mean() + down.mean()).item() / 2
