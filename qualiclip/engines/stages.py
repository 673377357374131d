"""The steps from an image to its feature map."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

Step = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Stages:
    """The steps from an image (N, 3, H, W) to the feature map (N, C, h, w), in float32.

    `whole` does it at once; `lower` ends at stride 16, after layer 3, and `upper` goes on from there: for pictures
    too large to be done at once.
    """

    whole: Step
    lower: Step
    upper: Step
