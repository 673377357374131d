"""A chain of chosen degradations on a picture or a part of it, as the studio and the command line name it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from qualiclip.ambient import undisturbed
from qualiclip.checks import check_number, check_several, check_whole
from qualiclip.errors import UsageError, look_up, shown

from .arguments import check_image
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
            UsageError: if the name is unknown, or the level or the seed no number or out of range.
        """
        look_up(DEGRADATIONS, self.name, kind="degradation")
        object.__setattr__(self, "level", check_number(f"level of {self.name}", self.level, 0, MAX_LEVEL))
        object.__setattr__(self, "seed", check_whole(f"seed of {self.name}", self.seed, 0, MAX_SEED))

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
            UsageError: if a side is no number, or the rectangle empty or not inside the picture.
        """
        for field in fields(self):
            side = check_number(f"{field.name} of a region", getattr(self, field.name), 0, 1)
            object.__setattr__(self, field.name, side)
        if not (self.left < self.right and self.top < self.bottom):
            sides = f"{self.left},{self.top},{self.right},{self.bottom}"
            raise UsageError(f"region {sides}: expected left < right and top < bottom, all in [0, 1]")

    def __str__(self) -> str:
        """The rectangle as `parse_region` reads it."""
        return ",".join(f"{side:g}" for side in (self.left, self.top, self.right, self.bottom))

    def mask(self, height: int, width: int) -> Tensor:
        """Mask (H, W): 1 inside the rectangle, rounded to whole pixels but never empty, 0 outside."""
        mask = torch.zeros(height, width, dtype=torch.float32, device="cpu")
        mask[_span(self.top, self.bottom, height), _span(self.left, self.right, width)] = 1
        return mask


def _span(start: float, stop: float, side: int) -> slice:
    first = min(math.floor(start * side + 0.5), side - 1)
    return slice(first, max(math.floor(stop * side + 0.5), first + 1))


def _text(what: str, text: str) -> str:
    if not isinstance(text, str):
        raise UsageError(f"{what} to be read must be a text, got {shown(text)}")
    return text


def parse_step(text: str) -> Step:
    """A step written as "name:level" or "name:level:seed".

    Raises:
        UsageError: if it is not, or the step does not exist.
    """
    name, *numbers = _text("a degradation", text).split(":")
    try:
        level, seed = (*numbers, "0")[:2]
        if len(numbers) > 2:
            raise ValueError
        return Step(name, float(level), int(seed))
    except ValueError:
        raise UsageError(f"degradation {shown(text)}: expected name:level or name:level:seed, as jpeg:2.5") from None


def parse_region(text: str) -> Region:
    """A rectangle written as "left,top,right,bottom", shares of width and height.

    Raises:
        UsageError: if it is not, or is empty or not inside the picture.
    """
    try:
        left, top, right, bottom = map(float, _text("a region", text).split(","))
    except ValueError:
        raise UsageError(f"region {shown(text)}: expected left,top,right,bottom from 0 to 1, as 0,0,0.5,0.5") from None
    return Region(left, top, right, bottom)


@undisturbed()
def apply_steps(image: Tensor, steps: Sequence[Step], *, region: Region | None = None) -> Tensor:
    """An image (3, H, W) in [0, 1] after the steps, in their order, all in the whole picture or in one region of it.

    Raises:
        InputError: if the image is not such a tensor.
        UsageError: if the steps are not a list of steps, or the region is none.
    """
    check_several("steps", steps)
    check_image(image)
    if region is not None and not isinstance(region, Region):
        raise UsageError(f"region must be a Region, got {shown(region)}; parse_region() reads a text")
    mask = region.mask(*image.shape[-2:]) if region else None
    for step in steps:
        if not isinstance(step, Step):
            raise UsageError(f"each step must be a Step, got {shown(step)}; parse_step() reads a text")
        generator = torch.Generator().manual_seed(step.seed)
        image = degrade(image, step.name, level=step.level, generator=generator, mask=mask)
    return image
