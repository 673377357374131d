"""Noise: white in RGB and in YCbCr, impulse, multiplicative.

A field is drawn in the image's shape and then scaled, so the same seed gives the same noise, stronger.
"""

import math

import torch
from torch import Generator, Tensor

from .colorspace import rgb_to_ycbcr, ycbcr_to_rgb


def _normal_like(image: Tensor, generator: Generator) -> Tensor:
    drawn = torch.randn(image.shape, generator=generator, dtype=torch.float32)  # on the CPU: same on every device
    return drawn.to(image)


def white_noise(image: Tensor, variance: float, generator: Generator) -> Tensor:
    """Image plus Gaussian noise of the given variance in each RGB sample. Source: KADID-10k, type 11."""
    return image + math.sqrt(variance) * _normal_like(image, generator)


def white_noise_ycbcr(image: Tensor, variance: float, generator: Generator) -> Tensor:
    """Image plus Gaussian noise of the given variance in each YCbCr sample. Source: KADID-10k, type 12."""
    return ycbcr_to_rgb(rgb_to_ycbcr(image) + math.sqrt(variance) * _normal_like(image, generator))


def impulse_noise(image: Tensor, fraction: float, generator: Generator) -> Tensor:
    """Image in which a fraction of the samples is 0 or 1, half each. Source: KADID-10k, type 13."""
    draw = torch.rand(image.shape, generator=generator, dtype=torch.float32).to(image.device)
    pepper, salt = draw < fraction / 2, draw >= 1 - fraction / 2
    return image.masked_fill(pepper, 0).masked_fill(salt, 1)


def multiplicative_noise(image: Tensor, variance: float, generator: Generator) -> Tensor:
    """Image plus itself times Gaussian noise of the given variance (speckle). Source: KADID-10k, type 14.

    Gaussian as in ARNIQA's port; MATLAB's speckle is uniform with the same variance.
    """
    return image + image * math.sqrt(variance) * _normal_like(image, generator)
