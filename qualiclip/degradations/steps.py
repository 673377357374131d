"""A chain of chosen degradations on a picture or a part of it, as the studio and the command line name it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from qualiclip.errors import UsageError, digits, look_up

from .degrade import degrade
from .table import DEGRADATIONS, MAX_LEVEL, MAX_SEED


@dataclass(frozen=True)
class Step:
    """One degradation at a level in [0, 5], and the seed of its random parts."""

    name: str
    level: float
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the step.

        Raises:
            UsageError: if the name is unknown, or the level or the seed out of range.
        """
        look_up(DEGRADATIONS, self.name, kind="degradation")
        if not 0 <= self.level <= MAX_LEVEL:
            raise UsageError(f"level of {self.name} must lie in [0, {MAX_LEVEL}], got {digits(self.level)}")
        if not 0 <= self.seed <= MAX_SEED:
            raise UsageError(f"seed of {self.name} must lie in [0, {MAX_SEED}], got {self.seed}")

    def __str__(self) -> str:
        """The step as `parse_step` reads it."""
        return f"{self.name}:{self.level:g}" + (f":{self.seed}" if self.seed else "")


@dataclass(frozen=True)
class Region:
    """A rectangle of a picture by shares of its width and height, from 0 at the left and the top to 1."""

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        """Check the rectangle.

        Raises:
            UsageError: if it is empty or not inside the picture.
        """
        if not (0 <= self.left < self.right <= 1 and 0 <= self.top < self.bottom <= 1):
            raise UsageError(f"region {self}: expected left < right and top < bottom, all in [0, 1]")

    def __str__(self) -> str:
        """The rectangle as `parse_region` reads it."""
        return ",".join(f"{side:g}" for side in (self.left, self.top, self.right, self.bottom))

    def mask(self, height: int, width: int) -> Tensor:
        """Mask (H, W): 1 inside the rectangle, rounded to whole pixels but never empty, 0 outside."""
        mask = torch.zeros(height, width)
        mask[_span(self.top, self.bottom, height), _span(self.left, self.right, width)] = 1
        return mask


def _span(start: float, stop: float, side: int) -> slice:
    first = min(math.floor(start * side + 0.5), side - 1)
    return slice(first, max(math.floor(stop * side + 0.5), first + 1))


def parse_step(text: str) -> Step:
    """A step written as "name:level" or "name:level:seed".

    Raises:
        UsageError: if it is not, or the step does not exist.
    """
    name, *numbers = text.split(":")
    try:
        level, seed = (*numbers, "0")[:2]
        if len(numbers) > 2:
            raise ValueError
        return Step(name, float(level), int(seed))
    except ValueError:
        raise UsageError(f"degradation {text!r}: expected name:level or name:level:seed, as jpeg:2.5") from None


def parse_region(text: str) -> Region:
    """A rectangle written as "left,top,right,bottom", shares of width and height.

    Raises:
        UsageError: if it is not, or is empty or not inside the picture.
    """
    try:
        left, top, right, bottom = map(float, text.split(","))
    except ValueError:
        raise UsageError(f"region {text!r}: expected left,top,right,bottom from 0 to 1, as 0,0,0.5,0.5") from None
    return Region(left, top, right, bottom)


def apply_steps(image: Tensor, steps: Sequence[Step], *, region: Region | None = None) -> Tensor:
    """An image (3, H, W) in [0, 1] after the steps, in their order, all in the whole picture or in one region of it.

    Raises:
        InputError: if the image is not such a tensor.
    """
    mask = region.mask(*image.shape[-2:]) if region else None
    for step in steps:
        generator = torch.Generator().manual_seed(step.seed)
        image = degrade(image, step.name, level=step.level, generator=generator, mask=mask)
    return image
