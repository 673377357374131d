"""degrade(): the public door to the degradations; checks once, clamps once."""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from qualiclip.ambient import undisturbed
from qualiclip.checks import check_number
from qualiclip.errors import UsageError, look_up

from .arguments import as_generators, as_masks, check_image
from .table import DEGRADATIONS, MAX_LEVEL, Degradation


@undisturbed()
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

    Computed in float32 on the image's device, whatever autocast, default dtype or default device the caller has set;
    `jpeg` and `jpeg2000` go through codecs on the CPU wherever it is, and pass no gradient on.

    Raises:
        InputError: if the image is not a floating tensor of that shape with values in [0, 1], or the mask does not
            fit it.
        UsageError: if the name is unknown, the level or strength no number or out of range, not exactly one of them
            given, or the generators not on the CPU or not one per image.
    """
    row = look_up(DEGRADATIONS, name, kind="degradation")
    check_image(image)
    level, strength = _checked_dial(name, row, level, strength)
    images = image if image.dim() == 4 else image[None]
    masks, generators = as_masks(mask, images), as_generators(generator, len(images))
    if level == 0:
        return image.clone()
    chosen = strength if strength is not None else row.strength_at(level or 0.0)
    share = level if level is not None and level < 1 and row.origin is None else 1.0
    degraded = [
        _mix(single, row.compute(single.float(), chosen, own).clamp(0, 1), share, where)
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


def _checked_dial(
    name: str, row: Degradation, level: float | None, strength: float | None
) -> tuple[float | None, float | None]:
    if (level is None) == (strength is None):
        raise UsageError("give either a level (0 to 5) or a strength, not both and not neither")
    if level is not None:
        return check_number("level", level, 0, MAX_LEVEL), None
    return None, check_number(f"strength of {name} ({row.unit})", strength, *row.valid)
