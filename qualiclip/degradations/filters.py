"""Convolutions with replicated borders, shared by several degradations. Images are (C, H, W)."""

import math

import torch
from torch import Tensor
from torch.nn import functional

SMALLEST_BLOCK = 32  # below this, more and smaller matrix products cost more than they save


def pad_replicate(image: Tensor, rows: tuple[int, int], columns: tuple[int, int]) -> Tensor:
    """The image with its borders repeated by (above, below) and (left, right) px."""
    return functional.pad(image[None], (*columns, *rows), mode="replicate")[0]


def convolve(image: Tensor, kernel: Tensor) -> Tensor:
    """Each channel filtered by one odd-sided kernel (kh, kw), borders replicated; same shape as the image.

    By way of Fourier transforms, so that the cost does not depend on the size of the kernel. As everywhere in the
    field this is a correlation: the kernel is not turned round. Errs by about 1e-6 of the largest value.
    """
    from scipy.fft import next_fast_len

    height, width = image.shape[-2:]
    down, right = kernel.shape[0] // 2, kernel.shape[1] // 2
    padded = pad_replicate(image, (down, down), (right, right))
    sides = [next_fast_len(side, real=True) for side in padded.shape[-2:]]
    spectrum = torch.fft.rfft2(padded, s=sides)
    spectrum *= torch.fft.rfft2(kernel.to(image).flip(0, 1), s=sides)
    filtered: Tensor = torch.fft.irfft2(spectrum, s=sides)
    return filtered[:, 2 * down : 2 * down + height, 2 * right : 2 * right + width]


def gaussian_weights(sigma: float) -> Tensor:
    """Gaussian of the given sigma [px] at 2·ceil(2·sigma) + 1 taps (KADID's and MATLAB's size), summing to 1."""
    radius = math.ceil(2 * sigma)
    taps = torch.arange(-radius, radius + 1, dtype=torch.float64)
    weights = torch.exp(-0.5 * (taps / sigma) ** 2)
    return (weights / weights.sum()).float()


def band_matrix(weights: Tensor, block: int) -> Tensor:
    """Matrix (block, block + taps - 1) that filters so many neighbouring samples to `block` of them."""
    taps = len(weights)
    rows = functional.pad(weights, (0, block)).repeat(block)  # each row is one longer than those of the result:
    return rows[: block * (block + taps - 1)].view(block, -1)  # so they move to the right one by one


def filter_separably(image: Tensor, weights: Tensor) -> Tensor:
    """Image (C, H, W) filtered down and across by the same odd number of weights, borders replicated.

    Blocks of neighbouring samples are multiplied with a band matrix: several times faster on a processor than a
    convolution layer of one channel, which is made for many. Blocks overlap by the taps, so they grow with them.
    """
    height, width = image.shape[-2:]
    radius = len(weights) // 2
    block = max(SMALLEST_BLOCK, 2 * radius)
    matrix, window = band_matrix(weights.to(image), block), block + 2 * radius
    padded = pad_replicate(image, (radius, radius + -height % block), (0, 0))
    bands = padded.unfold(1, window, block).transpose(2, 3)  # (C, blocks, window, W)
    image = (matrix @ bands).flatten(1, 2)[:, :height]  # (C, H, W)
    padded = pad_replicate(image, (0, 0), (radius, radius + -width % block))
    bands = padded.unfold(2, window, block)  # (C, H, blocks, window)
    return (bands @ matrix.T).flatten(2)[:, :, :width]  # (C, H, W)


def blur_gaussian(image: Tensor, sigma: float) -> Tensor:
    """The image (C, H, W) blurred by a Gaussian of the given sigma [px], as two 1-D filters."""
    return filter_separably(image, gaussian_weights(sigma))
