"""degrade(): the public door to the degradations; checks once, clamps once."""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Generator, Tensor

from qualiclip.errors import InputError, UsageError, digits, look_up

from .table import DEGRADATIONS, MAX_LEVEL, Degradation


def degrade(
    image: Tensor,
    name: str,
    *,
    generator: Generator | Sequence[Generator],
    level: float | None = None,
    strength: float | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """A degraded copy of an image (3, H, W) or (N, 3, H, W) in [0, 1]; same shape, dtype and device.

    Exactly one of `level` (0 to 5, 0 is the identity, fractions lie between) and `strength` (in the row's unit) is
    given. All randomness comes from `generator` (on the CPU): the same seed at a higher level gives the same draw,
    stronger. The images of a batch get draws of their own: one after the other from one generator, or each from its
    own, and then the same as alone. Where `mask`, (H, W) or (N, H, W) in [0, 1], is 0 the image stays as it is,
    where it is 1 it is degraded, and between the two are mixed.

    Computed in float32 on the image's device; `jpeg` and `jpeg2000` go through codecs on the CPU wherever it is.

    Raises:
        InputError: if the image is not a floating tensor of that shape with values in [0, 1], or the mask does not
            fit it.
        UsageError: if the name is unknown, the level or strength out of range, not exactly one of them given, or
            the generators not one per image.
    """
    row = look_up(DEGRADATIONS, name, kind="degradation")
    check_image(image)
    _check_dial(name, row, level, strength)
    images = image if image.dim() == 4 else image[None]
    masks = [None] * len(images) if mask is None else _as_masks(mask, images)
    generators = _as_generators(generator, len(images))
    if level == 0:
        return image.clone()
    chosen = strength if strength is not None else row.strength_at(level or 0.0)
    share = level if level is not None and level < 1 and row.origin is None else 1.0
    degraded = [
        _mix(single, row.apply(single.float(), chosen, own).clamp(0, 1), share, where)
        for single, own, where in zip(images, generators, masks, strict=True)
    ]
    return torch.stack(degraded) if image.dim() == 4 else degraded[0]


def _mix(image: Tensor, degraded: Tensor, share: float, mask: Tensor | None) -> Tensor:
    """The degraded image to a share of `share` times the mask, in the dtype of the image."""
    if share < 1:
        degraded = torch.lerp(image.float(), degraded, share)
    if mask is not None:
        degraded = torch.lerp(image.float(), degraded, mask)
    return degraded.to(image.dtype)


def _check_range(what: str, values: Tensor) -> None:
    if not values.is_floating_point():
        raise InputError(f"{what} must be a floating tensor in [0, 1], got {values.dtype}; divide 8-bit values by 255")
    exact = np.float64 if values.dtype == torch.float64 else np.float32  # so that .1 is written as 0.1
    low, high = (exact(bound.item()) for bound in values.aminmax())
    if not (low >= 0 and high <= 1):  # also true for NaN
        raise InputError(f"{what} values must lie in [0, 1], got {digits(low)} to {digits(high)}")


def check_image(image: Tensor) -> None:
    """Check that a tensor is an image or a batch of images.

    Raises:
        InputError: if it is not; the text names what it is.
    """
    if image.dim() not in (3, 4) or image.shape[-3] != 3 or 0 in image.shape:
        raise InputError(f"an image must have the shape (3, H, W) or (N, 3, H, W), got {tuple(image.shape)}")
    _check_range("image", image)


def _check_dial(name: str, row: Degradation, level: float | None, strength: float | None) -> None:
    if (level is None) == (strength is None):
        raise UsageError("give either a level (0 to 5) or a strength, not both and not neither")
    if level is not None and not 0 <= level <= MAX_LEVEL:
        raise UsageError(f"level must lie in [0, {MAX_LEVEL}], got {level}")
    if strength is not None and not row.valid[0] <= strength <= row.valid[1]:
        raise UsageError(f"strength of {name} ({row.unit}) must lie in {list(row.valid)}, got {strength}")


def _as_masks(mask: Tensor, images: Tensor) -> Iterable[Tensor | None]:
    count, _, height, width = images.shape
    if tuple(mask.shape) not in ((height, width), (count, height, width)):
        raise InputError(f"a mask must have the shape {(height, width)} of the image, got {tuple(mask.shape)}")
    _check_range("mask", mask)
    return mask.to(images.device, torch.float32).expand(count, height, width)


def _as_generators(generator: Generator | Sequence[Generator], count: int) -> Iterable[Generator]:
    if isinstance(generator, Generator):
        return [generator] * count
    if len(generator) != count:
        raise UsageError(f"give one generator, or one for each of the {count} images, got {len(generator)}")
    return generator
