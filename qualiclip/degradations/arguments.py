"""What the doors of the degradations take: checked once, so that the functions behind them can trust it."""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from qualiclip.errors import InputError, UsageError, digits, shown

DTYPES = (torch.float32, torch.float64, torch.float16, torch.bfloat16)


def _check_values(what: str, values: Tensor) -> None:
    if values.layout != torch.strided or values.is_meta:
        raise InputError(f"{what} must be a plain tensor in memory, got {values.layout} on {values.device}")
    if values.dtype not in DTYPES:
        raise InputError(f"{what} must be a floating tensor in [0, 1], got {values.dtype}; divide 8-bit values by 255")
    low, high = values.detach().aminmax()
    if not (low >= 0 and high <= 1):  # also true for NaN
        least, most = (_written(bound) for bound in (low, high))
        raise InputError(f"{what} values must lie in [0, 1], got {least} to {most}")


def _written(value: Tensor) -> str:
    """A number with the digits that its own precision has: -0.1 in single precision is not -0.10000000149011612."""
    wide = value if value.dtype == torch.float64 else value.float()  # NumPy has no bfloat16
    return digits(wide.cpu().numpy()[()])


def check_image(image: Tensor, *, dimensions: Sequence[int] = (3, 4)) -> None:
    """Check that something is an image or a batch of images, as many `dimensions` as it has.

    Raises:
        InputError: if it is not; the text names what it is.
    """
    expected = " or ".join({3: "(3, H, W)", 4: "(N, 3, H, W)"}[count] for count in dimensions)
    if not isinstance(image, Tensor):
        raise InputError(
            f"an image must be a torch tensor {expected} with values in [0, 1], got {shown(image)}; "
            "qualiclip.pictures.as_image() makes one of a file, picture or array"
        )
    if image.dim() not in dimensions or image.shape[-3] != 3 or 0 in image.shape:
        raise InputError(f"an image must have the shape {expected}, got {tuple(image.shape)}")
    _check_values("image", image)


def as_masks(mask: Tensor | None, images: Tensor) -> Sequence[Tensor | None]:
    """A mask (H, W) for each of a batch of images (N, 3, H, W), or None for each.

    Raises:
        InputError: if it is no such mask, nor (N, H, W).
    """
    count, _, height, width = images.shape
    if mask is None:
        return [None] * count
    if not isinstance(mask, Tensor):
        raise InputError(f"a mask must be a torch tensor {(height, width)} with values in [0, 1], got {shown(mask)}")
    if tuple(mask.shape) not in ((height, width), (count, height, width)):
        raise InputError(f"a mask must have the shape {(height, width)} of the image, got {tuple(mask.shape)}")
    _check_values("mask", mask)
    return mask.to(images.device, torch.float32).expand(count, height, width).unbind()


def as_generators(generator: Generator | Sequence[Generator], count: int) -> Sequence[Generator]:
    """A generator for each of so many images; a single one draws for all of them in turn.

    Raises:
        UsageError: if they are no generators on the CPU, or not one per image.
    """
    each = [generator] * count if isinstance(generator, Generator) else generator
    if not isinstance(each, list | tuple):
        raise UsageError(f"generator must be a torch.Generator, as torch.Generator().manual_seed(0), got {shown(each)}")
    if len(each) != count:
        raise UsageError(f"give one generator, or one for each of the {count} images, got {len(each)}")
    for one in each:
        if not isinstance(one, Generator):
            raise UsageError(f"each generator must be a torch.Generator, got {shown(one)}")
        if one.device.type != "cpu":
            raise UsageError(f"generator must be on the CPU, so that draws are the same everywhere; got {one.device}")
    return each
