"""degrade(): the public door to the degradations; checks once, clamps once."""

import torch
from torch import Generator, Tensor

from ..errors import InputError, UsageError, look_up
from .table import DEGRADATIONS, MAX_LEVEL, Degradation


def degrade(
    image: Tensor,
    name: str,
    *,
    generator: Generator,
    level: float | None = None,
    strength: float | None = None,
) -> Tensor:
    """A degraded copy of an image (3, H, W) or (N, 3, H, W) in [0, 1]; same shape, dtype and device.

    Exactly one of `level` (0 to 5, 0 is the identity, fractions lie between) and `strength` (in the row's unit) is
    given. All randomness comes from `generator` (on the CPU): the same seed at a higher level gives the same draw,
    stronger. The images of a batch get draws of their own.

    Raises:
        InputError: if the image is not a floating tensor of that shape with values in [0, 1].
        UsageError: if the name is unknown, the level or strength out of range, or not
            exactly one of them given.
    """
    row = look_up(DEGRADATIONS, name, kind="degradation")
    check_image(image)
    if (level is None) == (strength is None):
        raise UsageError("give either a level (0 to 5) or a strength, not both and not neither")
    if level is not None and not 0 <= level <= MAX_LEVEL:
        raise UsageError(f"level must lie in [0, {MAX_LEVEL}], got {level}")
    if strength is not None and not row.valid[0] <= strength <= row.valid[1]:
        raise UsageError(f"strength of {name} ({row.unit}) must lie in {list(row.valid)}, got {strength}")
    if level == 0:
        return image.clone()
    chosen = strength if strength is not None else row.strength_at(level or 0.0)
    share = level if level is not None and level < 1 and row.origin is None else 1.0
    images = image if image.dim() == 4 else image[None]
    degraded = torch.stack([_degrade_one(single, row, chosen, share, generator) for single in images])
    return degraded if image.dim() == 4 else degraded[0]


def check_image(image: Tensor) -> None:
    """Check that a tensor is an image or a batch of images.

    Raises:
        InputError: if it is not; the text names what it is.
    """
    if not image.is_floating_point():
        raise InputError(f"an image must be a floating tensor in [0, 1], got {image.dtype}; divide 8-bit values by 255")
    if image.dim() not in (3, 4) or image.shape[-3] != 3 or 0 in image.shape:
        raise InputError(f"an image must have the shape (3, H, W) or (N, 3, H, W), got {tuple(image.shape)}")
    low, high = (float(bound) for bound in image.aminmax())
    if not (low >= 0 and high <= 1):  # also true for NaN
        raise InputError(f"image values must lie in [0, 1], got {low:.3g} to {high:.3g}")


def _degrade_one(image: Tensor, row: Degradation, strength: float, share: float, generator: Generator) -> Tensor:
    pristine = image.float()
    degraded = row.apply(pristine, strength, generator).clamp(0, 1)
    return torch.lerp(pristine, degraded, share).to(image.dtype) if share < 1 else degraded.to(image.dtype)
