"""Brightness: brighten, darken, mean shift."""

import torch
from torch import Generator, Tensor

from .colorspace import lab_to_rgb, rgb_to_lab
from .curves import apply_curve


def brighten(image: Tensor, amount: float, generator: Generator) -> Tensor:
    """Image with its mid-tones raised to 0.5 + amount/2; two parts RGB curve, one part Lab-lightness curve.

    Source: KADID-10k, type 16, with the curve on RGB in the right channel order.
    """
    knots = ((0.5, 0.5 + amount / 2),)
    lab = rgb_to_lab(image)
    lightness = apply_curve(lab[:1] / 100, knots) * 100
    by_lightness = lab_to_rgb(torch.cat([lightness, lab[1:]])).clamp(0, 1)
    return (2 * apply_curve(image, knots) + by_lightness) / 3


def darken(image: Tensor, amount: float, generator: Generator) -> Tensor:
    """Image with its mid-tones lowered to 0.5 - amount/2. Source: KADID-10k, type 17."""
    return apply_curve(image, ((0.5, 0.5 - amount / 2),))


def draw_sign(generator: Generator) -> float:
    """1.0 or -1.0, with equal chance."""
    return 1.0 if float(torch.rand((), generator=generator, dtype=torch.float32)) < 0.5 else -1.0


def mean_shift(image: Tensor, amount: float, generator: Generator) -> Tensor:
    """Image plus or minus a constant; the sign is drawn. Source: KADID-10k, type 18."""
    return image + draw_sign(generator) * amount
