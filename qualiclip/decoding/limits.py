"""What is refused before it is decoded."""

import math
from dataclasses import dataclass

from qualiclip.errors import InputError, UsageError, digits

# Above 89 megapixels Pillow itself warns, and above twice that it refuses. Its guard is a global; so instead
# of moving it our limit stays below: whatever Pillow complains about, we refuse anyway.
PILLOW_MEGAPIXELS = 89


@dataclass(frozen=True)
class PictureLimits:
    """What is refused before it is decoded.

    Attributes:
        megapixels: Most pixels, in millions; at most 89, where Pillow's own guard begins.
        min_side: Shortest side in pixels; 32 is what a network of stride 32 needs.
        max_aspect: Longest side divided by the shortest.
    """

    megapixels: float = 64.0
    min_side: int = 32
    max_aspect: float = 50.0

    def __post_init__(self) -> None:
        """Refuses limits that make no sense."""
        if not 0 < self.megapixels <= PILLOW_MEGAPIXELS:
            raise UsageError(f"megapixels {self.megapixels}: expected above 0, at most {PILLOW_MEGAPIXELS}")
        if self.min_side < 1:
            raise UsageError(f"min_side {self.min_side}: expected at least 1 pixel")
        if not self.max_aspect >= 1:
            raise UsageError(f"max_aspect {self.max_aspect}: expected at least 1")


DEFAULT_LIMITS = PictureLimits()


def too_many_pixels(name: str, megapixels: str, limits: PictureLimits) -> InputError:
    """An error for a picture of so many megapixels."""
    limit = digits(limits.megapixels)
    return InputError(f"{name}: {megapixels} megapixels, the limit is {limit}; make it smaller first")


def check_size(name: str, width: int, height: int, limits: PictureLimits) -> None:
    """Refuse a picture of a size outside the limits.

    Raises:
        InputError: if it is so.
    """
    short, long = sorted((width, height))
    size = f"{name}: {width}x{height} pixels"
    if short < limits.min_side:
        raise InputError(f"{size}, each side needs at least {limits.min_side}; use a larger picture")
    if long > limits.max_aspect * short:
        raise InputError(f"{size}, more than {digits(limits.max_aspect)} times as long as wide; crop it first")
    if width * height > limits.megapixels * 1e6:
        rounded_up = math.ceil(width * height / 1e5) / 10  # never "64.0 megapixels, the limit is 64"
        raise too_many_pixels(name, f"{rounded_up:.1f}", limits)
