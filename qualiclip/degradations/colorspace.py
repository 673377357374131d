"""Colour spaces of RGB images (3, H, W): CIE Lab (D65) and YCbCr (BT.601, full range)."""

from collections.abc import Callable

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


def _bent(values: Tensor, *, until: float, slope: float, curve: Callable[[Tensor], Tensor]) -> Tensor:
    """A curve that goes on as a straight line below `until`. It may change its argument.

    Without masks, which cost more than the curves; new memory costs as much, so what is ours is changed in place.
    """
    return curve(values.clamp(min=until)).add_((values - until).clamp_(max=0), alpha=slope)


def _power(values: Tensor, exponent: float) -> Tensor:
    """Positive values to a power. It may change its argument.

    By way of the logarithm: pow() rounds the last few numbers of each thread's share otherwise than the rest, so that
    results would depend on the number of threads. This does not, and takes a third of the time.
    """
    power = values.log_().mul_(exponent).exp_()
    return power.clone() if power.requires_grad else power  # exp() needs its result for the gradient; ours changes it


def rgb_to_lab(image: Tensor) -> Tensor:
    """Lab (3, H, W) of an RGB image: L in [0, 100], a and b about [-128, 127]."""
    linear = _bent(image, until=0.04045, slope=1 / 12.92, curve=lambda v: _power(v.add_(0.055).div_(1.055), 2.4))
    to_xyz = torch.tensor(RGB_TO_XYZ, dtype=torch.float32) / torch.tensor(WHITE, dtype=torch.float32)[:, None]
    xyz = _mix(to_xyz, linear)
    x, y, z = _bent(xyz, until=EPSILON, slope=KAPPA / 116, curve=lambda v: _power(v, 1 / 3))
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def lab_to_rgb(lab: Tensor) -> Tensor:
    """RGB (3, H, W) of a Lab image; colours outside the gamut give values outside [0, 1]."""
    y = (lab[0] + 16) / 116
    roots = torch.stack([y + lab[1] / 500, y, (y - lab[2] / 200).clamp_(min=0)])
    xyz = _bent(roots, until=EPSILON ** (1 / 3), slope=116 / KAPPA, curve=lambda v: v.pow_(3))
    from_xyz = torch.linalg.inv(torch.tensor(RGB_TO_XYZ, dtype=torch.float64))
    linear = _mix(from_xyz * torch.tensor(WHITE, dtype=torch.float32), xyz)
    return _bent(linear, until=0.0031308, slope=12.92, curve=lambda v: _power(v, 1 / 2.4).mul_(1.055).sub_(0.055))


def rgb_to_ycbcr(image: Tensor) -> Tensor:
    """YCbCr (3, H, W) of an RGB image: Y in [0, 1], Cb and Cr in [-0.5, 0.5]."""
    return _mix(torch.tensor(RGB_TO_YCBCR, dtype=torch.float32), image)


def ycbcr_to_rgb(ycbcr: Tensor) -> Tensor:
    """RGB (3, H, W) of a YCbCr image."""
    return _mix(torch.linalg.inv(torch.tensor(RGB_TO_YCBCR, dtype=torch.float64)), ycbcr)
