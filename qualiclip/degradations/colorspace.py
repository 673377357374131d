"""Colour spaces of RGB images (3, H, W): CIE Lab (D65) and YCbCr (BT.601, full range)."""

import torch
from torch import Tensor

# sRGB primaries, D65 white point (IEC 61966-2-1); rows give X, Y, Z.
RGB_TO_XYZ = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))
WHITE = (0.95047, 1.0, 1.08883)
RGB_TO_YCBCR = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
EPSILON = 216 / 24389  # where CIE's cube root turns into a straight line
KAPPA = 24389 / 27


def _mix(matrix: Tensor, image: Tensor) -> Tensor:
    return torch.einsum("rc,chw->rhw", matrix.to(image), image)


def rgb_to_lab(image: Tensor) -> Tensor:
    """Lab (3, H, W) of an RGB image: L in [0, 100], a and b about [-128, 127]."""
    linear = torch.where(image > 0.04045, ((image + 0.055) / 1.055).clamp(min=0) ** 2.4, image / 12.92)
    xyz = _mix(torch.tensor(RGB_TO_XYZ), linear) / torch.tensor(WHITE).to(image)[:, None, None]
    x, y, z = torch.where(xyz > EPSILON, xyz.clamp(min=EPSILON) ** (1 / 3), (KAPPA * xyz + 16) / 116)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def lab_to_rgb(lab: Tensor) -> Tensor:
    """RGB (3, H, W) of a Lab image; colours outside the gamut give values outside [0, 1]."""
    y = (lab[0] + 16) / 116
    roots = torch.stack([y + lab[1] / 500, y, (y - lab[2] / 200).clamp(min=0)])
    xyz = torch.where(roots**3 > EPSILON, roots**3, (116 * roots - 16) / KAPPA)
    xyz = xyz * torch.tensor(WHITE).to(lab)[:, None, None]
    linear = _mix(torch.linalg.inv(torch.tensor(RGB_TO_XYZ, dtype=torch.float64)), xyz)
    return torch.where(linear > 0.0031308, 1.055 * linear.clamp(min=0) ** (1 / 2.4) - 0.055, 12.92 * linear)


def rgb_to_ycbcr(image: Tensor) -> Tensor:
    """YCbCr (3, H, W) of an RGB image: Y in [0, 1], Cb and Cr in [-0.5, 0.5]."""
    return _mix(torch.tensor(RGB_TO_YCBCR), image)


def ycbcr_to_rgb(ycbcr: Tensor) -> Tensor:
    """RGB (3, H, W) of a YCbCr image."""
    return _mix(torch.linalg.inv(torch.tensor(RGB_TO_YCBCR, dtype=torch.float64)), ycbcr)
