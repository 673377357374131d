"""Sharpness and contrast: over-sharpening, linear and non-linear contrast change."""

import torch
from torch import Generator, Tensor

from .brightness import draw_sign
from .colorspace import lab_to_rgb, rgb_to_lab
from .curves import apply_curve
from .filters import blur_gaussian

IDENTITY_AMOUNT = -0.2  # KADID's contrast curve at this amount is the straight line


def high_sharpen(image: Tensor, amount: float, generator: Generator) -> Tensor:
    """Image after an unsharp mask of sigma 3 px on the Lab lightness. Source: KADID-10k, type 24.

    ARNIQA's port uses sigma 6, the half-width of the filter.
    """
    lab = rgb_to_lab(image)
    sharpened = lab[:1] + amount * (lab[:1] - blur_gaussian(lab[:1], 3))
    return lab_to_rgb(torch.cat([sharpened.clamp(0, 100), lab[1:]]))


def bend_contrast(image: Tensor, amount: float) -> Tensor:
    """Image mapped by the spline through (.3, .25 - amount/4), (.5, .5) and (.7, .75 + amount/4)."""
    return apply_curve(image, ((0.3, 0.25 - amount / 4), (0.5, 0.5), (0.7, 0.75 + amount / 4)))


def linear_contrast_change(image: Tensor, amount: float, generator: Generator) -> Tensor:
    """Image with more or less contrast, `amount` away from no change; the sign is drawn.

    Source: KADID-10k, type 25. The published amounts count from elsewhere: theirs is ours - 0.2.
    """
    return bend_contrast(image, IDENTITY_AMOUNT + draw_sign(generator) * amount)


def nonlinear_contrast_change(image: Tensor, half_range: float, generator: Generator) -> Tensor:
    """Image squeezed into 0.5 ± half_range; 0.5 is the identity.

    Source: ARNIQA, whose name we keep although the mapping is linear.
    """
    return 0.5 + 2 * half_range * (image - 0.5)
