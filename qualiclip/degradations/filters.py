"""Convolutions with replicated borders, shared by several degradations. Images are (C, H, W)."""

import math

import torch
from torch import Tensor
from torch.nn import functional


def pad_replicate(image: Tensor, rows: int, columns: int) -> Tensor:
    """The image with its borders repeated `rows` px above and below and `columns` px left and right."""
    return functional.pad(image[None], (columns, columns, rows, rows), mode="replicate")[0]


def convolve(image: Tensor, kernel: Tensor) -> Tensor:
    """Each channel filtered by one odd-sided kernel (kh, kw), borders replicated; same shape as the image."""
    kernel = kernel.to(image)
    padded = pad_replicate(image, kernel.shape[0] // 2, kernel.shape[1] // 2)
    return functional.conv2d(padded[:, None], kernel[None, None])[:, 0]  # (C, H, W)


def gaussian_weights(sigma: float) -> Tensor:
    """Gaussian of the given sigma [px] at 2·ceil(2·sigma) + 1 taps (KADID's and MATLAB's size), summing to 1."""
    radius = math.ceil(2 * sigma)
    taps = torch.arange(-radius, radius + 1, dtype=torch.float64)
    weights = torch.exp(-0.5 * (taps / sigma) ** 2)
    return (weights / weights.sum()).float()


def blur_gaussian(image: Tensor, sigma: float) -> Tensor:
    """The image (C, H, W) blurred by a Gaussian of the given sigma [px], as two 1-D filters."""
    weights = gaussian_weights(sigma)
    return convolve(convolve(image, weights[:, None]), weights[None, :])
